#include "input/pipeline_file.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "input/pipeline_check.hpp"

namespace stepop::orchestrator {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "IMAGE") return "busybox";
  return std::nullopt;
}

const Stack& stack() {
  static const Stack stack = read_stack(parse_yaml("stack.yaml",
                                                   "{name: demo, step_operators: {here: {flavor: local}, cluster: "
                                                   "{flavor: kubernetes}}}"),
                                        "/", environment);
  return stack;
}

Pipeline read(const std::string& text) {
  Pipeline pipeline = read_pipeline(parse_yaml("p.yaml", text), environment);
  bind_to_stack(pipeline, stack());
  auto findings = check_pipeline(pipeline, stack());
  if (!findings.empty()) throw BadInput(std::move(findings));
  return pipeline;
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

constexpr const char* kTwoSteps = R"(pipeline: demo
image: ${env:IMAGE}
settings: { pod_settings: { labels: { team: a }, priority: 1 } }
steps:
  prepare: { step_operator: here, command: [sh, -c, "echo ${HOME}"] }
  train:
    step_operator: cluster
    image: other
    command: [train]
    args: ["${steps.prepare.result.rows}"]
    environment: { ROWS: "n=${steps.prepare.result}" }
    needs: [prepare]
    settings: { pod_settings: { labels: { run: b } }, cleanup: never }
)";

TEST(PipelineFile, ReadsStepsInTheirOrder) {
  const Pipeline pipeline = read(kTwoSteps);
  ASSERT_EQ(pipeline.steps.size(), 2u);
  EXPECT_EQ(pipeline.name, "demo");
  EXPECT_EQ(pipeline.steps[0].name, "prepare");
  EXPECT_EQ(pipeline.steps[1].needs.at(0).step, "prepare");
}

TEST(PipelineFile, GivesThePipelinesImageToStepsThatNameNone) {
  const Pipeline pipeline = read(kTwoSteps);
  EXPECT_EQ(pipeline.steps[0].image, "busybox");
  EXPECT_EQ(pipeline.steps[1].image, "other");
}

TEST(PipelineFile, MergesAStepsSettingsOverThePipelines) {
  EXPECT_EQ(boost::json::value(read(kTwoSteps).steps[1].settings),
            boost::json::parse(R"({"pod_settings":{"labels":{"team":"a","run":"b"},"priority":1},"cleanup":"never"})"));
}

TEST(PipelineFile, LeavesTheShellsOwnVariablesAlone) {
  EXPECT_EQ(read(kTwoSteps).steps[0].command.at(2).parts, (std::vector<Template::Part>{"echo ${HOME}"}));
}

TEST(PipelineFile, ComesBackFromTheJournalAsItWas) {
  const Pipeline pipeline = read(kTwoSteps);
  EXPECT_EQ(to_json(pipeline_from_json(to_json(pipeline))), to_json(pipeline));
}

