#include "connectors/connector.hpp"

#include "connectors/encoding.hpp"

namespace stepop::connectors {

std::unique_ptr<Connector> make_connector(const Configuration& configuration) {
  if (configuration.type == "aws") return make_aws_connector(configuration);
  if (configuration.type == "gcp") return make_gcp_connector(configuration);
  if (configuration.type == "azure") return make_azure_connector(configuration);
  return make_kubernetes_connector(configuration);
}

std::string pem_of(const Configuration& configuration, std::string_view attribute, std::string_view label) {
  std::string text = configuration.text(attribute);
  if (text.empty()) return text;
  if (text.find("-----BEGIN ") == std::string::npos) text = from_base64(text).value_or("");
  if (text.find("-----BEGIN ") == std::string::npos || text.find(label) == std::string::npos) {
    throw Error(STEPOP_E_INVALID,
                std::vector<Finding>{{Finding::Level::error, "WrongValue", "configuration." + std::string(attribute),
                                      "expected PEM with a " + std::string(label) + ", base64 encoded", "", false}});
  }
  return text;
}

}  // namespace stepop::connectors
