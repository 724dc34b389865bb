#include "input/template.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace stepop::orchestrator {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "IMAGE") return "busybox";
  if (name == "TRICK") return "${steps.a.result}";
  return std::nullopt;
}

Template read(std::string_view text) {
  TemplateReading reading = read_template(text, environment);
  EXPECT_TRUE(reading.errors.empty());
  return std::move(reading.value);
}

std::string error_of(std::string_view text) {
  const TemplateReading reading = read_template(text, environment);
  return reading.errors.size() == 1 ? reading.errors[0] : std::to_string(reading.errors.size()) + " errors";
}

std::string rendered(std::string_view text) {
  const Results results{{"a", boost::json::parse(R"({"rows":3,"name":"x y","list":[1,{"b":true}]})")},
                        {"text", "plain"}};
  const Rendering rendering = render(read(text), results);
  return rendering.error.empty() ? rendering.text : "error: " + rendering.error;
}

TEST(Template, KeepsTextWithoutReferences) {
  EXPECT_EQ(read("echo $HOME ${x} $$").parts, (std::vector<Template::Part>{"echo $HOME ${x} $$"}));
}

TEST(Template, ResolvesTheEnvironmentWhenItIsRead) {
  EXPECT_EQ(read("docker.io/${env:IMAGE}:1").parts, (std::vector<Template::Part>{"docker.io/busybox:1"}));
}

TEST(Template, TakesTheDefaultOfAVariableThatIsNotSet) {
  EXPECT_EQ(rendered("${env:NOT_SET:-a b}"), "a b");
  EXPECT_EQ(rendered("${env:NOT_SET:-}"), "");
}

TEST(Template, DoesNotReadReferencesInWhatAVariableHolds) {
  EXPECT_EQ(read("${env:TRICK}").parts, (std::vector<Template::Part>{"${steps.a.result}"}));
}

TEST(Template, NamesAVariableThatIsNotSet) {
  EXPECT_EQ(error_of("${env:NOT_SET}"),
            "the environment variable NOT_SET is not set; set it, or give a default: "
            "${env:NOT_SET:-...}");
}

TEST(Template, RefusesAReferenceThatIsNotClosed) {
  EXPECT_EQ(error_of("x ${env:IMAGE"), "\"${env:IMAGE\" has no closing }");
}

TEST(Template, RefusesAReferenceToAStepsOtherThings) {
  EXPECT_EQ(error_of("${steps.a.state}"),
            "found ${steps.a.state}, expected ${steps.STEP.result} or "
            "${steps.STEP.result.MEMBER}");
}

TEST(Template, TwoDollarsMakeALiteral) {
  EXPECT_EQ(rendered("$${steps.a.result} $${env:IMAGE} $${x}"), "${steps.a.result} ${env:IMAGE} ${x}");
}

TEST(Template, InsertsStringsAsTheyAre) {
  EXPECT_EQ(rendered("<${steps.a.result.name}>"), "<x y>");
}

TEST(Template, InsertsAnythingElseAsCompactJson) {
  EXPECT_EQ(rendered("${steps.a.result.rows} ${steps.a.result.list}"), R"(3 [1,{"b":true}])");
}

TEST(Template, LooksIntoLists) {
  EXPECT_EQ(rendered("${steps.a.result.list.1.b}"), "true");
}

TEST(Template, NamesAMemberThatTheResultDoesNotHave) {
  EXPECT_EQ(rendered("${steps.a.result.row}"),
            "error: ${steps.a.result.row}: the result has no \"row\"; did you mean \"rows\"?");
}

TEST(Template, NamesAnIndexThatTheListDoesNotHave) {
  EXPECT_EQ(rendered("${steps.a.result.list.2}"), "error: ${steps.a.result.list.2}: \"2\" is no index of a list of 2");
}

TEST(Template, SaysThatAStepWroteNoResult) {
  EXPECT_EQ(rendered("${steps.b.result}"), "error: ${steps.b.result}: step b wrote no result");
}

TEST(Template, RefusesToLookIntoAString) {
  EXPECT_EQ(rendered("${steps.text.result.x}"),
            "error: ${steps.text.result.x}: \"x\" is looked up in string, expected an object or a "
            "list");
}

TEST(Template, ComesBackFromTheJournalAsItWas) {
  for (const char* text : {"", "plain", "a ${steps.a.result.list.1} b", "$${steps.a.result}"}) {
    const Template value = read(text);
    EXPECT_EQ(template_from_json(to_json(value)), value) << text;
  }
}

}  // namespace
}  // namespace stepop::orchestrator
