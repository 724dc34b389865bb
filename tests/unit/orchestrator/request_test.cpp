#include "run/request.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace stepop::orchestrator {
namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

Pipeline pipeline() {
  return read_pipeline(parse_yaml("p.yaml", R"(pipeline: demo
steps:
  a: { step_operator: here, command: [x] }
  b:
    step_operator: here
    image: i
    command: [sh, "${steps.a.result.n}"]
    args: [y]
    environment: { N: "n=${steps.a.result}" }
    needs: [a]
    settings: { cleanup: never }
)"),
                       no_environment);
}

const RunNames kRun{"0123", "demo-1"};

TEST(Request, NamesTheStepByRunAndStep) {
  const Pipeline p = pipeline();
  EXPECT_EQ(step_run_id(kRun, p.steps[1]), "0123/b");
}

TEST(Request, HoldsWhatTheStepSaysWithResultsInPlace) {
  const Pipeline p = pipeline();
  const Results results{{"a", boost::json::parse(R"({"n":7})")}};
  const RequestMaking made = make_request(kRun, p, p.steps[1], results);
  EXPECT_EQ(made.error, "");
  EXPECT_EQ(boost::json::value(made.request), boost::json::parse(R"({
    "step_run_id": "0123/b", "pipeline": "demo", "run_id": "0123", "run_name": "demo-1",
    "step_name": "b", "image": "i", "command": ["sh", "7"], "args": ["y"],
    "environment": {"N": "n={\"n\":7}"}, "settings": {"cleanup": "never"}})"));
}

TEST(Request, LeavesOutWhatTheStepDoesNotSay) {
  const Pipeline p = pipeline();
  const RequestMaking made = make_request(kRun, p, p.steps[0], {});
  EXPECT_EQ(boost::json::value(made.request), boost::json::parse(R"({
    "step_run_id": "0123/a", "pipeline": "demo", "run_id": "0123", "run_name": "demo-1",
    "step_name": "a", "command": ["x"]})"));
}

TEST(Request, SaysWhichResultIsNotThere) {
  const Pipeline p = pipeline();
  EXPECT_EQ(make_request(kRun, p, p.steps[1], {}).error, "${steps.a.result.n}: step a wrote no result");
}

TEST(Request, ShowsReferencesAsTextBeforeAnythingRan) {
  const Pipeline p = pipeline();
  EXPECT_EQ(make_preview(kRun, p, p.steps[1]).at("command"), boost::json::parse(R"(["sh", "${steps.a.result.n}"])"));
}

}  // namespace
}  // namespace stepop::orchestrator
