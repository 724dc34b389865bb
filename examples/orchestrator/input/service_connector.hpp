// Service connectors in a stack file: credentials for clusters, under ZenML's names. No text of a configuration is kept
// resolved, because it may be a secret: each is a reference (late_text.hpp), or the place where it stands (value_in_file.hpp).
//
//   service_connectors:
//     my-aws:
//       type: aws
//       auth_method: secret-key
//       resource_type: kubernetes-cluster      # optional, as the four below
//       resource_id: my-cluster
//       expiration_seconds: 3600
//       expires_at: 2026-01-31T12:00:00Z
//       configuration: { region: eu-central-1, aws_access_key_id: AKIA..., aws_secret_access_key: "${env:AWS_SECRET}" }
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "input/late_text.hpp"
#include "input/mapping_reader.hpp"

namespace stepop::orchestrator {

struct ServiceConnectorEntry {
  std::string name;
  std::string type;
  std::string auth_method;
  boost::json::object connector;  // what the plugin is given (stepop/draft/connectors.h), texts as said above
  Place place;
};

// The members of `service_connectors`.
std::vector<ServiceConnectorEntry> read_service_connectors(const YamlValue&, FileReading&);

boost::json::array to_json(const std::vector<ServiceConnectorEntry>&);
std::vector<ServiceConnectorEntry> service_connectors_from_json(const boost::json::array&);

// Resolved: it holds secrets.
boost::json::object resolved(const ServiceConnectorEntry&, const Environment&, std::vector<LateError>&);

// Whether a text of the configuration stands plainly in the file.
bool is_plain(const ServiceConnectorEntry&, const std::string& attribute);

}  // namespace stepop::orchestrator
