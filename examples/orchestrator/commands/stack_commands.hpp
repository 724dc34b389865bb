// The verbs that look at stacks and edit them: `step-operator`, `stack`, `integration`, with ZenML's words. Each returns
// the exit status, and throws BadInput before anything has changed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/output.hpp"
#include "input/key_values.hpp"

namespace stepop::orchestrator {

// What they share: which stack is meant, and where plugins are.
struct StackOptions {
  std::optional<std::string> stack;  // a file or a name; else $STEPOP_STACK, else the active one
  std::vector<std::string> plugin_directories;
  std::optional<std::string> state_directory;
  Output output = Output::text;
};

// The service connector by which a step operator reaches its cluster, as a command asks for it.
struct Connection {
  std::string connector;    // "": none
  std::string resource_id;  // "": the connector's only cluster
  bool verify = true;       // ask the cloud first
};

struct StepOperatorCommand {
  StackOptions options;
  std::string name;
  std::string flavor;                // of register
  std::vector<KeyValue> settings;    // of register and update
  std::vector<std::string> removed;  // of update: keys
  Connection connection;             // of register
};
int register_step_operator(const StepOperatorCommand&);
int list_step_operators(const StepOperatorCommand&);
int describe_step_operator(const StepOperatorCommand&);
int update_step_operator(const StepOperatorCommand&);
int delete_step_operator(const StepOperatorCommand&);

struct FlavorCommand {
  StackOptions options;
  std::string name;
  std::string schema;  // "configuration", "settings", "request": print that JSON Schema; "" for the table
};
int list_flavors(const FlavorCommand&);
int describe_flavor(const FlavorCommand&);

struct StackCommand {
  StackOptions options;
  std::string name;                         // "" for the one that `options` means
  std::vector<std::string> step_operators;  // of register and update
  bool set = false;                         // of register: it is the active one from now on
  bool yes = false;                         // of delete: do not ask
};
int register_stack(const StackCommand&);
int list_stacks(const StackCommand&);
int describe_stack(const StackCommand&);
int set_stack(const StackCommand&);
int update_stack(const StackCommand&);
int delete_stack(const StackCommand&);

struct ConnectorCommand {
  StackOptions options;
  std::string name;
  std::string type, auth_method;                     // of register
  std::string resource_type = "kubernetes-cluster";  // the only one
  std::string resource_id;
  std::optional<int> expiration_seconds;  // of register
  std::string expires_at;                 // of register
  std::string connector_type;             // of list-resources: "" for all
  std::string connector;                  // of connect; `name` is the step operator
  std::vector<KeyValue> settings;         // of register: the method's attributes
  bool verify = true;                     // of register and connect: ask the cloud first
};
int register_service_connector(const ConnectorCommand&);
int list_service_connectors(const ConnectorCommand&);
int describe_service_connector(const ConnectorCommand&);
int verify_service_connector(const ConnectorCommand&);
int delete_service_connector(const ConnectorCommand&);
int list_connector_types(const ConnectorCommand&);
int list_connector_resources(const ConnectorCommand&);
int connect_step_operator(const ConnectorCommand&);
int disconnect_step_operator(const ConnectorCommand&);

struct IntegrationCommand {
  StackOptions options;
  std::vector<std::string> names;
  bool yes = false;  // of install: there is nothing to ask
};
int list_integrations(const IntegrationCommand&);
int install_integrations(const IntegrationCommand&);

}  // namespace stepop::orchestrator
