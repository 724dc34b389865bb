// A service connector: from a cloud's credentials to access to a cluster.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/answer.hpp"
#include "connectors/configuration.hpp"
#include "kube/cluster_access.hpp"

namespace stepop::connectors {

struct Cluster {
  std::string id;        // what `resource_id` takes
  std::string name;      // as the cloud has it in full: an ARN, a path
  std::string location;  // region or zone; "" where it is not known
  std::string status;    // in the cloud's words; "" where it is not known
  std::string version;   // of Kubernetes; "" where it is not known
};

struct Access {
  Cluster cluster;
  kube::ClusterAccess access;      // holds secrets
  std::optional<Time> expires_at;  // when its credentials end; nothing where they do not, or nobody knows
};

// Who the credentials belong to, in the cloud's words: an ARN, an account, a client id. "" where it does not say.
struct Identity {
  std::string name;
  std::optional<Time> expires_at;
};

// An OAuth 2.0 access token, which is what Google's and Azure's APIs take.
struct Token {
  std::string text;
  std::optional<Time> expires_at;
};

// Stateless: each call obtains credentials anew. Every function blocks in Surroundings::ask, and throws plugin::Error:
// INVALID (what was configured cannot work), FORBIDDEN, NOT_FOUND, UNAVAILABLE, TIMEOUT. [thread-safe]
class Connector {
 public:
  virtual ~Connector() = default;
  // Whether the credentials are accepted at all.
  virtual Identity verify(const Surroundings&) const = 0;
  // Over all pages, by id.
  virtual std::vector<Cluster> list(const Surroundings&) const = 0;
  // `resource_id` as the type writes it; "" for the only one that there is.
  virtual Cluster describe(const Surroundings&, const std::string& resource_id) const = 0;
  // All that a client needs, with fresh credentials.
  virtual Access access(const Surroundings&, const std::string& resource_id) const = 0;
};

// Checks what can be checked without asking anybody. Throws plugin::Error (INVALID).
std::unique_ptr<Connector> make_connector(const Configuration&);

std::unique_ptr<Connector> make_kubernetes_connector(const Configuration&);
std::unique_ptr<Connector> make_aws_connector(const Configuration&);
std::unique_ptr<Connector> make_gcp_connector(const Configuration&);
std::unique_ptr<Connector> make_azure_connector(const Configuration&);

// The base64 of a PEM, or the PEM itself. Throws plugin::Error (INVALID), which names `attribute` and does not quote it.
std::string pem_of(const Configuration&, std::string_view attribute, std::string_view label);

}  // namespace stepop::connectors
