// The service connectors' types, methods and attributes, as ZenML 0.98 has them. What is not ZenML's is marked.
#include "connectors/configuration.hpp"

namespace stepop::connectors {
namespace {

using Kind = Attribute::Kind;

std::vector<Attribute> operator+(std::vector<Attribute> some, const std::vector<Attribute>& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

ConnectorType kubernetes() {
  const std::vector<Attribute> cluster{
      {"server", "URL of the API server", Kind::text, true},
      {"cluster_name", "name of the cluster: the resource's id", Kind::text, true},
      {"certificate_authority", "PEM of the authorities that sign the server's certificate, base64 encoded"},
      {"insecure", "do not verify the server's certificate", Kind::boolean},
  };
  return {"kubernetes",
          "Any Kubernetes cluster",
          {{"token", "A token, a client certificate, or both",
            cluster + std::vector<Attribute>{{"token", "bearer token", Kind::secret},
                                             {"client_certificate", "PEM, base64 encoded", Kind::secret},
                                             {"client_key", "PEM, base64 encoded", Kind::secret}}},
           {"password", "A user's name and password",
            cluster + std::vector<Attribute>{{"username", "name of the user", Kind::secret, true},
                                             {"password", "the user's password", Kind::secret, true}}}},
          "the connector's cluster_name"};
}

ConnectorType aws() {
  const std::vector<Attribute> base{
      {"region", "AWS region", Kind::text, true},
      {"endpoint_url", "URL of the EKS API, where it is another than the region's"},
  };
  const auto keys = base + std::vector<Attribute>{{"aws_access_key_id", "access key ID", Kind::secret, true},
                                                  {"aws_secret_access_key", "secret access key", Kind::secret, true}};
  const std::vector<Attribute> policies{
      {"policy_arns", "ARNs of managed policies that restrict the session", Kind::list},
      {"policy", "a policy as JSON that restricts the session; else one for EKS clusters alone"},
  };
  constexpr int hour = 3600;
  return {"aws",
          "Amazon Web Services",
          {{"implicit",
            "The environment, the shared config and credentials files, web identity, container credentials or the "
            "instance's role",
            base + policies +
                std::vector<Attribute>{{"profile_name", "profile of the shared files"},
                                       {"role_arn", "IAM role to assume with what was found"}},
            hour, 900, 12 * hour},
           {"secret-key", "An access key", keys},
           {"sts-token", "Temporary credentials that somebody else made",
            keys + std::vector<Attribute>{{"aws_session_token", "session token", Kind::secret, true}}},
           {"iam-role", "An IAM role that is assumed with an access key",
            keys + policies + std::vector<Attribute>{{"role_arn", "IAM role to assume", Kind::text, true}}, hour, 900,
            12 * hour},
           {"session-token", "Temporary credentials made with an access key", keys, 12 * hour, 900, 36 * hour},
           {"federation-token", "Temporary, restricted credentials made with an access key", keys + policies, 12 * hour,
            900, 36 * hour}},
          "the cluster's name, or its ARN"};
}

}  // namespace

const std::vector<ConnectorType>& connector_types() {
  static const std::vector<ConnectorType> types{aws(), kubernetes()};
  return types;
}

}  // namespace stepop::connectors
