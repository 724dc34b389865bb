// What a container may ask of its node.
#pragma once

#include <boost/json/array.hpp>
#include <functional>
#include <map>
#include <string>

#include "request/kind.hpp"
#include "request/quantity.hpp"

namespace stepop::request {

using ResourceList = std::map<std::string, Quantity, std::less<>>;

struct Resources {
  ResourceList requests;
  ResourceList limits;
  json::array claims;  // of dynamic resource allocation: ResourceClaim
};

Kind<Quantity> quantity_kind();

}  // namespace stepop::request
