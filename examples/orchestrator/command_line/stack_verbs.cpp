#include "command_line/verbs.hpp"
#include "commands/stack_commands.hpp"

namespace stepop::orchestrator {
namespace {

// What stands below a verb must be given.
CLI::App* add_group(CLI::App& app, const char* name, const char* what) {
  CLI::App* group = app.add_subcommand(name, what);
  group->require_subcommand(1);
  return group;
}

void add_stack_options(CLI::App& verb, StackOptions& options, bool with_plugins = true) {
  add_stack(verb, options.stack);
  if (with_plugins) add_plugin_directories(verb, options.plugin_directories);
}

void add_step_operator_name(CLI::App& verb, std::string& name) {
  verb.add_option("NAME", name, "A step operator's name")->required()->type_name("");
}

constexpr const char* kSettings =
    "--KEY VALUE and --KEY=VALUE are the flavor's own settings; `stepop step-operator flavor describe FLAVOR` lists "
    "them.\n"
    "What is no text is read as YAML or JSON: 600, true, '{\"requests\": {\"cpu\": \"2\"}}'. @FILE is what is in a "
    "file.\n"
    "The plugin checks all of it first: with any mistake the stack file stays as it is.\n\n";

Verb add_register(CLI::App& group) {
  auto command = std::make_shared<StepOperatorCommand>();
  CLI::App* verb = group.add_subcommand("register", "Add a step operator to the stack");
  add_step_operator_name(*verb, command->name);
  verb->add_option("-f,--flavor", command->flavor, "Its flavor; `stepop step-operator flavor list` lists them")
      ->required()
      ->type_name("FLAVOR");
  verb->add_option("-c,--connector", command->connection.connector,
                   "A service connector of the stack that reaches its cluster, as with `connect`")
      ->type_name("NAME");
  verb->add_option("--ri,--resource-id", command->connection.resource_id,
                   "One cluster of the connector, as `stepop service-connector list-resources` names it")
      ->type_name("ID")
      ->needs("--connector");
  verb->add_flag_callback(
          "--no-verify", [command] { command->connection.verify = false; }, "Connect it without asking the cloud")
      ->needs("--connector");
  add_stack_options(*verb, command->options);
  add_state_directory(*verb, command->options.state_directory);
  verb->footer(kSettings + std::string("Example:\n  stepop step-operator register cluster --flavor kubernetes "
                                       "--kubernetes_context=my-cluster"));
  return {verb, [command] { return register_step_operator(*command); }, &command->settings};
}

Verb add_update(CLI::App& group) {
  auto command = std::make_shared<StepOperatorCommand>();
  CLI::App* verb = group.add_subcommand("update", "Change settings of a step operator");
  add_step_operator_name(*verb, command->name);
  verb->add_option("--remove", command->removed, "A setting that goes; can be given several times")
      ->type_name("KEY")
      ->allow_extra_args(false);
  add_stack_options(*verb, command->options);
  add_state_directory(*verb, command->options.state_directory);
  verb->footer(kSettings + std::string("Example:\n  stepop step-operator update cluster --startup_timeout_seconds 900 "
                                       "--remove kubernetes_context"));
  return {verb, [command] { return update_step_operator(*command); }, &command->settings};
}

Verb add_delete(CLI::App& group) {
  auto command = std::make_shared<StepOperatorCommand>();
  CLI::App* verb = group.add_subcommand("delete", "Take a step operator out of the stack");
  add_step_operator_name(*verb, command->name);
  add_stack_options(*verb, command->options, false);
  return {verb, [command] { return delete_step_operator(*command); }};
}

Verb add_list(CLI::App& group) {
  auto command = std::make_shared<StepOperatorCommand>();
  CLI::App* verb = group.add_subcommand("list", "List the stack's step operators");
  add_stack_options(*verb, command->options, false);
  add_output(*verb, command->options.output);
  return {verb, [command] { return list_step_operators(*command); }};
}

Verb add_describe(CLI::App& group) {
  auto command = std::make_shared<StepOperatorCommand>();
  CLI::App* verb = group.add_subcommand("describe", "Show a step operator: its plugin and its configuration");
  add_step_operator_name(*verb, command->name);
  add_stack_options(*verb, command->options);
  add_output(*verb, command->options.output);
  return {verb, [command] { return describe_step_operator(*command); }};
}

Verb add_flavor_list(CLI::App& group) {
  auto command = std::make_shared<FlavorCommand>();
  CLI::App* verb = group.add_subcommand("list", "List the flavors of all plugins");
  add_stack_options(*verb, command->options);
  add_output(*verb, command->options.output);
  return {verb, [command] { return list_flavors(*command); }};
}

Verb add_flavor_describe(CLI::App& group) {
  auto command = std::make_shared<FlavorCommand>();
  CLI::App* verb = group.add_subcommand("describe", "Show what a flavor can be told");
  verb->add_option("FLAVOR", command->name, "A flavor's name")->required()->type_name("");
  verb->add_option("--schema", command->schema,
                   "Print a JSON Schema (draft 2020-12): that of the\n`configuration` (without a word), of a step's "
                   "`settings`, or of a `request`")
      ->expected(0, 1)
      ->default_str("configuration")
      ->check(CLI::IsMember({"configuration", "settings", "request"}).description(""))
      ->type_name("WHICH");
  add_stack_options(*verb, command->options);
  add_output(*verb, command->options.output);
  verb->footer(
      "Examples:\n  stepop step-operator flavor describe kubernetes\n"
      "  stepop step-operator flavor describe kubernetes --schema settings > settings.schema.json");
  return {verb, [command] { return describe_flavor(*command); }};
}

void add_stack_name(CLI::App& verb, StackCommand& command, bool required) {
  CLI::Option* name = verb.add_option("NAME", command.name,
                                      required ? "A stack's name" : "A stack's name (else the one that is used now)");
  name->required(required)->type_name("");
}

void add_step_operators(CLI::App& verb, StackCommand& command) {
  verb.add_option("-s,--step_operator,--step-operator", command.step_operators,
                  "A step operator of the stack, taken from another stack when it has none of that name;\n"
                  "can be given several times: steps that name none run on the first")
      ->type_name("NAME")
      ->allow_extra_args(false);
}

Verb add_stack_register(CLI::App& group) {
  auto command = std::make_shared<StackCommand>();
  CLI::App* verb = group.add_subcommand("register", "Make a stack");
  add_stack_name(*verb, *command, true);
  add_step_operators(*verb, *command);
  verb->add_flag("--set", command->set, "It is the active stack from now on");
  verb->add_option("--plugin-dir", command->options.plugin_directories, "Where its plugins are; written into it")
      ->type_name("DIR")
      ->allow_extra_args(false);
  add_state_directory(*verb, command->options.state_directory);
  return {verb, [command] { return register_stack(*command); }};
}

Verb add_stack_update(CLI::App& group) {
  auto command = std::make_shared<StackCommand>();
  CLI::App* verb = group.add_subcommand("update", "Add step operators to a stack; the first one is its default");
  add_stack_name(*verb, *command, false);
  add_step_operators(*verb, *command);
  verb->add_option("--plugin-dir", command->options.plugin_directories, "Where its plugins are; written into it")
      ->type_name("DIR")
      ->allow_extra_args(false);
  add_stack(*verb, command->options.stack);
  add_state_directory(*verb, command->options.state_directory);
  return {verb, [command] { return update_stack(*command); }};
}

Verb add_stack_set(CLI::App& group) {
  auto command = std::make_shared<StackCommand>();
  CLI::App* verb = group.add_subcommand("set", "Choose the active stack: the one that is used when none is given");
  add_stack_name(*verb, *command, true);
  return {verb, [command] { return set_stack(*command); }};
}

Verb add_stack_list(CLI::App& group) {
  auto command = std::make_shared<StackCommand>();
  CLI::App* verb = group.add_subcommand("list", "List the stacks");
  add_output(*verb, command->options.output);
  return {verb, [command] { return list_stacks(*command); }};
}

Verb add_stack_describe(CLI::App& group) {
  auto command = std::make_shared<StackCommand>();
  CLI::App* verb = group.add_subcommand("describe", "Show a stack");
  add_stack_name(*verb, *command, false);
  add_stack(*verb, command->options.stack);
  add_output(*verb, command->options.output);
  return {verb, [command] { return describe_stack(*command); }};
}

Verb add_stack_delete(CLI::App& group) {
  auto command = std::make_shared<StackCommand>();
  CLI::App* verb = group.add_subcommand("delete", "Delete a stack and its file");
  add_stack_name(*verb, *command, true);
  verb->add_flag("-y,--yes", command->yes, "Do not ask");
  return {verb, [command] { return delete_stack(*command); }};
}

Verb add_integration_list(CLI::App& group) {
  auto command = std::make_shared<IntegrationCommand>();
  CLI::App* verb = group.add_subcommand("list", "List the plugins that were found, and the files that are none");
  add_stack_options(*verb, command->options);
  add_output(*verb, command->options.output);
  return {verb, [command] { return list_integrations(*command); }};
}

Verb add_integration_install(CLI::App& group) {
  auto command = std::make_shared<IntegrationCommand>();
  CLI::App* verb =
      group.add_subcommand("install", "Say whether a plugin is there: it is one file, and nothing to install");
  verb->add_option("NAME", command->names, "A flavor or a plugin")->required()->type_name("");
  verb->add_flag("-y,--yes", command->yes, "As ZenML has it; there is nothing to ask");
  add_stack_options(*verb, command->options);
  return {verb, [command] { return install_integrations(*command); }};
}

}  // namespace

std::vector<Verb> stack_verbs(CLI::App& app) {
  CLI::App* step_operator = add_group(app, "step-operator", "Register, list, describe, update, delete step operators");
  CLI::App* stack = add_group(app, "stack", "Register, list, describe, set, update, delete stacks");
  CLI::App* integration = add_group(app, "integration", "List the plugins");
  CLI::App* flavor = add_group(*step_operator, "flavor", "List and describe flavors");
  return {add_register(*step_operator),
          add_list(*step_operator),
          add_describe(*step_operator),
          add_update(*step_operator),
          add_delete(*step_operator),
          add_flavor_list(*flavor),
          add_flavor_describe(*flavor),
          add_stack_register(*stack),
          add_stack_list(*stack),
          add_stack_describe(*stack),
          add_stack_set(*stack),
          add_stack_update(*stack),
          add_stack_delete(*stack),
          add_integration_list(*integration),
          add_integration_install(*integration)};
}

}  // namespace stepop::orchestrator
