// What a plugin's author gets: the C ABI, called as a host does.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "scripted_operator.hpp"

namespace stepop::test {
namespace {

using testing::HasSubstr;
namespace json = boost::json;

const stepop_plugin& plugin() {
  return *plugin::entry(STEPOP_ABI_VERSION, scripted_description);
}

// The code of a call, and what its error says.
struct Outcome {
  stepop_code code = STEPOP_OK;
  std::string message;
  json::array findings;
};

template <class Call>
Outcome outcome(Call&& call) {
  stepop_error* error = nullptr;
  Outcome out;
  out.code = call(&error);
  if (error != nullptr) {
    EXPECT_EQ(error->code, out.code);
    EXPECT_EQ(error->object.struct_size, sizeof(stepop_error));
    EXPECT_EQ(error->message_size, std::strlen(error->message));
    out.message = error->message;
    out.findings = json::parse(error->findings).as_array();
    plugin().release(error);
  }
  return out;
}

class PluginAbi : public testing::Test {
 protected:
  void SetUp() override {
    if (op_ == nullptr) open("{}");
  }
  void TearDown() override { plugin().destroy(op_); }

  void open(const char* config) {
    plugin().destroy(op_);
    ASSERT_EQ(plugin().open("scripted", config, &op_, nullptr), STEPOP_OK);
  }
  Outcome submit(const std::string& request, std::uint32_t if_absent = STEPOP_IF_ABSENT_CREATE) {
    return outcome([&](stepop_error** error) { return plugin().submit(op_, request.c_str(), if_absent, error); });
  }
  // "kind:state:id" of what next_events gives.
  std::vector<std::string> events() {
    std::vector<std::string> out;
    stepop_batch* batch = nullptr;
    while (plugin().next_events(op_, 100, 0, &batch, nullptr) == STEPOP_OK) {
      for (std::uint32_t i = 0; i < batch->count; ++i)
        out.push_back(std::to_string(batch->events[i].kind) + ":" + std::to_string(batch->events[i].state) + ":" +
                      batch->events[i].step_run_id);
      plugin().release(batch);
    }
    return out;
  }

