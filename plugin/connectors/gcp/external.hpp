// The token of another issuer that Google exchanges: where the configuration of an external account says it is ("AIP-4117:
// External Account Credentials").
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "connectors/surroundings.hpp"

namespace stepop::connectors::gcp {

// From a file, a URL, or AWS's credentials of this process. Throws plugin::Error; `path` names the configuration in it.
std::string subject_token(const Surroundings&, const boost::json::object& file, const std::string& path);

}  // namespace stepop::connectors::gcp
