// A service connector, as a source of credentials for kube::Client.
#pragma once

#include <map>
#include <string>

#include "connectors/blocking_source.hpp"
#include "connectors/configuration.hpp"

namespace stepop::connectors {

// Access to the cluster `configuration.resource_id`, obtained anew by each fetch. `configuration` is checked already.
// `variables`: the environment. `trouble` as BlockingSource has it. kube::initialise_tls() must have been called.
// Its destructor takes a fraction of a second, unless a name is being resolved.
std::unique_ptr<kube::CredentialSource> make_cluster_source(boost::asio::io_context& io, Configuration configuration,
                                                            std::map<std::string, std::string> variables,
                                                            std::function<void(const plugin::Error&)> trouble);

}  // namespace stepop::connectors
