// What a host's author gets, with real libraries: the scripted plugin, and some that are not quite plugins.
#include <gmock/gmock.h>

#include <poll.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <stepop/host.hpp>

namespace stepop::host {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

static_assert(std::random_access_iterator<EventBatch::iterator>);
static_assert(std::forward_iterator<LogBatch::iterator>);
static_assert(!std::is_copy_constructible_v<EventBatch> && std::is_nothrow_move_constructible_v<EventBatch>);

const fs::path scripted = SCRIPTED_PLUGIN;
const fs::path odd_directory = ODD_PLUGINS;

fs::path odd(const std::string& name) {
  return odd_directory / ("libodd_" + name + ".so");
}

// A directory of the test's own.
class PluginDirectories : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "stepop-plugins-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }
  void add(const fs::path& library, const std::string& name) { fs::copy_file(library, directory_ / name); }
  void write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }
  Problem only_problem() {
    const PluginDirectory found = PluginDirectory::load({directory_});
    EXPECT_EQ(found.plugins().size(), 0U);
    EXPECT_EQ(found.problems().size(), 1U);
    return found.problems().empty() ? Problem{} : found.problems().front();
  }
  fs::path directory_;
};

template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(STEPOP_OK, "");
}

TEST_F(PluginDirectories, GiveTheirPlugins) {
  add(scripted, "libscripted.so");
  const PluginDirectory found = PluginDirectory::load({directory_});
  ASSERT_EQ(found.plugins().size(), 1U);
  const Plugin& plugin = found.plugins().front();
  EXPECT_EQ(plugin.name(), "stepop_scripted");
  EXPECT_EQ(plugin.version(), "1.2.3");
  EXPECT_EQ(plugin.abi_version(), STEPOP_ABI_VERSION);
  EXPECT_EQ(plugin.file(), directory_ / "libscripted.so");
  EXPECT_THAT(plugin.flavors(), ElementsAre("scripted"));
  EXPECT_EQ(plugin.flavor("scripted")->at("description"), "does as it is told");
  EXPECT_EQ(plugin.flavor("other"), nullptr);
  EXPECT_EQ(*static_cast<const int*>(plugin.extension("stepop.metrics/1")), 42);
  EXPECT_EQ(found.find("scripted").file(), plugin.file());
  EXPECT_TRUE(found.problems().empty());
}

TEST_F(PluginDirectories, PassOverWhatIsNoLibraryByName) {
  write("README.md", "text");
  fs::create_directory(directory_ / "more");
  add(scripted, "libscripted.so");
  EXPECT_TRUE(PluginDirectory::load({directory_}).problems().empty());
}

TEST_F(PluginDirectories, LoadAFileOnceThatIsReachedTwice) {
  add(scripted, "libscripted.so");
  fs::create_symlink("libscripted.so", directory_ / "libsame.so");
  EXPECT_EQ(PluginDirectory::load({directory_, directory_ / "."}).plugins().size(), 1U);
}

TEST_F(PluginDirectories, SayThatAFileIsNoLibrary) {
  write("libtext.so", "#!/bin/sh\n");
  const Problem problem = only_problem();
  EXPECT_EQ(problem.kind, Problem::Kind::not_a_library);
  EXPECT_THAT(problem.text(), HasSubstr("libtext.so: is no shared library"));
}

TEST_F(PluginDirectories, SayThatALibraryIsEmpty) {
  write("libempty.so", "");
  EXPECT_EQ(only_problem().kind, Problem::Kind::not_a_library);
}

TEST_F(PluginDirectories, SayThatALibraryIsCutOff) {
  std::ifstream whole(scripted, std::ios::binary);
  std::string beginning(5000, '\0');
  whole.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  write("libcut.so", beginning);
  const Problem problem = only_problem();
  EXPECT_EQ(problem.kind, Problem::Kind::not_a_library);
  EXPECT_EQ(problem.why, "is cut off");
}

TEST_F(PluginDirectories, SayWhatTheLoaderMissesForALibrary) {
  add(odd("unloadable"), "libodd.so");
  const Problem problem = only_problem();
  EXPECT_EQ(problem.kind, Problem::Kind::unloadable);
  EXPECT_THAT(problem.why, HasSubstr("a_function_that_nobody_has"));
}

