// The stack file: where plugins are, and the step operators that a pipeline's steps can name.
//
//   name: demo
//   plugin_directories: [../../build/dev/plugins]      # relative to this file
//   step_operators:
//     cluster: { flavor: kubernetes, configuration: { kubernetes_namespace: zenml } }
//     here:    { flavor: local }
//   service_connectors: {...}                          # input/service_connector.hpp; may be left out
//   default_step_operator: cluster                     # of steps that name none; may be left out
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "input/service_connector.hpp"
#include "input/template.hpp"
#include "input/yaml_document.hpp"

namespace stepop::orchestrator {

struct StepOperatorEntry {
  std::string name;
  std::string flavor;
  boost::json::object configuration;  // the plugin's, its references as input/late_text.hpp has them
  std::string connector;              // the service connector that reaches its cluster; "" for none
  std::string connector_resource_id;  // which of the connector's clusters; "" for the connector's own
  Place place;                        // of the entry; {} after a journal
  Place flavor_place;
};

struct Stack {
  std::string file;  // as it is shown
  std::string name;
  std::vector<std::filesystem::path> plugin_directories;  // absolute
  std::vector<StepOperatorEntry> step_operators;
  std::vector<ServiceConnectorEntry> service_connectors;
  std::string default_step_operator;  // one of the step operators; "" for none

  const StepOperatorEntry* find(const std::string& step_operator) const;
  const ServiceConnectorEntry* find_connector(const std::string& name) const;
  std::vector<std::string> names() const;
  std::vector<std::string> connector_names() const;
};

// Throws BadInput with every mistake. `base` is what relative plugin directories, and files that a configuration refers
// to, are relative to.
Stack read_stack(const YamlDocument&, const std::filesystem::path& base, const Environment&);

// For the journal: a resumed run never reads the file again.
boost::json::object to_json(const Stack&);
Stack stack_from_json(const boost::json::object&);  // REQUIRES: made by to_json

}  // namespace stepop::orchestrator
