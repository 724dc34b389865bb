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
  const std::vector<Attribute> certificate{
      {"client_certificate", "PEM, base64 encoded", Kind::secret},
      {"client_key", "PEM, base64 encoded", Kind::secret},
      // Ours, as the next: a file that somebody else rotates.
      {"client_certificate_file", "file with the PEM, read again before it ends"},
      {"client_key_file", "file with the PEM, read with it"},
  };
  return {
      "kubernetes",
      "Any Kubernetes cluster",
      {{"token", "A token, a client certificate, or both",
        cluster +
            std::vector<Attribute>{{"token", "bearer token", Kind::secret},
                                   {"token_file", "file with a token, read again before it ends, or every minute"}} +
            certificate},
       // ZenML has this one as a part of the method token.
       {"client-certificate", "A client certificate", cluster + certificate},
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

ConnectorType gcp() {
  const std::vector<Attribute> project{{"project_id", "project of the clusters", Kind::text, true}};
  const std::vector<Attribute> own_project{{"project_id", "project of the clusters; else the account's"}};
  const Attribute temporary{"generate_temporary_tokens", "taken as ZenML has it: tokens are what a cluster is given",
                            Kind::boolean};
  const auto account = own_project + std::vector<Attribute>{{"service_account_json",
                                                             "the service account's key file, as JSON or base64 "
                                                             "encoded",
                                                             Kind::secret, true},
                                                            temporary};
  return {"gcp",
          "Google Cloud",
          {{"implicit", "Application default credentials: a file, or the metadata server", project},
           {"user-account", "A user's credentials, as gcloud writes them",
            project + std::vector<Attribute>{{"user_account_json", "the credentials file, as JSON or base64 encoded",
                                              Kind::secret, true},
                                             temporary}},
           {"service-account", "A service account's key", account},
           {"external-account", "Workload identity federation: another cloud's or issuer's identity",
            project +
                std::vector<Attribute>{{"external_account_json",
                                        "the credentials configuration, as JSON or base64 encoded", Kind::secret, true},
                                       temporary}},
           {"oauth2-token", "A token that somebody else made",
            project + std::vector<Attribute>{{"token", "OAuth 2.0 access token", Kind::secret, true},
                                             {"service_account_email", "whose token it is"}}},
           {"impersonation", "A service account that is impersonated with another one's key",
            account + std::vector<Attribute>{{"target_principal", "e-mail address of the account to impersonate",
                                              Kind::text, true}},
            3600, 60, 12 * 3600}},
          "the cluster's name"};
}

ConnectorType azure() {
  const std::vector<Attribute> base{
      {"subscription_id", "subscription of the clusters; else all that the credentials may see"},
      {"resource_group", "resource group of the clusters; else all"},
      {"storage_account", "taken as ZenML has it: clusters need none"},
  };
  const std::vector<Attribute> tenant{{"tenant_id", "tenant of the credentials"}};
  return {
      "azure",
      "Microsoft Azure",
      {{"implicit", "The environment, workload identity, or a managed identity", base + tenant},
       {"service-principal", "A service principal, with a secret or a certificate",
        base +
            std::vector<Attribute>{{"tenant_id", "tenant of the service principal", Kind::text, true},
                                   {"client_id", "client ID of the service principal", Kind::text, true},
                                   {"client_secret", "its secret", Kind::secret},
                                   // Ours: ZenML has the secret alone.
                                   {"client_certificate",
                                    "PEM of its certificate and private key, as it is or base64 encoded", Kind::secret},
                                   {"client_certificate_password", "password of the private key", Kind::secret}}},
       {"access-token", "A token that somebody else made",
        base + tenant +
            std::vector<Attribute>{{"token", "access token for Azure's resource manager", Kind::secret, true}}}},
      "RESOURCE_GROUP/NAME, or the cluster's name where it is in one resource group alone"};
}

}  // namespace

const std::vector<ConnectorType>& connector_types() {
  static const std::vector<ConnectorType> types{aws(), azure(), gcp(), kubernetes()};
  return types;
}

}  // namespace stepop::connectors