TEST_F(PluginDirectories, SayThatALibraryIsForAnotherMachine) {
  fs::copy_file(scripted, directory_ / "libother.so");
  std::fstream library(directory_ / "libother.so", std::ios::in | std::ios::out | std::ios::binary);
  library.seekp(18);  // e_machine of elf(5)
  library.write("\x08\x00", 2);
  library.close();
  EXPECT_THAT(only_problem().why, HasSubstr("another kind of machine"));
}

TEST_F(PluginDirectories, SayThatALibraryIsNoPlugin) {
  add(odd("no_entry"), "libother.so");
  const Problem problem = only_problem();
  EXPECT_EQ(problem.kind, Problem::Kind::no_entry);
  EXPECT_THAT(problem.why, HasSubstr("stepop_plugin_entry"));
}

TEST_F(PluginDirectories, SayForWhichAbiAPluginWasBuilt) {
  add(odd("other_abi"), "libodd.so");
  const Problem problem = only_problem();
  EXPECT_EQ(problem.kind, Problem::Kind::other_abi);
  EXPECT_THAT(problem.why, HasSubstr("ABI 7.0, this host for 0.1"));
}

TEST_F(PluginDirectories, SayThatAPluginRefusesOurAbi) {
  add(odd("refuses"), "libodd.so");
  EXPECT_EQ(only_problem().kind, Problem::Kind::other_abi);
}

TEST_F(PluginDirectories, SayThatAPluginIsIncomplete) {
  add(odd("incomplete"), "libodd.so");
  EXPECT_EQ(only_problem().kind, Problem::Kind::incomplete);
}

TEST_F(PluginDirectories, SayThatAPluginDoesNotDescribeItself) {
  add(odd("bad_description"), "libodd.so");
  EXPECT_EQ(only_problem().kind, Problem::Kind::bad_description);
}

TEST_F(PluginDirectories, SayThatTheyAreNotThere) {
  const PluginDirectory found = PluginDirectory::load({directory_ / "none"});
  ASSERT_EQ(found.problems().size(), 1U);
  EXPECT_EQ(found.problems().front().kind, Problem::Kind::unreadable);
}

TEST_F(PluginDirectories, NameBothPluginsOfOneFlavor) {
  add(scripted, "liba.so");
  add(odd("minimal"), "libb.so");
  const PluginDirectory found = PluginDirectory::load({directory_});
  const Error error = error_of([&] { found.find("scripted"); });
  EXPECT_EQ(error.code(), STEPOP_E_CONFLICT);
  EXPECT_THAT(error.what(), HasSubstr("liba.so"));
  EXPECT_THAT(error.what(), HasSubstr("libb.so"));
  EXPECT_EQ(found.find("minimal").name(), "odd");
  EXPECT_THAT(found.flavors(), ElementsAre("minimal", "scripted"));
}

TEST_F(PluginDirectories, NameTheNearestFlavorAndWhatWasNotLoaded) {
  add(scripted, "liba.so");
  write("libtext.so", "text");
  const Error error = error_of([&] { PluginDirectory::load({directory_}).find("scriptd"); });
  EXPECT_EQ(error.code(), STEPOP_E_NOT_FOUND);
  EXPECT_THAT(error.what(), HasSubstr("did you mean \"scripted\"?"));
  EXPECT_THAT(error.what(), HasSubstr("libtext.so"));
}

Operator open_scripted(const json::object& config = {}) {
  return Plugin::load(scripted).open("scripted", config);
}

bool mapped(const fs::path& library) {
  std::ifstream maps("/proc/self/maps");
  const std::string text(std::istreambuf_iterator<char>(maps), {});
  return text.find(fs::canonical(library).string()) != std::string::npos;
}

TEST(HostOperator, KeepsItsPluginLoadedAndLetsItGoAtTheEnd) {
  {
    const Operator op = open_scripted();
    EXPECT_TRUE(mapped(scripted));
    op.submit(json::object{{"step_run_id", "a"}});
  }
  EXPECT_FALSE(mapped(scripted));
}

TEST(HostOperator, LeavesItsEventsReadableAfterIt) {
  std::optional<EventBatch> batch;
  {
    const Operator op = open_scripted();
    op.submit(json::object{{"step_run_id", "a"}});
    batch = op.next_events();
  }
  EXPECT_EQ(batch->front().step_run_id(), "a");
  batch.reset();
  EXPECT_FALSE(mapped(scripted));
}

