#include "input/runtime_config.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>

#include "input/lookalike.hpp"
#include "input/pipeline_check.hpp"
#include "input/where_asked.hpp"

namespace stepop::orchestrator {
namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

const Stack& stack() {
  static const Stack stack = read_stack(parse_yaml("stack.yaml", R"(
name: demo
step_operators: { here: { flavor: local }, cluster: { flavor: kubernetes }, gpus: { flavor: kubernetes } }
default_step_operator: cluster
)"),
                                        "/", no_environment);
  return stack;
}

Pipeline bound(const std::string& pipeline_text, const std::string& config_text) {
  Pipeline pipeline = read_pipeline(parse_yaml("p.yaml", pipeline_text), no_environment);
  if (!config_text.empty()) {
    auto findings = apply(read_runtime_config(parse_yaml("r.yaml", config_text), no_environment), pipeline);
    if (!findings.empty()) throw BadInput(std::move(findings));
  }
  bind_to_stack(pipeline, stack());
  auto findings = check_pipeline(pipeline, stack());
  if (!findings.empty()) throw BadInput(std::move(findings));
  return pipeline;
}

boost::json::value settings(const std::string& pipeline_text, const std::string& config_text = "") {
  return bound(pipeline_text, config_text).steps.at(0).settings;
}

boost::json::value json(const char* text) {
  return boost::json::parse(text);
}

std::string error_of(const std::string& pipeline_text, const std::string& config_text) {
  try {
    bound(pipeline_text, config_text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

const std::string kPlain = "pipeline: d\nsteps: { a: { command: [x] }, b: { step_operator: here, command: [x] } }\n";

// ---- Precedence ----------------------------------------------------------------------------------

TEST(Settings, ComeFromThePipelineThenTheStepThenTheRuntimeConfiguration) {
  const std::string pipeline = R"(
pipeline: d
settings: { one: pipeline, two: pipeline, three: pipeline, four: pipeline, map: { a: pipeline, b: pipeline }, list: [1] }
steps: { a: { settings: { two: step, three: step, four: step, map: { b: step, c: step }, list: [2] } } }
)";
  EXPECT_EQ(settings(pipeline), json(R"({"one":"pipeline","two":"step","three":"step","four":"step",
                     "map":{"a":"pipeline","b":"step","c":"step"},"list":[2]})"));
  EXPECT_EQ(settings(pipeline, R"(
settings: { step_operator: { three: run, four: run, map: { c: run } } }
steps: { a: { settings: { step_operator: { four: run of step, list: [] } } } }
)"),
            json(R"({"one":"pipeline","two":"step","three":"run","four":"run of step",
                     "map":{"a":"pipeline","b":"step","c":"run"},"list":[]})"));
}

TEST(Settings, OfAFlavorWinOverThoseOfAllAndThoseOfAStepOperatorOverBoth) {
  EXPECT_EQ(settings(kPlain, R"(
settings:
  "step_operator:cluster": { three: name }
  step_operator.kubernetes: { two: flavor, three: flavor }
  step_operator: { one: all, two: all, three: all }
)"),
            json(R"({"one":"all","two":"flavor","three":"name"})"));
}

TEST(Settings, OfAnotherFlavorDoNotCount) {
  const std::string config = "settings: { step_operator.local: { x: 1 }, \"step_operator:gpus\": { y: 1 } }\n";
  EXPECT_EQ(settings(kPlain, config), json("{}"));
  EXPECT_EQ(boost::json::value(bound(kPlain, config).steps[1].settings), json(R"({"x":1})"));
}

TEST(Settings, MayHaveZenMLsKeysInThePipelineFileToo) {
  EXPECT_EQ(settings("pipeline: d\nsettings: { step_operator: { x: 1 }, z: 3 }\n"
                     "steps: { a: { settings: { step_operator.kubernetes: { y: 2 } } } }\n"),
            json(R"({"x":1,"z":3,"y":2})"));
}

TEST(Settings, FollowTheStepOperatorThatTheRuntimeConfigurationChooses) {
  const std::string pipeline =
      "pipeline: d\nsettings: { step_operator.local: { x: 1 }, step_operator.kubernetes: { y: 2 } }\n"
      "steps: { a: { step_operator: cluster } }\n";
  EXPECT_EQ(settings(pipeline), json(R"({"y":2})"));
  EXPECT_EQ(settings(pipeline, "steps: { a: { step_operator: here } }\n"), json(R"({"x":1})"));
}

TEST(Settings, ForAFlavorThatTheStackDoesNotHaveAreToldAndNotUsed) {
  Pipeline pipeline = read_pipeline(
      parse_yaml("p.yaml", "pipeline: d\nsettings: { step_operator.sagemaker: { x: 1 } }\nsteps: { a: {}, b: {} }\n"),
      no_environment);
  const auto warnings = bind_to_stack(pipeline, stack());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(
      to_text(warnings[0]),
      "p.yaml:2:13: settings.\"step_operator.sagemaker\": no step operator of the stack demo (stack.yaml) has the "
      "flavor \"sagemaker\"; these settings are not used");
}

TEST(RuntimeConfig, GivesVariablesToAllStepsAndToOne) {
  const Pipeline pipeline = bound("pipeline: d\nsteps: { a: { environment: { A: old, B: old } }, b: {} }\n",
                                  "environment: { A: all, C: all }\nsteps: { b: { environment: { A: one } } }\n");
  const auto variables = [&](std::size_t step) {
    std::map<std::string, std::string> found;
    for (const Variable& variable : pipeline.steps[step].environment)
      found[variable.name] = render(variable.value, {}).text;
    return found;
  };
  EXPECT_EQ(variables(0), (std::map<std::string, std::string>{{"A", "all"}, {"B", "old"}, {"C", "all"}}));
  EXPECT_EQ(variables(1), (std::map<std::string, std::string>{{"A", "one"}, {"C", "all"}}));
}

TEST(RuntimeConfig, ChecksTheResultsThatItsVariablesUse) {
  EXPECT_EQ(error_of(kPlain, "steps: { b: { environment: { A: \"${steps.a.result}\" } } }\n"),
            "r.yaml:1:33: steps.b.environment.A: found ${steps.a.result}, but b does not run after a; add \"a\" to "
            "steps.b.needs");
  EXPECT_EQ(error_of("pipeline: d\nsteps: { a: {}, b: { environment: { A: \"${steps.a.result}\" } } }\n",
                     "steps: { b: { environment: { A: fixed } } }\n"),
            "no error");
}

// ---- Mistakes ------------------------------------------------------------------------------------

struct Case {
  std::string config;
  std::string error;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.config;
}
class BadRuntimeConfigTest : public testing::TestWithParam<Case> {};
TEST_P(BadRuntimeConfigTest, IsRefusedWithItsPlace) {
  EXPECT_EQ(error_of(kPlain, GetParam().config), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, BadRuntimeConfigTest,
    testing::Values(
        Case{"setings: {}\n", "r.yaml:1:1: setings: unknown key; did you mean \"settings\"?"},
        Case{"enable_cache: true\n",
             "r.yaml:1:1: enable_cache: unknown key; expected one of run_name, environment, settings, steps"},
        Case{"steps: { aa: { settings: {} } }\n",
             "r.yaml:1:10: steps.aa: \"aa\" is no step of the pipeline d (p.yaml); did you mean \"a\"?"},
        Case{"steps: { a: { setting: {} } }\n",
             "r.yaml:1:15: steps.a.setting: unknown key; did you mean \"settings\"?"},
        Case{"steps: [a]\n", "r.yaml:1:8: steps: found a list, expected a mapping"},
        Case{"steps: { a: { step_operator: clster } }\n",
             "r.yaml:1:30: steps.a.step_operator: \"clster\" is no step operator of the stack demo (stack.yaml); did "
             "you "
             "mean \"cluster\"?"},
        Case{"settings: { pod_settings: {} }\n",
             "r.yaml:1:13: settings.pod_settings: unknown key; expected step_operator, step_operator.FLAVOR or "
             "step_operator:NAME"},
        Case{"settings: { step_operatr: {} }\n",
             "r.yaml:1:13: settings.step_operatr: unknown key; expected step_operator, step_operator.FLAVOR or "
             "step_operator:NAME"},
        Case{"settings: { step_operator.kubernets: {} }\n",
             "r.yaml:1:13: settings.\"step_operator.kubernets\": no step operator of the stack demo (stack.yaml) has "
             "the "
             "flavor \"kubernets\"; did you mean \"kubernetes\"?"},
        Case{"settings: { \"step_operator:clster\": {} }\n",
             "r.yaml:1:13: settings.\"step_operator:clster\": no step operator of the stack demo (stack.yaml) has the "
             "name \"clster\"; did you mean \"cluster\"?"},
        Case{"settings: { step_operator: no }\n",
             "r.yaml:1:28: settings.step_operator: found a string (\"no\"), expected a mapping"},
        Case{"settings: { step_operator: ~ }\n",
             "r.yaml:1:28: settings.step_operator: found null (~), expected a mapping"},
        Case{"settings:\n", "r.yaml:1:1: settings: found nothing, expected a mapping"},
        Case{"settings: { step_operator: { a: 1, a: 2 } }\n",
             "r.yaml:1:36: settings.step_operator.a: duplicate key; it is already at line 1"},
        Case{"environment: { A: 1e3, B: yes, C: 0777, D: 12:30:00, E: 2026-01-01, F: .5, G: null }\n",
             "r.yaml:1:19: environment.A: found a number (1e3), expected a string; quote it: \"1e3\"\n"
             "r.yaml:1:72: environment.F: found a number (.5), expected a string; quote it: \".5\"\n"
             "r.yaml:1:79: environment.G: found null (null), expected a string; quote it: \"null\""},
        Case{"run_name: 5\n", "r.yaml:1:11: run_name: found a number (5), expected a string; quote it: \"5\""},
        Case{"- settings\n", "r.yaml:1:1: found a list, expected a mapping"}));

// ---- YAML that looks like something else ---------------------------------------------------------

struct Lookalike {
  std::string written;
  const char* read;  // JSON
  std::string hint;
};
void PrintTo(const Lookalike& c, std::ostream* out) {
  *out << c.written;
}
class LookalikeTest : public testing::TestWithParam<Lookalike> {};
TEST_P(LookalikeTest, IsReadAsYaml12HasItAndSaysSo) {
  const YamlDocument document =
      parse_yaml("r.yaml", "settings: { step_operator: { x: " + GetParam().written + " } }\n");
  EXPECT_EQ(to_json(document.root).at("settings").at("step_operator").at("x"), json(GetParam().read));
  const Pipeline pipeline = bound(kPlain, "settings: { step_operator: { x: " + GetParam().written + " } }\n");
  const Finding finding = where_asked({&document, nullptr}, pipeline.steps[0], *stack().find("cluster"), "settings.x");
  EXPECT_EQ(finding.place, (Place{1, 30}));
  EXPECT_EQ(finding.hint, GetParam().hint);
}

INSTANTIATE_TEST_SUITE_P(
    Values, LookalikeTest,
    testing::Values(Lookalike{"no", "\"no\"", "no is a string in YAML 1.2; write false, or quote it"},
                    Lookalike{"Off", "\"Off\"", "Off is a string in YAML 1.2; write false, or quote it"},
                    Lookalike{"yes", "\"yes\"", "yes is a string in YAML 1.2; write true, or quote it"},
                    Lookalike{"\"no\"", "\"no\"", ""}, Lookalike{"False", "false", ""}, Lookalike{"1e3", "1000.0", ""},
                    Lookalike{"0777", "\"0777\"",
                              "0777 is a string in YAML 1.2, because it could be octal or decimal; write 0o777 or 777"},
                    Lookalike{"0o777", "511", ""}, Lookalike{"0x1F", "31", ""},
                    Lookalike{"1_000", "\"1_000\"", "1_000 is a string in YAML 1.2; write 1000"},
                    Lookalike{".5", "0.5", ""},
                    Lookalike{"12:30:00", "\"12:30:00\"",
                              "12:30:00 is a string in YAML 1.2, not a number of seconds; write the number"},
                    Lookalike{"2026-01-01", "\"2026-01-01\"", "2026-01-01 is a string in YAML 1.2, not a date"},
                    Lookalike{"~", "null", ""}, Lookalike{"null", "null", ""}, Lookalike{"nul", "\"nul\"", ""},
                    Lookalike{"4 GB", "\"4 GB\"", ""}, Lookalike{"!!str 5", "\"5\"", ""}));

TEST(WhereAsked, PrefersTheFileThatWins) {
  const YamlDocument pipeline = parse_yaml("p.yaml", R"(pipeline: d
settings: { x: { y: 1 }, z: 1 }
steps:
  a:
    settings: { x: { y: 2 } }
)");
  const YamlDocument runtime = parse_yaml("r.yaml", R"(settings:
  step_operator: { x: { y: 3 } }
  step_operator.kubernetes: { x: { y: 4 } }
)");
  Step step;
  step.name = "a";
  step.place = {4, 3};
  const StepOperatorEntry& cluster = *stack().find("cluster");
  const auto told = [&](const RequestFiles& files, const char* path) {
    Finding finding = where_asked(files, step, cluster, path);
    finding.message = "!";
    return to_text(finding);
  };
  EXPECT_EQ(told({&pipeline, &runtime}, "settings.x.y"), "r.yaml:3:36: settings.\"step_operator.kubernetes\".x.y: !");
  EXPECT_EQ(told({&pipeline, nullptr}, "settings.x.y"), "p.yaml:5:22: steps.a.settings.x.y: !");
  EXPECT_EQ(told({&pipeline, &runtime}, "settings.z"), "p.yaml:2:26: settings.z: !");
  EXPECT_EQ(told({&pipeline, &runtime}, "command"), "p.yaml:4:3: steps.a.command: !");
  EXPECT_EQ(told({&pipeline, &runtime}, ""), "p.yaml:4:3: steps.a: !");
}

}  // namespace
}  // namespace stepop::orchestrator
