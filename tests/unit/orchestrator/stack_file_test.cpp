#include "input/stack_file.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace stepop::orchestrator {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "NAMESPACE") return "zenml";
  return std::nullopt;
}

Stack read(const std::string& text) {
  return read_stack(parse_yaml("stack.yaml", text), "/tmp/below", environment);
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

TEST(StackFile, ReadsStepOperatorsInTheirOrderAndKeepsTheirReferences) {
  const Stack stack = read(R"(
name: demo
plugin_directories: [..]
step_operators:
  cluster: { flavor: kubernetes, configuration: { kubernetes_namespace: "${env:NAMESPACE}", n: 1 } }
  here: { flavor: local }
)");
  EXPECT_EQ(stack.name, "demo");
  EXPECT_EQ(stack.names(), (std::vector<std::string>{"cluster", "here"}));
  EXPECT_EQ(boost::json::serialize(stack.find("cluster")->configuration),
            R"({"kubernetes_namespace":"${env:NAMESPACE}","n":1})");
  EXPECT_EQ(stack.find("here")->flavor, "local");
}

TEST(StackFile, TakesPluginDirectoriesRelativeToItself) {
  const Stack stack = read("{name: d, plugin_directories: [..], step_operators: {h: {flavor: l}}}");
  EXPECT_EQ(stack.plugin_directories.at(0), "/tmp/");
}

TEST(StackFile, MayHaveNoStepOperatorYet) {
  EXPECT_TRUE(read("{name: d, step_operators: {}}").step_operators.empty());
}

TEST(StackFile, NamesTheStepOperatorOfStepsThatNameNone) {
  EXPECT_EQ(read("{name: d, step_operators: {h: {flavor: l}}, default_step_operator: h}").default_step_operator, "h");
}

TEST(StackFile, ComesBackFromTheJournalAsItWas) {
  const Stack stack = read(
      "{name: d, plugin_directories: [..], step_operators: {h: {flavor: l, configuration: {a: "
      "1}}}}");
  EXPECT_EQ(to_json(stack_from_json(to_json(stack))), to_json(stack));
}

struct Case {
  std::string text;
  std::string error;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.text;
}
class BadStackTest : public testing::TestWithParam<Case> {};
TEST_P(BadStackTest, IsRefusedWithItsPlace) {
  EXPECT_EQ(error_of(GetParam().text), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, BadStackTest,
    testing::Values(Case{"[1]", "stack.yaml:1:1: found a list, expected a mapping"},
                    Case{"name: d\n",
                         "stack.yaml:1:1: \"step_operators\" is missing, expected a mapping of names to step "
                         "operators"},
                    Case{"name: 5\nstep_operators: {h: {flavor: l}}\n",
                         "stack.yaml:1:7: name: found a number (5), expected a string; quote it: \"5\""},
                    Case{"name: no\nstep_operators: {h: {flavor: l}}\ndefault_step_operator: g\n",
                         "stack.yaml:3:24: default_step_operator: \"g\" is no step operator of this stack; did you "
                         "mean \"h\"?"},
                    Case{"name: d\nstep_operators:\n",
                         "stack.yaml:2:1: step_operators: found nothing, expected a mapping of names to step "
                         "operators"},
                    Case{"name: d\nstep_operators: {h: {flavour: l}}\n",
                         "stack.yaml:2:21: step_operators.h: \"flavor\" is missing, expected a string\n"
                         "stack.yaml:2:22: step_operators.h.flavour: unknown key; did you mean \"flavor\"?"},
                    Case{"name: d\nstep_operator: {h: {flavor: l}}\n",
                         "stack.yaml:1:1: \"step_operators\" is missing, expected a mapping of names to step "
                         "operators\n"
                         "stack.yaml:2:1: step_operator: unknown key; did you mean \"step_operators\"?"},
                    Case{"name: d\nstep_operators: {'a b': {flavor: l}}\n",
                         "stack.yaml:2:18: step_operators.\"a b\": the name \"a b\" is not usable, expected 1 "
                         "to "
                         "63 letters, digits, \"_\" and \"-\", not beginning with \"-\""},
                    Case{"name: d\nstep_operators: {h: {flavor: l, configuration: [1]}}\n",
                         "stack.yaml:2:48: step_operators.h.configuration: found a list, expected a mapping"},
                    Case{"name: d\nstep_operators: {h: {flavor: l, configuration: {owner: me}}}\n",
                         "stack.yaml:2:48: step_operators.h.configuration.owner: stepop gives its own owner id, "
                         "which belongs to one state directory and not into a file that people share; remove "
                         "it"},
                    Case{"name: d\nstep_operators: {h: {flavor: \"${env:NONE}\"}}\n",
                         "stack.yaml:2:30: step_operators.h.flavor: the environment variable NONE is not set; "
                         "set it, or give a default: ${env:NONE:-...}"},
                    Case{"name: d\nstep_operators: {h: {flavor: \"${steps.a.result}\"}}\n",
                         "stack.yaml:2:30: step_operators.h.flavor: found ${steps.a.result}; a step's result "
                         "can "
                         "stand only in command, args and environment"},
                    Case{"name: d\nplugin_directories: x\nstep_operators: {h: {flavor: l}}\n",
                         "stack.yaml:2:21: plugin_directories: found a string (\"x\"), expected a list of "
                         "directories"}));

}  // namespace
}  // namespace stepop::orchestrator