TEST(HostOperator, GivesTypedEvents) {
  const Operator op = open_scripted();
  op.submit(R"({"step_run_id":"a","states":[[5,3,{"reason":"OutOfMemory"}]]})");
  op.submit(json::object{{"step_run_id", "b"}});
  pollfd queue{op.event_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&queue, 1, 0), 1);
  const auto batch = op.next_events();
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->size(), 2U);
  EXPECT_EQ(batch->dropped(), 0U);
  std::vector<std::string> ids;
  for (const Event event : *batch) ids.emplace_back(event.step_run_id());
  EXPECT_THAT(ids, ElementsAre("a", "b"));
  const Event event = (*batch)[0];
  EXPECT_EQ(event.kind(), EventKind::state);
  EXPECT_EQ(event.state(), State::failed);
  EXPECT_TRUE(event.terminal());
  EXPECT_EQ(event.attempt(), 3U);
  EXPECT_GT(event.sequence(), 0U);
  EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - event.time()), 1h);
  EXPECT_EQ(event.detail(), R"({"reason":"OutOfMemory"})");
  EXPECT_EQ(event.parse_detail().at("reason"), "OutOfMemory");
  EXPECT_FALSE((*batch)[1].terminal());
  EXPECT_FALSE(op.next_events());
  EXPECT_FALSE(op.next_events(1, 1ms));
}

TEST(HostOperator, ThrowsWhatAPluginReports) {
  const Operator op = open_scripted();
  const Error error = error_of([&] { op.submit(R"({"step_run_id":"a","throw":"error"})"); });
  EXPECT_EQ(error.code(), STEPOP_E_INVALID);
  EXPECT_EQ(error.code_name(), "INVALID");
  ASSERT_EQ(error.findings().size(), 2U);
  EXPECT_EQ(error.findings()[0].code, "UnknownKey");
  EXPECT_EQ(error.findings()[0].text(), "a.b: there is no such key (did you mean \"c\"?)");
  EXPECT_FALSE(error.findings()[0].retryable);
  EXPECT_TRUE(error.findings()[1].retryable);
  EXPECT_THAT(error.text(), HasSubstr("d: expected a string"));
}

TEST(HostOperator, AnswersStatusAndWait) {
  const Operator op = open_scripted();
  EXPECT_FALSE(op.status("a"));
  EXPECT_EQ(error_of([&] { op.wait("a", 0ms); }).code(), STEPOP_E_NOT_FOUND);
  op.submit(json::object{{"step_run_id", "a"}});
  EXPECT_EQ(op.status("a")->front().state(), State::accepted);
  EXPECT_FALSE(op.wait("a", 1ms));
  op.cancel("a", 5ms);
  EXPECT_EQ(op.wait("a")->front().parse_detail().at("grace"), 5);
}

TEST(HostOperator, ReadsChecks) {
  const Operator op = open_scripted();
  const std::vector<Finding> findings = op.check(1s);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].level, Finding::Level::ok);
  EXPECT_EQ(findings[0].message, "operator");
  EXPECT_EQ(findings[1].level, Finding::Level::warning);
  EXPECT_EQ(findings[1].hint, "ask for more");
  EXPECT_EQ(op.check(json::object{}, 1s)[0].message, "request");
}

TEST(HostOperator, ReadsALogToItsEnd) {
  const Operator op = open_scripted();
  op.submit(R"({"step_run_id":"a","log":["one","two"],"log_end":true})");
  op.next_events();
  const LogStream logs = op.open_logs("a", {.since = Time(1us), .tail_lines = 3});
  const auto ready = op.next_events();
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->front().kind(), EventKind::log_ready);
  EXPECT_EQ(ready->front().ticket(), logs.ticket());
  const LogRead read = logs.read();
  ASSERT_EQ(read.status, LogRead::Status::records);
  ASSERT_EQ(read.batch.size(), 3U);
  EXPECT_EQ(read.batch[1].data(), "two");
  EXPECT_EQ(read.batch[1].time(), Time(5us));
  EXPECT_EQ(read.batch[2].kind(), LogKind::end);
  EXPECT_EQ(read.batch[2].time(), std::nullopt);
  EXPECT_EQ(logs.read().status, LogRead::Status::ended);
}

