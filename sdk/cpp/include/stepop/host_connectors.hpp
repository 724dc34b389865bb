// For hosts: the extension stepop.connectors/1, from a cloud's credentials to access to a cluster.
#pragma once

#include <stepop/draft/connectors.h>

#include <stepop/host.hpp>

namespace stepop::host {

// A plugin's service connectors: stepop/draft/connectors.h, whose words the JSON of these is in. Each throws Error.
class Connectors {
 public:
  // Throws UNSUPPORTED where the plugin has none.
  explicit Connectors(const Plugin&);

  json::array types() const;
  void validate(const json::object& connector) const;
  json::object verify(const json::object& connector, std::chrono::milliseconds timeout) const;
  json::array list_resources(const json::object& connector, const std::string& resource_type,
                             std::chrono::milliseconds timeout) const;
  // `resource_id`: "" for the connector's own.
  json::object describe_resource(const json::object& connector, const std::string& resource_id,
                                 std::chrono::milliseconds timeout) const;
  // Holds secrets: never print it.
  json::object access(const json::object& connector, const std::string& resource_id,
                      std::chrono::milliseconds timeout) const;

 private:
  Plugin plugin_;
};

}  // namespace stepop::host
