#include "input/secret.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "input/late_text.hpp"
#include "input/pipeline_check.hpp"
#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "TOKEN") return "s3cret";
  return std::nullopt;
}

Pipeline read(const std::string& secrets, const std::filesystem::path& base = "/base") {
  Pipeline pipeline = read_pipeline(
      parse_yaml("p.yaml", "pipeline: d\nsteps:\n  a:\n    step_operator: h\n    secrets: " + secrets + "\n"),
      environment, base);
  bind_to_stack(pipeline,
                read_stack(parse_yaml("s.yaml", "{name: s, step_operators: {h: {flavor: local}}}"), "/", environment));
  return pipeline;
}

const boost::json::object& sources_of(const Pipeline& pipeline) {
  return pipeline.steps[0].settings.at(kSecrets).as_object();
}

boost::json::object resolved(const boost::json::object& sources, std::vector<LateError>& errors) {
  return resolve_object(sources, environment, errors);
}

std::string error_of(const std::string& secrets) {
  try {
    read(secrets);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

TEST(Secret, IsKeptAsAReference) {
  const Pipeline pipeline = read("{ A: \"${env:TOKEN}\", B: \"${file:token}\" }");
  EXPECT_EQ(boost::json::value(sources_of(pipeline)),
            boost::json::parse(R"({"A":"${env:TOKEN}","B":"${file:/base/token}"})"));
  EXPECT_TRUE(plain_secrets(pipeline.steps[0].settings).empty());
}

TEST(Secret, ThatStandsInTheFileIsKeptAsThatPlace) {
  const Pipeline pipeline = read("{ A: pa55word, B: \"${env:TOKEN}\" }");
  EXPECT_EQ(sources_of(pipeline).at("A"),
            boost::json::parse(R"({"$file":"/base/p.yaml","$path":"steps.a.secrets.A"})"));
  EXPECT_EQ(plain_secrets(pipeline.steps[0].settings), std::vector<boost::json::value>{sources_of(pipeline).at("A")});
  EXPECT_EQ(boost::json::serialize(to_json(pipeline)).find("pa55word"), std::string::npos);
}

TEST(Secret, ComesBackFromTheJournalAsItWas) {
  const Pipeline pipeline = read("{ A: pa55word, B: \"${env:TOKEN}\" }");
  EXPECT_EQ(pipeline_from_json(to_json(pipeline)).steps[0].settings, pipeline.steps[0].settings);
}

TEST(Secret, IsReadFromItsFileEachTime) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "p.yaml";
  const Pipeline pipeline = read("{ A: old }", directory.path());
  for (const char* value : {"first", "'second: $${x}'"}) {
    std::ofstream(file) << "pipeline: d\nsteps: { a: { secrets: { A: " << value << " } } }\n";
    std::vector<LateError> errors;
    const auto values = resolved(sources_of(pipeline), errors);
    EXPECT_TRUE(errors.empty());
    EXPECT_EQ(values.at("A"), std::string(value) == "first" ? "first" : "second: ${x}");
  }
}

TEST(Secret, ThatIsGoneIsNamedWithItsFile) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "p.yaml";
  const Pipeline pipeline = read("{ A: old }", directory.path());
  const auto error = [&] {
    std::vector<LateError> errors;
    resolved(sources_of(pipeline), errors);
    return errors.empty() ? "no error" : errors[0].path + ": " + errors[0].what;
  };
  EXPECT_EQ(error(), "A: it stands in " + file + ", which cannot be read any more");
  std::ofstream(file) << "steps: { b: {} }\n";
  EXPECT_EQ(error(), "A: it is not in " + file + " any more");
}

TEST(Secret, IsNeverInAComplaint) {
  EXPECT_EQ(error_of("{ A: 123456 }"), "p.yaml:5:19: steps.a.secrets.A: found a number, expected a string; quote it");
  EXPECT_EQ(
      error_of("{ A: 99999999999999999999999999 }"),
      "p.yaml:5:19: steps.a.secrets.A: found a number: this integer does not fit 64 bits; quote it to have a string");
  EXPECT_EQ(error_of("{ A: true, B: ~, C: [x] }"),
            "p.yaml:5:19: steps.a.secrets.A: found a boolean, expected a string; quote it\n"
            "p.yaml:5:28: steps.a.secrets.B: found nothing, expected a string; quote it\n"
            "p.yaml:5:34: steps.a.secrets.C: found a list, expected a string; quote it");
  EXPECT_EQ(error_of("[x]"), "p.yaml:5:14: steps.a.secrets: found a list, expected a mapping of names to secrets");
  EXPECT_EQ(error_of("pa55word"),
            "p.yaml:5:14: steps.a.secrets: found a string, expected a mapping of names to secrets");
}

TEST(Secret, MayStandInSettingsAndConfigurationsToo) {
  const Pipeline pipeline = read("{ A: \"${env:TOKEN}\" }\n    settings: { secrets: { A: old, B: pa55word } }");
  EXPECT_EQ(
      boost::json::value(sources_of(pipeline)),
      boost::json::parse(R"({"A":"${env:TOKEN}","B":{"$file":"/base/p.yaml","$path":"steps.a.settings.secrets.B"}})"));
  const Stack stack = read_stack(
      parse_yaml("s.yaml", "{name: s, step_operators: {h: {flavor: l, configuration: {secrets: {A: pa55}}}}}"), "/base",
      environment);
  EXPECT_EQ(stack.find("h")->configuration.at("secrets"),
            boost::json::parse(R"({"A":{"$file":"/base/s.yaml","$path":"step_operators.h.configuration.secrets.A"}})"));
}

TEST(Secret, IsNotInWhatIsShown) {
  const Pipeline pipeline = read("{ A: pa55word, B: \"${env:TOKEN}\" }");
  EXPECT_EQ(boost::json::value(without_secrets(pipeline.steps[0].settings)),
            boost::json::parse(R"json({"secrets":{"A":"(secret)","B":"(secret)"}})json"));
}

}  // namespace
}  // namespace stepop::orchestrator