TEST(HostOperator, SaysThatALogHasNothingNow) {
  const Operator op = open_scripted();
  op.submit(json::object{{"step_run_id", "a"}});
  EXPECT_EQ(op.open_logs("a").read().status, LogRead::Status::would_block);
}

TEST(HostOperator, LivesAsLongAsItsLogs) {
  std::optional<LogStream> logs;
  {
    const Operator op = open_scripted();
    op.submit(json::object{{"step_run_id", "a"}, {"log", {"x"}}});
    logs = op.open_logs("a");
  }
  EXPECT_EQ(logs->read().status, LogRead::Status::ended) << "it is shut down";
  EXPECT_TRUE(mapped(scripted));
  logs.reset();
  EXPECT_FALSE(mapped(scripted));
}

TEST(HostOperator, AttachesAndForgets) {
  const Operator op = open_scripted();
  const std::uint64_t ticket = op.attach({{"labels", {{"a", "b"}}}}, Operator::Own::observe);
  EXPECT_EQ(op.next_events()->front().ticket(), ticket);
  op.submit(json::object{{"step_run_id", "a"}}, IfAbsent::report_lost);
  op.forget("a", {{"cleanup", "always"}});
  const auto batch = op.next_events();
  EXPECT_EQ(batch->front().state(), State::lost);
  EXPECT_EQ((*batch)[1].kind(), EventKind::forgotten);
  EXPECT_EQ((*batch)[1].parse_detail().at("deleted"), true);
}

TEST(HostOperator, IsClosedAfterShutdown) {
  const Operator op = open_scripted();
  op.submit(json::object{{"step_run_id", "a"}});
  op.shutdown(1s);
  op.shutdown(1s);
  EXPECT_TRUE(op.next_events());
  EXPECT_EQ(error_of([&] { op.next_events(1, forever); }).code(), STEPOP_E_CLOSED);
  EXPECT_EQ(error_of([&] { op.submit("{}"); }).code(), STEPOP_E_CLOSED);
}

TEST(HostOperator, WakesAThreadThatWaitsWhenItIsShutDown) {
  const Operator op = open_scripted();
  stepop_code code = STEPOP_OK;
  std::thread consumer([&] { code = error_of([&] { op.next_events(1, forever); }).code(); });
  op.shutdown(1s);
  consumer.join();
  EXPECT_EQ(code, STEPOP_E_CLOSED);
}

TEST(HostOperator, SaysWhatAPluginDoesNotHave) {
  const Operator op = Plugin::load(odd("minimal")).open("minimal", "{}");
  const Error error = error_of([&] { op.submit("{}"); });
  EXPECT_EQ(error.code(), STEPOP_E_UNSUPPORTED);
  EXPECT_THAT(error.what(), HasSubstr("submit"));
  EXPECT_EQ(error_of([&] { op.event_fd(); }).code(), STEPOP_E_UNSUPPORTED);
  EXPECT_EQ(Plugin::load(odd("minimal")).extension("x"), nullptr);
}

TEST(HostOperator, ReportsACodeThatItDoesNotKnow) {
  const Error error = error_of([] { Plugin::load(odd("minimal")).open("scripted", "{}"); });
  EXPECT_EQ(error.code(), 77);
  EXPECT_EQ(error.code_name(), "UNKNOWN");
  EXPECT_THAT(error.what(), HasSubstr("open failed"));
}

TEST(HostOperator, ReadsNoMemberThatAnOlderPluginDoesNotHave) {
  const Operator op = Plugin::load(odd("minimal")).open("minimal", "{}");
  const auto batch = op.next_events();
  ASSERT_EQ(batch->size(), 2U);
  const Event second = (*batch)[1];
  EXPECT_EQ(second.sequence(), 6U) << "the stride is the plugin's";
  EXPECT_EQ(static_cast<std::uint32_t>(second.kind()), 999U);
  EXPECT_EQ(name(second.kind()), "unknown");
  EXPECT_EQ(second.step_run_id(), "");
  EXPECT_EQ(second.detail(), "");
  EXPECT_TRUE(second.parse_detail().empty());
  EXPECT_EQ(batch->dropped(), 0U);
}

}  // namespace
}  // namespace stepop::host
