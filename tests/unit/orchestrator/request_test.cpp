#include "run/request.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "input/pipeline_check.hpp"

namespace stepop::orchestrator {
namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

Pipeline pipeline() {
  Pipeline pipeline = read_pipeline(parse_yaml("p.yaml", R"(pipeline: demo
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
    secrets: { TOKEN: "t-${env:TOKEN}" }
)"),
                                    no_environment);
  bind_to_stack(pipeline, read_stack(parse_yaml("s.yaml", "{name: s, step_operators: {here: {flavor: local}}}"), "/",
                                     no_environment));
  return pipeline;
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
    "environment": {"N": "n={\"n\":7}"}, 
    "settings": {"cleanup": "never", "secrets": {"TOKEN": "t-${env:TOKEN}"}}})"));
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

TEST(Request, HasNoSecretInItsPreview) {
  const Pipeline p = pipeline();
  EXPECT_EQ(make_preview(kRun, p, p.steps[1]).at("settings").at("secrets"),
            boost::json::parse(R"json({"TOKEN":"(secret)"})json"));
}

TEST(Request, GetsItsSecretsEachTimeItIsSubmitted) {
  const Pipeline p = pipeline();
  const Results results{{"a", boost::json::parse(R"({"n":7})")}};
  const std::string journalled = boost::json::serialize(make_request(kRun, p, p.steps[1], results).request);
  for (const char* value : {"first", "second"}) {
    std::vector<LateError> errors;
    const std::string submitted = with_secrets(
        journalled, [&](const std::string&) { return value; }, errors);
    EXPECT_TRUE(errors.empty());
    EXPECT_EQ(
        boost::json::value_to<std::string>(boost::json::parse(submitted).at("settings").at("secrets").at("TOKEN")),
        std::string("t-") + value);
  }
}

TEST(Request, SaysWhichSecretIsMissing) {
  std::vector<LateError> errors;
  with_secrets(R"({"settings":{"secrets":{"TOKEN":"${env:TOKEN}"}}})", no_environment, errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].path, "TOKEN");
}

TEST(Request, WithoutSecretsIsSubmittedAsItIs) {
  std::vector<LateError> errors;
  const std::string request = R"({ "command": ["\"secrets\""] })";
  EXPECT_EQ(with_secrets(request, no_environment, errors), request);
}

}  // namespace
}  // namespace stepop::orchestrator
