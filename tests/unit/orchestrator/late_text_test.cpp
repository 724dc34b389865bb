#include "input/late_text.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>

#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "TOKEN") return "s3cret";
  return std::nullopt;
}

std::string read(const std::string& written, std::vector<Finding>* findings = nullptr) {
  FileReading reading{"f.yaml", environment, {}, "/base"};
  std::string text = read_late_text(written, {1, 2}, "steps.a.secrets.T", reading);
  if (findings != nullptr) *findings = reading.findings;
  return text;
}

std::string error_of_reading(const std::string& written) {
  std::vector<Finding> findings;
  read(written, &findings);
  return findings.empty() ? "no error" : to_text(findings[0]);
}

std::string resolved(const std::string& text) {
  std::vector<LateError> errors;
  std::string value = resolve_text(text, environment, "", errors);
  return errors.empty() ? value : "error: " + errors[0].what;
}

TEST(LateText, KeepsReferencesUntilTheyAreResolved) {
  EXPECT_EQ(read("Bearer ${env:TOKEN}"), "Bearer ${env:TOKEN}");
  EXPECT_EQ(resolved("Bearer ${env:TOKEN}"), "Bearer s3cret");
}

TEST(LateText, MakesPathsAbsolute) {
  EXPECT_EQ(read("${file:below/token}"), "${file:/base/below/token}");
  EXPECT_EQ(read("${file:/run/token}"), "${file:/run/token}");
}

TEST(LateText, KeepsWhatIsNoReference) {
  for (const char* text : {"$${env:TOKEN}", "${HOME}", "$x {", "", "a $${ b"}) EXPECT_EQ(read(text), text);
  EXPECT_EQ(resolved("$${env:TOKEN} ${HOME}"), "${env:TOKEN} ${HOME}");
}

TEST(LateText, ReadsAFileWithoutItsLastNewline) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "token";
  std::ofstream(file) << "one\ntwo\n\n";
  EXPECT_EQ(resolved("${file:" + file.string() + "}"), "one\ntwo\n");
}

TEST(LateText, TellsWhetherThereIsAReference) {
  EXPECT_TRUE(has_reference("a ${env:X}"));
  EXPECT_TRUE(has_reference("${file:x}"));
  EXPECT_FALSE(has_reference("$${env:X} ${HOME}"));
}

TEST(LateText, DoesNotLookBeforeItMust) {
  EXPECT_EQ(error_of_reading("${env:NOT_SET} ${file:nowhere}"), "no error");
}

TEST(LateText, SaysWhatIsMissing) {
  EXPECT_EQ(resolved("${env:NOT_SET}"),
            "error: the environment variable NOT_SET is not set; set it, or give a default: ${env:NOT_SET:-...}");
  EXPECT_EQ(resolved("${file:/nowhere/token}"), "error: cannot read /nowhere/token: No such file or directory");
  EXPECT_EQ(resolved("${file:/tmp}"), "error: cannot read /tmp: it is a directory");
}

TEST(LateText, RefusesAFileThatIsNoText) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "token";
  std::ofstream(file) << "\xff";
  EXPECT_EQ(resolved("${file:" + file + "}"), "error: " + file + " has bytes that are not UTF-8, and a secret is text");
  std::ofstream(file) << std::string((1u << 20) + 1, 'x');
  EXPECT_EQ(resolved("${file:" + file + "}"), "error: " + file + " has more than 1 MiB, which is no secret");
}

TEST(LateText, RefusesReferencesThatAreWrittenWrongly) {
  EXPECT_EQ(error_of_reading("${env:}"),
            "f.yaml:1:2: steps.a.secrets.T: found ${env:}, expected ${env:NAME} or ${env:NAME:-default}");
  EXPECT_EQ(error_of_reading("${file:}"), "f.yaml:1:2: steps.a.secrets.T: found ${file:}, expected ${file:PATH}");
  EXPECT_EQ(error_of_reading("${file:x"), "f.yaml:1:2: steps.a.secrets.T: \"${file:x\" has no closing }");
  EXPECT_EQ(error_of_reading("${steps.a.result}"),
            "f.yaml:1:2: steps.a.secrets.T: found ${steps.a.result}; a step's result can stand only in command, args "
            "and environment");
}

TEST(LateText, IsResolvedAtEveryDepthWithItsPath) {
  const auto late = boost::json::parse(R"({"a":[1,{"b.c":"${env:TOKEN}"}],"d":"${env:NONE}"})").as_object();
  std::vector<LateError> errors;
  const boost::json::value value = resolve_object(late, environment, errors);
  EXPECT_EQ(value.at("a"), boost::json::parse(R"([1,{"b.c":"s3cret"}])"));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].path, "d");
}

}  // namespace
}  // namespace stepop::orchestrator
