// The extension stepop.render/1, from both ends: over the C ABI, and through the host's SDK with real libraries.
#include <gmock/gmock.h>
#include <stepop/draft/render.h>

#include <future>
#include <stepop/host.hpp>

#include "scripted_operator.hpp"

namespace stepop::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace json = boost::json;

// ---- Over the C ABI

class RenderAbi : public testing::Test {
 protected:
  void SetUp() override { open("{}"); }
  void TearDown() override { plugin().destroy(op_); }

  static const stepop_plugin& plugin() { return *plugin::entry(STEPOP_ABI_VERSION, scripted_description); }
  static const stepop_render& extension() {
    return *static_cast<const stepop_render*>(plugin().get_extension(STEPOP_EXT_RENDER));
  }
  void open(const char* config) {
    plugin().destroy(op_);
    ASSERT_EQ(plugin().open("scripted", config, &op_, nullptr), STEPOP_OK);
  }
  stepop_code render(const char* request, std::uint32_t dry_run = 0, std::int64_t timeout_ms = 1000) {
    auto* text = reinterpret_cast<stepop_text*>(1);
    stepop_error* error = nullptr;
    const stepop_code code = extension().render(op_, request, dry_run, timeout_ms, &text, &error);
    EXPECT_EQ(code == STEPOP_OK, text != nullptr) << "*out is NULL on any other code";
    if (text != nullptr) shown_ = json::parse(text->data);
    if (error != nullptr) message_ = error->message;
    plugin().release(text);
    plugin().release(error);
    return code;
  }

  stepop_operator* op_ = nullptr;
  json::value shown_;
  std::string message_;
};

constexpr const char* step = R"({"step_run_id":"a"})";

TEST_F(RenderAbi, SaysTheSizeOfItsStruct) {
  EXPECT_EQ(extension().struct_size, sizeof(stepop_render));
}

TEST_F(RenderAbi, ShowsWhatARequestBecomes) {
  ASSERT_EQ(render(step), STEPOP_OK);
  EXPECT_EQ(shown_, json::parse(R"({"manifests":[{"kind":"Told","step":"a"}],"findings":[]})"));
}

TEST_F(RenderAbi, ShowsWhatADryRunFound) {
  ASSERT_EQ(render(step, 1, 2000), STEPOP_OK);
  EXPECT_EQ(shown_.at("accepted"), json::array{nullptr});
  EXPECT_EQ(shown_.at("findings").at(0).at("path"), "manifests[0]");
  EXPECT_EQ(shown_.at("findings").at(0).at("message"), "asked for 2000");
}

TEST_F(RenderAbi, MakesNoStepKnown) {
  ASSERT_EQ(render(step), STEPOP_OK);
  stepop_batch* batch = nullptr;
  EXPECT_EQ(plugin().status(op_, "a", &batch, nullptr), STEPOP_E_NOT_FOUND);
  EXPECT_EQ(plugin().next_events(op_, 1, 0, &batch, nullptr), STEPOP_E_WOULD_BLOCK);
}

TEST_F(RenderAbi, RefusesWrongArguments) {
  EXPECT_EQ(render(nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(render("{"), STEPOP_E_INVALID);
  EXPECT_EQ(render("{}"), STEPOP_E_INVALID) << "a step without an id";
  EXPECT_EQ(render(step, 2), STEPOP_E_INVALID);
  EXPECT_EQ(render(step, 0, -1), STEPOP_E_INVALID);
  EXPECT_EQ(extension().render(op_, step, 0, 0, nullptr, nullptr), STEPOP_E_INVALID);
  EXPECT_EQ(extension().render(nullptr, step, 0, 0, nullptr, nullptr), STEPOP_E_INVALID);
}

TEST_F(RenderAbi, TurnsExceptionsIntoCodes) {
  EXPECT_EQ(render(R"({"step_run_id":"a","throw":"error"})"), STEPOP_E_INVALID);
  EXPECT_EQ(render(R"({"step_run_id":"a","throw":"number"})"), STEPOP_E_INTERNAL);
}

TEST_F(RenderAbi, IsUnsupportedByAnOperatorThatIsNoRenderer) {
  open(R"({"no_render":true})");
  EXPECT_EQ(render(step), STEPOP_E_UNSUPPORTED);
}

TEST_F(RenderAbi, IsClosedAfterShutdown) {
  plugin().shutdown(op_, 0, nullptr);
  EXPECT_EQ(render(step), STEPOP_E_CLOSED);
}

TEST_F(RenderAbi, IsClosedWhenShutDownMeanwhile) {
  open(R"({"block_check":true})");
  auto code = std::async(std::launch::async, [this] { return render(step, 1, 60'000); });
  stepop_batch* under_way = nullptr;
  ASSERT_EQ(plugin().next_events(op_, 1, -1, &under_way, nullptr), STEPOP_OK);
  plugin().release(under_way);
  EXPECT_EQ(plugin().shutdown(op_, 1000, nullptr), STEPOP_OK);
  EXPECT_EQ(code.get(), STEPOP_E_CLOSED);
}

// ---- Through the host's SDK

host::Error error_of(const host::Operator& op, const json::object& request) {
  try {
    op.render(request, false, 1s);
  } catch (const host::Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return host::Error(STEPOP_OK, "");
}

TEST(HostRender, GivesManifestsAlone) {
  const auto op = host::Plugin::load(SCRIPTED_PLUGIN).open("scripted", json::object{});
  const host::Rendering shown = op.render({{"step_run_id", "a"}}, false, 1s);
  EXPECT_EQ(shown.manifests, (json::array{{{"kind", "Told"}, {"step", "a"}}}));
  EXPECT_TRUE(shown.accepted.empty());
  EXPECT_TRUE(shown.findings.empty());
}

TEST(HostRender, GivesWhatADryRunFound) {
  const auto op = host::Plugin::load(SCRIPTED_PLUGIN).open("scripted", json::object{});
  const host::Rendering shown = op.render({{"step_run_id", "a"}}, true, 3s);
  EXPECT_EQ(shown.accepted, json::array{nullptr});
  ASSERT_EQ(shown.findings.size(), 1U);
  EXPECT_EQ(shown.findings[0].level, host::Finding::Level::error);
  EXPECT_EQ(shown.findings[0].text(), "manifests[0]: asked for 3000 (ask less)");
}

TEST(HostRender, ThrowsWhatThePluginReports) {
  const auto op = host::Plugin::load(SCRIPTED_PLUGIN).open("scripted", json::object{});
  const host::Error error = error_of(op, {{"step_run_id", "a"}, {"throw", "error"}});
  EXPECT_EQ(error.code(), STEPOP_E_INVALID);
  EXPECT_EQ(error.findings().size(), 2U);
}

TEST(HostRender, SaysThatAPluginDoesNotHaveIt) {
  const auto op = host::Plugin::load(ODD_PLUGINS "/libodd_minimal.so").open("minimal", "{}");
  const host::Error error = error_of(op, {{"step_run_id", "a"}});
  EXPECT_EQ(error.code(), STEPOP_E_UNSUPPORTED);
  EXPECT_THAT(error.what(), HasSubstr("does not have stepop.render/1"));
}

}  // namespace
}  // namespace stepop::test