struct Case {
  std::string text;
  std::string error;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.text;
}
class BadPipelineTest : public testing::TestWithParam<Case> {};
TEST_P(BadPipelineTest, IsRefusedWithItsPlace) {
  EXPECT_EQ(error_of(GetParam().text), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, BadPipelineTest,
    testing::Values(Case{"steps: {a: {step_operator: here, command: [x]}}\n",
                         "p.yaml:1:1: \"pipeline\" is missing, expected a string"},
                    Case{"pipeline: d\n", "p.yaml:1:1: \"steps\" is missing, expected a mapping of names to steps"},
                    Case{"pipeline: d\nsteps: []\n",
                         "p.yaml:2:8: steps: found a list, expected a mapping of names to steps"},
                    Case{"pipeline: d\nsteps:\n  a:\n    step_operator: here\n    comand: [x]\n",
                         "p.yaml:5:5: steps.a.comand: unknown key; did you mean \"command\"?"},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: echo}}\n",
                         "p.yaml:2:43: steps.a.command: found a string (\"echo\"), expected a list of strings; "
                         "for a shell's line write [sh, -c, \"...\"]"},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: []}}\n",
                         "p.yaml:2:43: steps.a.command: found an empty list, expected a program and its "
                         "arguments"},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: [sleep, 5]}}\n",
                         "p.yaml:2:51: steps.a.command[1]: found a number (5), expected a string; quote it: "
                         "\"5\""},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: [x], environment: {A: 1.10, B: "
                         "true}}}\n",
                         "p.yaml:2:65: steps.a.environment.A: found a number (1.10), expected a string; quote "
                         "it: \"1.10\"\n"
                         "p.yaml:2:74: steps.a.environment.B: found a boolean (true), expected a string; quote "
                         "it: \"true\""},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: [x], environment: {'A=B': "
                         "x}}}\n",
                         "p.yaml:2:62: steps.a.environment.\"A=B\": found \"A=B\" as the name of a variable, "
                         "expected one without \"=\""},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: [x], needs: b}}\n",
                         "p.yaml:2:55: steps.a.needs: found a string (\"b\"), expected a list of steps; write "
                         "[b]"},
                    Case{"pipeline: d\nsteps: {a.b: {step_operator: here, command: [x]}}\n",
                         "p.yaml:2:9: steps.\"a.b\": the name \"a.b\" is not usable, expected 1 to 63 letters, "
                         "digits, \"_\" and \"-\", not beginning with \"-\""},
                    Case{"pipeline: d\nsteps: {a: {step_operator: hear, command: [x]}}\n",
                         "p.yaml:2:28: steps.a.step_operator: \"hear\" is no step operator of the stack demo "
                         "(stack.yaml); did you mean \"here\"?"},
                    Case{"pipeline: d\nsteps: {prepare: {step_operator: here, command: [x]}, b: {step_operator: "
                         "here, command: [x], needs: [prepar]}}\n",
                         "p.yaml:2:102: steps.b.needs[0]: \"prepar\" is no step of this pipeline; did you mean "
                         "\"prepare\"?"},
                    Case{"pipeline: d\nsteps:\n"
                         "  z: {step_operator: here, command: [x]}\n"
                         "  a: {step_operator: here, command: [x], needs: [b, z]}\n"
                         "  b: {step_operator: here, command: [x], needs: [c]}\n"
                         "  c: {step_operator: here, command: [x], needs: [a]}\n",
                         "p.yaml:4:3: steps.a.needs: these steps need one another in a cycle: a -> b -> c -> a; "
                         "remove one of these needs"},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: [x], needs: [a]}}\n",
                         "p.yaml:2:9: steps.a.needs: these steps need one another in a cycle: a -> a; remove "
                         "one "
                         "of these needs"},
                    Case{"pipeline: d\nsteps:\n"
                         "  a: {step_operator: here, command: [x]}\n"
                         "  b: {step_operator: here, command: [x, \"${steps.a.result}\"]}\n",
                         "p.yaml:4:41: steps.b.command[1]: found ${steps.a.result}, but b does not run after a; "
                         "add \"a\" to steps.b.needs"},
                    Case{"pipeline: d\nsteps:\n"
                         "  a: {step_operator: here, command: [x]}\n"
                         "  c: {step_operator: here, command: [x]}\n"
                         "  b: {step_operator: here, command: [\"${steps.a.result}\"], needs: [c]}\n",
                         "p.yaml:5:38: steps.b.command[0]: found ${steps.a.result}, but b does not run after a; "
                         "add \"a\" to steps.b.needs"},
                    Case{"pipeline: d\nsteps:\n"
                         "  prepare: {step_operator: here, command: [x]}\n"
                         "  b: {step_operator: here, command: [x], args: [\"${steps.prepair.result}\"], needs: "
                         "[prepare]}\n",
                         "p.yaml:4:49: steps.b.args[0]: found ${steps.prepair.result}, but \"prepair\" is no "
                         "step of this pipeline; did you mean \"prepare\"?"},
                    Case{"pipeline: d\nsteps: {a: {step_operator: here, command: [x], image: "
                         "\"${steps.b.result}\"}}\n",
                         "p.yaml:2:55: steps.a.image: found ${steps.b.result}; a step's result can stand only "
                         "in "
                         "command, args and environment"},
                    Case{"pipeline: d\nsettings: 4\nsteps: {a: {step_operator: here, command: [x]}}\n",
                         "p.yaml:2:11: settings: found a number (4), expected a mapping"}));

TEST(PipelineCheck, AcceptsAResultOfAStepFurtherUp) {
  EXPECT_EQ(error_of("pipeline: d\nsteps:\n"
                     "  a: {step_operator: here, command: [x]}\n"
                     "  b: {step_operator: here, command: [x], needs: [a]}\n"
                     "  c: {step_operator: here, command: [\"${steps.a.result}\"], needs: [b]}\n"),
            "no error");
}

TEST(PipelineCheck, IsNotEndedByALongChain) {
  std::string text = "pipeline: d\nsteps:\n";
  for (int i = 0; i < 3000; ++i) {
    text += "  s" + std::to_string(i) + ": {step_operator: here, command: [x]";
    if (i > 0) text += ", needs: [s" + std::to_string(i - 1) + "]";
    text += "}\n";
  }
  EXPECT_EQ(error_of(text), "no error");
}

}  // namespace
}  // namespace stepop::orchestrator