  stepop_operator* op_ = nullptr;
};

constexpr const char* ended_step = R"({"step_run_id":"a","states":[[4,0,{"result":1}]]})";

TEST(PluginEntry, GoesOnlyWithItsOwnMinorVersionWhileTheMajorIsZero) {
  EXPECT_NE(plugin::entry(STEPOP_ABI_VERSION, scripted_description), nullptr);
  EXPECT_EQ(plugin::entry(STEPOP_ABI_VERSION + 1, scripted_description), nullptr);
  EXPECT_EQ(plugin::entry(1 << 16, scripted_description), nullptr);
}

TEST(PluginEntry, FillsEverySlot) {
  const stepop_plugin& p = plugin();
  EXPECT_EQ(p.struct_size, sizeof(stepop_plugin));
  EXPECT_EQ(p.abi_version, STEPOP_ABI_VERSION);
  EXPECT_STREQ(p.name, "stepop_scripted");
  EXPECT_STREQ(p.version, "1.2.3");
  const auto* slots = reinterpret_cast<void* const*>(&p.describe);
  for (const auto* slot = slots; slot != reinterpret_cast<void* const*>(&p + 1); ++slot) EXPECT_NE(*slot, nullptr);
}

TEST(PluginEntry, DescribesItsFlavors) {
  stepop_text* text = nullptr;
  ASSERT_EQ(plugin().describe(&text, nullptr), STEPOP_OK);
  EXPECT_EQ(text->size, std::strlen(text->data));
  const json::value description = json::parse(text->data);
  plugin().release(text);
  EXPECT_EQ(description.at("abi"), "0.1");
  EXPECT_EQ(description.at("extensions"), (json::array{"stepop.metrics/1", "stepop.render/1"}));
  EXPECT_EQ(description.at("flavors").at(0).at("name"), "scripted");
  EXPECT_EQ(description.at("flavors").at(0).at("reasons"), json::array{"Told"});
}

TEST(PluginEntry, HandsOutItsExtensionsByName) {
  const void* extension = plugin().get_extension("stepop.metrics/1");
  ASSERT_NE(extension, nullptr);
  EXPECT_EQ(*static_cast<const int*>(extension), 42);
  EXPECT_EQ(plugin().get_extension("stepop.metrics/2"), nullptr);
  EXPECT_EQ(plugin().get_extension(nullptr), nullptr);
}

TEST(PluginOpen, NamesTheFlavorThatWasMeant) {
  stepop_operator* op = reinterpret_cast<stepop_operator*>(1);
  const Outcome out = outcome([&](stepop_error** error) { return plugin().open("scriptd", "{}", &op, error); });
  EXPECT_EQ(out.code, STEPOP_E_NOT_FOUND);
  EXPECT_EQ(op, nullptr);
  EXPECT_EQ(out.findings.at(0).at("hint"), "did you mean \"scripted\"?");
}

TEST(PluginOpen, ReportsEveryMistakeOfAConfig) {
  stepop_operator* op = nullptr;
  const Outcome out =
      outcome([&](stepop_error** error) { return plugin().open("scripted", R"({"open":"throw"})", &op, error); });
  EXPECT_EQ(out.code, STEPOP_E_INVALID);
  EXPECT_EQ(out.findings.size(), 2U);
  EXPECT_EQ(out.findings.at(0).at("path"), "a.b");
  EXPECT_EQ(out.findings.at(1).at("retryable"), true);
  EXPECT_THAT(out.message, HasSubstr("a.b: there is no such key"));
  EXPECT_THAT(out.message, HasSubstr("1 more mistake"));
}

TEST(PluginOpen, RefusesAConfigThatIsNoJson) {
  stepop_operator* op = nullptr;
  const Outcome out = outcome([&](stepop_error** error) { return plugin().open("scripted", "{", &op, error); });
  EXPECT_EQ(out.code, STEPOP_E_INVALID);
  EXPECT_EQ(out.findings.at(0).at("path"), "line 1, column 2");
}

TEST(PluginOpen, SurvivesAnAuthorWhoOpensNothing) {
  stepop_operator* op = nullptr;
  EXPECT_EQ(plugin().open("scripted", R"({"open":"null"})", &op, nullptr), STEPOP_E_INTERNAL);
  EXPECT_EQ(op, nullptr);
}

TEST_F(PluginAbi, RefusesNullArguments) {
  stepop_batch* batch = nullptr;
  EXPECT_EQ(plugin().describe(nullptr, nullptr), STEPOP_E_INVALID);
  stepop_operator* other = nullptr;
  EXPECT_EQ(plugin().open(nullptr, "{}", &other, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().open("scripted", nullptr, &other, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().open("scripted", "{}", nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().submit(nullptr, "{}", 0, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().submit(op_, nullptr, 0, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().status(op_, nullptr, &batch, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().status(op_, "a", nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().wait(op_, "a", 0, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().next_events(op_, 1, 0, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().event_fd(op_, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().cancel(op_, nullptr, 0, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().attach(op_, nullptr, 0, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().logs_open(op_, "a", nullptr, nullptr, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().logs_read(nullptr, 1, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().forget(op_, nullptr, nullptr, nullptr), STEPOP_E_INVALID);
  plugin().release(nullptr);
  plugin().logs_close(nullptr);
  plugin().destroy(nullptr);
}

TEST_F(PluginAbi, RefusesNumbersOutsideTheirRange) {
  stepop_batch* batch = nullptr;
  stepop_text* text = nullptr;
  EXPECT_EQ(submit(ended_step, 2).code, STEPOP_E_INVALID);
  submit(ended_step);
  EXPECT_EQ(plugin().next_events(op_, 0, 0, &batch, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().cancel(op_, "a", -2, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().attach(op_, "{}", 2, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().check(op_, nullptr, -1, &text, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().shutdown(op_, -1, nullptr), STEPOP_E_INVALID);
}

TEST_F(PluginAbi, TurnsWhatAnAuthorThrowsIntoACode) {
  EXPECT_EQ(submit(R"({"step_run_id":"a","throw":"error"})").code, STEPOP_E_INVALID);
  const Outcome defect = submit(R"({"step_run_id":"a","throw":"exception"})");
  EXPECT_EQ(defect.code, STEPOP_E_INTERNAL);
  EXPECT_EQ(defect.message, "a defect");
  EXPECT_EQ(submit(R"({"step_run_id":"a","throw":"number"})").code, STEPOP_E_INTERNAL);
  EXPECT_EQ(submit(R"({"step_run_id":"a","throw":"no_memory"})").code, STEPOP_E_NO_MEMORY);
}

TEST_F(PluginAbi, RefusesARequestWithoutAnIdBeforeTheAuthorSeesIt) {
  EXPECT_EQ(submit(R"({"throw":"exception"})").findings.at(0).at("path"), "step_run_id");
  EXPECT_EQ(submit(R"({"step_run_id":"a","step_run_id":"b"})").findings.at(0).at("code"), "DuplicateKey");
  EXPECT_TRUE(events().empty());
}

TEST_F(PluginAbi, TellsTheAuthorWhatToDoWhenTheStepIsAbsent) {
  submit(R"({"step_run_id":"a"})", STEPOP_IF_ABSENT_REPORT_LOST);
  EXPECT_THAT(events(), testing::ElementsAre("1:7:a"));
}

TEST_F(PluginAbi, AnswersStatusAndWaitWithoutTakingEvents) {
  stepop_batch* batch = nullptr;
  EXPECT_EQ(plugin().status(op_, "a", &batch, nullptr), STEPOP_E_NOT_FOUND);
  EXPECT_EQ(plugin().wait(op_, "a", -1, &batch, nullptr), STEPOP_E_NOT_FOUND);
  submit(R"({"step_run_id":"a"})");
  ASSERT_EQ(plugin().status(op_, "a", &batch, nullptr), STEPOP_OK);
  EXPECT_EQ(batch->count, 1U);
  EXPECT_EQ(batch->events[0].state, STEPOP_STATE_ACCEPTED);
  plugin().release(batch);
  EXPECT_EQ(plugin().wait(op_, "a", 1, &batch, nullptr), STEPOP_E_TIMEOUT);
  EXPECT_EQ(batch, nullptr);
  plugin().cancel(op_, "a", STEPOP_GRACE_DEFAULT, nullptr);
  ASSERT_EQ(plugin().wait(op_, "a", -1, &batch, nullptr), STEPOP_OK);
  EXPECT_EQ(batch->events[0].state, STEPOP_STATE_CANCELLED);
  EXPECT_STREQ(batch->events[0].detail, "{}");
  plugin().release(batch);
  EXPECT_THAT(events(), testing::ElementsAre("1:6:a"));
}

TEST_F(PluginAbi, SaysThatNothingCame) {
  stepop_batch* batch = reinterpret_cast<stepop_batch*>(1);
  EXPECT_EQ(plugin().next_events(op_, 1, 0, &batch, nullptr), STEPOP_E_WOULD_BLOCK);
  EXPECT_EQ(batch, nullptr);
  EXPECT_EQ(plugin().next_events(op_, 1, 1, &batch, nullptr), STEPOP_E_TIMEOUT);
}

TEST_F(PluginAbi, GivesTheGraceOfACancelToTheAuthor) {
  EXPECT_EQ(plugin().cancel(op_, "a", 0, nullptr), STEPOP_E_NOT_FOUND);
  submit(R"({"step_run_id":"a"})");
  plugin().cancel(op_, "a", 0, nullptr);
  stepop_batch* batch = nullptr;
  ASSERT_EQ(plugin().status(op_, "a", &batch, nullptr), STEPOP_OK);
  EXPECT_STREQ(batch->events[0].detail, R"({"grace":0})");
  plugin().release(batch);
}

TEST_F(PluginAbi, ForgetsOnlyAStepThatHasEnded) {
  submit(R"({"step_run_id":"a"})");
  EXPECT_EQ(plugin().forget(op_, "a", nullptr, nullptr), STEPOP_E_INVALID);
  plugin().cancel(op_, "a", 0, nullptr);
  EXPECT_EQ(plugin().forget(op_, "a", nullptr, nullptr), STEPOP_OK);
  EXPECT_EQ(plugin().forget(op_, "a", R"({"cleanup":"always"})", nullptr), STEPOP_OK) << "idempotent";
  EXPECT_EQ(plugin().forget(op_, "a", R"({"clean":"always"})", nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(plugin().forget(op_, "never seen", nullptr, nullptr), STEPOP_OK);
  EXPECT_EQ(plugin().forget(op_, "", nullptr, nullptr), STEPOP_E_INVALID);
  stepop_batch* batch = nullptr;
  EXPECT_EQ(plugin().status(op_, "a", &batch, nullptr), STEPOP_E_NOT_FOUND);
  EXPECT_THAT(events(), testing::ElementsAre("1:6:a", "6:0:a", "6:0:a", "6:0:never seen"));
}

TEST_F(PluginAbi, GivesAnAttachATicketThatItsEventCarries) {
  std::uint64_t ticket = 0;
  ASSERT_EQ(plugin().attach(op_, R"({"labels":{"a":"b"}})", 1, &ticket, nullptr), STEPOP_OK);
  EXPECT_NE(ticket, 0U);
  EXPECT_EQ(plugin().attach(op_, "{}", 0, nullptr, nullptr), STEPOP_OK);
  stepop_batch* batch = nullptr;
  ASSERT_EQ(plugin().next_events(op_, 100, 0, &batch, nullptr), STEPOP_OK);
  ASSERT_EQ(batch->count, 3U);
  EXPECT_EQ(batch->events[0].kind, STEPOP_EVENT_DISPLACED);
  EXPECT_EQ(batch->events[1].kind, STEPOP_EVENT_ATTACHED);
  EXPECT_EQ(batch->events[1].ticket, ticket);
  EXPECT_STREQ(batch->events[1].detail, R"({"step_run_ids":["labelled"]})");
  EXPECT_NE(batch->events[2].ticket, ticket);
  plugin().release(batch);
}

TEST_F(PluginAbi, StreamsALogUntilItsEnd) {
  stepop_logs* logs = nullptr;
  EXPECT_EQ(plugin().logs_open(op_, "a", nullptr, &logs, nullptr, nullptr), STEPOP_E_NOT_FOUND);
  submit(R"({"step_run_id":"a","log":["one","two"],"log_end":true})");
  EXPECT_EQ(plugin().logs_open(op_, "a", R"({"tail":1})", &logs, nullptr, nullptr), STEPOP_E_INVALID);
  std::uint64_t ticket = 0;
  ASSERT_EQ(plugin().logs_open(op_, "a", nullptr, &logs, &ticket, nullptr), STEPOP_OK);
  stepop_log_batch* batch = nullptr;
  ASSERT_EQ(plugin().logs_read(logs, 2, &batch, nullptr), STEPOP_OK);
  EXPECT_EQ(std::string(batch->records[1].data, batch->records[1].size), "two");
  EXPECT_EQ(batch->records[1].time_us, 5);
  plugin().release(batch);
  ASSERT_EQ(plugin().logs_read(logs, 2, &batch, nullptr), STEPOP_OK);
  EXPECT_EQ(batch->records[0].kind, STEPOP_LOG_END);
  plugin().release(batch);
  EXPECT_EQ(plugin().logs_read(logs, 2, &batch, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(batch, nullptr);
  plugin().logs_close(logs);
}

TEST_F(PluginAbi, SaysThatALogHasNothingNow) {
  submit(R"({"step_run_id":"a"})");
  stepop_logs* logs = nullptr;
  ASSERT_EQ(plugin().logs_open(op_, "a", nullptr, &logs, nullptr, nullptr), STEPOP_OK);
  stepop_log_batch* batch = nullptr;
  EXPECT_EQ(plugin().logs_read(logs, 2, &batch, nullptr), STEPOP_E_WOULD_BLOCK);
  EXPECT_EQ(plugin().logs_read(logs, 0, &batch, nullptr), STEPOP_E_INVALID);
  plugin().logs_close(logs);
}

TEST_F(PluginAbi, ReturnsOneFindingALineFromCheck) {
  stepop_text* text = nullptr;
  ASSERT_EQ(plugin().check(op_, "{}", 1000, &text, nullptr), STEPOP_OK);
  const json::value findings = json::parse(text->data);
  plugin().release(text);
  EXPECT_EQ(findings.at(0).at("level"), "ok");
  EXPECT_EQ(findings.at(0).at("message"), "request");
  EXPECT_EQ(findings.at(1).at("level"), "warning");
}

TEST_F(PluginAbi, IsClosedAfterShutdownButStillGivesItsEvents) {
  submit(R"({"step_run_id":"a","log":["x"]})");
  stepop_logs* logs = nullptr;
  ASSERT_EQ(plugin().logs_open(op_, "a", nullptr, &logs, nullptr, nullptr), STEPOP_OK);
  std::int32_t descriptor = -1;
  ASSERT_EQ(plugin().event_fd(op_, &descriptor, nullptr), STEPOP_OK);
  ASSERT_EQ(plugin().shutdown(op_, 1000, nullptr), STEPOP_OK);
  EXPECT_EQ(plugin().shutdown(op_, 1000, nullptr), STEPOP_OK) << "a second call does nothing";
  stepop_batch* batch = nullptr;
  stepop_text* text = nullptr;
  stepop_log_batch* log_batch = nullptr;
  stepop_logs* more_logs = nullptr;
  EXPECT_EQ(submit("not even JSON").code, STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().status(op_, "a", &batch, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().wait(op_, "a", -1, &batch, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().cancel(op_, "a", 0, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().attach(op_, "{}", 0, nullptr, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().logs_open(op_, "a", nullptr, &more_logs, nullptr, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().logs_read(logs, 1, &log_batch, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().forget(op_, "a", nullptr, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(plugin().check(op_, nullptr, 0, &text, nullptr), STEPOP_E_CLOSED);
  EXPECT_EQ(events().front(), "1:1:a");
  EXPECT_EQ(plugin().next_events(op_, 1, -1, &batch, nullptr), STEPOP_E_CLOSED);
  pollfd queue{descriptor, POLLIN, 0};
  EXPECT_EQ(::poll(&queue, 1, 0), 1);
  plugin().logs_close(logs);
}

TEST_F(PluginAbi, ShutsDownWhileACheckIsUnderWay) {
  open(R"({"block_check":true})");
  auto code = std::async(std::launch::async, [this] {
    stepop_text* text = nullptr;
    return plugin().check(op_, nullptr, 60'000, &text, nullptr);
  });
  stepop_batch* in_check = nullptr;
  ASSERT_EQ(plugin().next_events(op_, 1, -1, &in_check, nullptr), STEPOP_OK);
  plugin().release(in_check);
  EXPECT_EQ(plugin().shutdown(op_, 1000, nullptr), STEPOP_OK);
  EXPECT_EQ(code.get(), STEPOP_E_CLOSED);
}

TEST_F(PluginAbi, ServesSeveralThreadsUntilItIsShutDown) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([this, t] {
      for (int i = 0; i < 300; ++i) {
        const std::string id = std::to_string(t) + "/" + std::to_string(i);
        const std::string request = R"({"step_run_id":")" + id + R"(","states":[[3,0,{}],[4,0,{}]]})";
        stepop_batch* batch = nullptr;
        const stepop_code code = plugin().submit(op_, request.c_str(), 0, nullptr);
        if (code == STEPOP_E_CLOSED) return;
        EXPECT_EQ(code, STEPOP_OK);
        if (plugin().wait(op_, id.c_str(), -1, &batch, nullptr) == STEPOP_OK) plugin().release(batch);
        if (plugin().status(op_, id.c_str(), &batch, nullptr) == STEPOP_OK) plugin().release(batch);
        plugin().forget(op_, id.c_str(), nullptr, nullptr);
      }
    });
  threads.emplace_back([this] {
    stepop_batch* batch = nullptr;
    for (int i = 0; i < 50 && plugin().next_events(op_, 10, -1, &batch, nullptr) == STEPOP_OK; ++i)
      plugin().release(batch);
    plugin().shutdown(op_, 1000, nullptr);
  });
  for (std::thread& thread : threads) thread.join();
  stepop_batch* batch = nullptr;
  EXPECT_EQ(plugin().status(op_, "0/0", &batch, nullptr), STEPOP_E_CLOSED);
}

TEST_F(PluginAbi, BelongsToTheProcessThatOpenedIt) {
  submit(ended_step);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    stepop_batch* batch = nullptr;
    std::int32_t descriptor = 0;
    const bool refused = plugin().submit(op_, ended_step, 0, nullptr) == STEPOP_E_FORKED &&
                         plugin().status(op_, "a", &batch, nullptr) == STEPOP_E_FORKED &&
                         plugin().next_events(op_, 1, -1, &batch, nullptr) == STEPOP_E_FORKED &&
                         plugin().event_fd(op_, &descriptor, nullptr) == STEPOP_E_FORKED &&
                         plugin().shutdown(op_, 0, nullptr) == STEPOP_E_FORKED;
    plugin().destroy(op_);
    ::_exit(refused ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(events().front(), "1:4:a") << "the parent goes on";
}

}  // namespace
}  // namespace stepop::test
