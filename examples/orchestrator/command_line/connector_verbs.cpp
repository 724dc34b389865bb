#include "command_line/verbs.hpp"
#include "commands/stack_commands.hpp"

namespace stepop::orchestrator {
namespace {

void add_options(CLI::App& verb, ConnectorCommand& command, bool output = true) {
  add_stack(verb, command.options.stack);
  add_plugin_directories(verb, command.options.plugin_directories);
  if (output) add_output(verb, command.options.output);
}

void add_name(CLI::App& verb, ConnectorCommand& command, const char* what) {
  verb.add_option("NAME", command.name, what)->required()->type_name("");
}

void add_resource(CLI::App& verb, ConnectorCommand& command) {
  verb.add_option("-r,--resource-type", command.resource_type, "The type of resource")
      ->check(CLI::IsMember({"kubernetes-cluster"}).description(""))
      ->type_name("TYPE");
  verb.add_option("--ri,--resource-id", command.resource_id, "One cluster, as `list-resources` names it")
      ->type_name("ID");
}

void add_no_verify(CLI::App& verb, ConnectorCommand& command) {
  verb.add_flag_callback(
      "--no-verify", [&command] { command.verify = false; }, "Write it without asking the cloud");
}

Verb add_register(CLI::App& group) {
  auto command = std::make_shared<ConnectorCommand>();
  CLI::App* verb = group.add_subcommand("register", "Add a service connector to the stack");
  add_name(*verb, *command, "A service connector's name");
  verb->add_option("-t,--type", command->type, "Its type; `stepop service-connector list-types` lists them")
      ->required()
      ->type_name("TYPE");
  verb->add_option("-a,--auth-method", command->auth_method, "How it authenticates")->required()->type_name("METHOD");
  add_resource(*verb, *command);
  verb->add_option("--expiration-seconds", command->expiration_seconds, "How long what it issues lives")
      ->type_name("SECONDS");
  verb->add_option("--expires-at", command->expires_at, "When what it is given ends, e.g. 2026-01-31T12:00:00Z")
      ->type_name("TIME");
  add_no_verify(*verb, *command);
  add_options(*verb, *command, false);
  verb->footer(
      "--KEY VALUE and --KEY=VALUE are the method's attributes. Write a secret as a reference, '${env:NAME}' or\n"
      "'${file:PATH}', which is resolved when it is used; @FILE puts what is in a file now into the stack file, which\n"
      "only its owner can read from then on.\n\n"
      "Example:\n  stepop service-connector register prod --type aws --auth-method secret-key --region eu-central-1 "
      "\\\n"
      "    --aws_access_key_id '${env:KEY_ID}' --aws_secret_access_key '${env:KEY}'");
  return {verb, [command] { return register_service_connector(*command); }, &command->settings};
}

Verb add_verb(CLI::App& group, const char* name, const char* what, bool named, int (*call)(const ConnectorCommand&)) {
  auto command = std::make_shared<ConnectorCommand>();
  CLI::App* verb = group.add_subcommand(name, what);
  if (named) add_name(*verb, *command, "A service connector's name");
  add_options(*verb, *command);
  return {verb, [command, call] { return call(*command); }};
}

Verb add_verify(CLI::App& group) {
  auto command = std::make_shared<ConnectorCommand>();
  CLI::App* verb = group.add_subcommand("verify", "Ask the cloud whether a service connector works");
  add_name(*verb, *command, "A service connector's name");
  add_resource(*verb, *command);
  add_options(*verb, *command);
  return {verb, [command] { return verify_service_connector(*command); }};
}

Verb add_list_resources(CLI::App& group) {
  auto command = std::make_shared<ConnectorCommand>();
  CLI::App* verb = group.add_subcommand("list-resources", "List the clusters that the service connectors reach");
  add_resource(*verb, *command);
  verb->add_option("--connector-type", command->connector_type, "Those of one type alone")->type_name("TYPE");
  add_options(*verb, *command);
  return {verb, [command] { return list_connector_resources(*command); }};
}

Verb add_connect(CLI::App& group) {
  auto command = std::make_shared<ConnectorCommand>();
  CLI::App* verb = group.add_subcommand("connect", "Let a step operator reach its cluster by a service connector");
  add_name(*verb, *command, "A step operator's name");
  verb->add_option("-c,--connector", command->connector, "The service connector")->required()->type_name("NAME");
  add_resource(*verb, *command);
  add_no_verify(*verb, *command);
  add_options(*verb, *command, false);
  add_state_directory(*verb, command->options.state_directory);
  verb->footer("Example:\n  stepop step-operator connect cluster --connector prod --resource-id my-cluster");
  return {verb, [command] { return connect_step_operator(*command); }};
}

Verb add_disconnect(CLI::App& group) {
  auto command = std::make_shared<ConnectorCommand>();
  CLI::App* verb = group.add_subcommand("disconnect", "Take a step operator's service connector from it");
  add_name(*verb, *command, "A step operator's name");
  add_stack(*verb, command->options.stack);
  return {verb, [command] { return disconnect_step_operator(*command); }};
}

}  // namespace

std::vector<Verb> connector_verbs(CLI::App& app) {
  CLI::App* group = app.add_subcommand("service-connector", "Register, list, describe, verify, delete credentials");
  group->require_subcommand(1);
  return {
      add_register(*group),
      add_verb(*group, "list", "List the stack's service connectors", false, list_service_connectors),
      add_verb(*group, "describe", "Show a service connector, without its secrets", true, describe_service_connector),
      add_verify(*group),
      add_verb(*group, "delete", "Take a service connector out of the stack", true, delete_service_connector),
      add_verb(*group, "list-types", "List the types of service connectors", false, list_connector_types),
      add_list_resources(*group),
      add_connect(*app.get_subcommand("step-operator")),
      add_disconnect(*app.get_subcommand("step-operator"))};
}

}  // namespace stepop::orchestrator
