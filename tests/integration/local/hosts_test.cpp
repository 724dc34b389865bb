// The hosts in other languages that we show.
#include <fstream>

#include "place.hpp"

namespace stepop::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class ExampleHost : public Place, public testing::WithParamInterface<const char*> {
 protected:
  std::vector<std::string> run(const std::string& flavor, const std::string& config, const std::string& request,
                               int expected_status) {
    Process host({GetParam(), LOCAL_PLUGIN, flavor, config, request});
    std::vector<std::string> lines;
    for (std::string line; !(line = host.read_line()).empty();) lines.push_back(line);
    EXPECT_EQ(host.wait(), expected_status);
    return lines;
  }
  std::string own_config() { return json::serialize(config()); }
};

TEST_P(ExampleHost, PrintsStatesLogAndResult) {
  const auto lines =
      run("local", own_config(),
          json::serialize(shell("a", "echo hello; echo there >&2; echo '[1, 2]' > $STEPOP_RESULT_PATH")), 0);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.front(), StartsWith("accepted"));
  EXPECT_THAT(lines, Contains("log: hello"));
  EXPECT_THAT(lines, Contains("log: there"));
  EXPECT_THAT(lines, Contains(testing::AllOf(StartsWith("succeeded"), HasSubstr("\"result\":[1,2]"))));
  EXPECT_TRUE(fs::is_empty(state_directory())) << "the step is acknowledged";
}

TEST_P(ExampleHost, ReadsConfigAndRequestFromFiles) {
  std::ofstream(file("config.json")) << own_config();
  std::ofstream(file("request.json")) << json::serialize(shell("a", "true"));
  run("local", file("config.json"), file("request.json"), 0);
  run("local", file("none.json"), file("request.json"), 2);
}

TEST_P(ExampleHost, TellsAStepThatFailedByItsStatus) {
  EXPECT_THAT(run("local", own_config(), json::serialize(shell("a", "exit 9")), 1),
              Contains(testing::AllOf(StartsWith("failed"), HasSubstr("\"exit_code\":9"))));
}

TEST_P(ExampleHost, TellsBadInputByItsStatus) {
  run("local", own_config(), R"({"step_run_id":"a"})", 2);
  run("locl", own_config(), json::serialize(shell("a", "true")), 2);
  run("local", "{}", json::serialize(shell("a", "true")), 2);
  EXPECT_FALSE(fs::exists(state_directory()));
}

// A sanitizer's runtime must be the first library of a process, which it cannot be in Python's.
#ifdef STEPOP_SANITIZED
const auto hosts = testing::Values(C_HOST);
#else
const auto hosts = testing::Values(C_HOST, PYTHON_HOST);
#endif
INSTANTIATE_TEST_SUITE_P(Languages, ExampleHost, hosts,
                         [](const auto& info) { return std::string(info.param).ends_with(".py") ? "Python" : "C"; });

}  // namespace
}  // namespace stepop::test
