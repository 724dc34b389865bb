#include "input/secret.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "input/pipeline_file.hpp"
#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "TOKEN") return "s3cret";
  return std::nullopt;
}

Pipeline read(const std::string& secrets, const std::filesystem::path& base = "/base") {
  return read_pipeline(
      parse_yaml("p.yaml", "pipeline: d\nsteps:\n  a:\n    step_operator: h\n    secrets: " + secrets + "\n"),
      environment, base);
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
  EXPECT_EQ(boost::json::value(pipeline.steps[0].secrets),
            boost::json::parse(R"({"A":"${env:TOKEN}","B":"${file:/base/token}"})"));
  EXPECT_TRUE(plain_secrets(pipeline.steps[0].secrets).empty());
}

TEST(Secret, ThatStandsInTheFileIsKeptAsThatPlace) {
  const Pipeline pipeline = read("{ A: pa55word, B: \"${env:TOKEN}\" }");
  EXPECT_EQ(pipeline.steps[0].secrets.at("A"), boost::json::parse(R"({"file":"/base/p.yaml","step":"a"})"));
  EXPECT_EQ(plain_secrets(pipeline.steps[0].secrets), std::vector<std::string>{"A"});
  EXPECT_EQ(boost::json::serialize(to_json(pipeline)).find("pa55word"), std::string::npos);
}

TEST(Secret, ComesBackFromTheJournalAsItWas) {
  const Pipeline pipeline = read("{ A: pa55word, B: \"${env:TOKEN}\" }");
  EXPECT_EQ(pipeline_from_json(to_json(pipeline)).steps[0].secrets, pipeline.steps[0].secrets);
}

TEST(Secret, IsReadFromItsFileEachTime) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "p.yaml";
  const Pipeline pipeline = read("{ A: old }", directory.path());
  for (const char* value : {"first", "'second: $${x}'"}) {
    std::ofstream(file) << "pipeline: d\nsteps: { a: { secrets: { A: " << value << " } } }\n";
    std::vector<LateError> errors;
    const auto values = resolve_secrets(pipeline.steps[0].secrets, environment, errors);
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
    resolve_secrets(pipeline.steps[0].secrets, environment, errors);
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

TEST(Secret, CannotBeAVariableToo) {
  EXPECT_EQ(
      error_of("{ A: \"${env:TOKEN}\" }\n    environment: { A: x }"),
      "p.yaml:6:23: steps.a.environment.A: this variable is one of the step's secrets too; take one of them away");
}

}  // namespace
}  // namespace stepop::orchestrator
