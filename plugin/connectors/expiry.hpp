// When credentials end, as they say it themselves. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "connectors/surroundings.hpp"
#include "kube/cluster_access.hpp"

namespace stepop::connectors {

// notAfter of the first certificate; nothing where there is none that can be read.
std::optional<Time> end_of_certificate(std::string_view pem);

// "exp" of a JSON Web Token (RFC 7519), which is not verified; nothing for any other token.
std::optional<Time> end_of_token(std::string_view token);

// The earlier of the two: the first of an access's credentials to end.
std::optional<Time> end_of(const kube::ClusterAccess&);

std::optional<Time> earlier(std::optional<Time>, std::optional<Time>);

}  // namespace stepop::connectors
