#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace stepop::manifest {

namespace json = boost::json;

// A JSON value as bytes to be hashed: one text for a value, whatever the order of its keys, and two
// values never share one. It is our own, so that no library's way of writing JSON is part of a hash
// that lives in clusters. Every text is preceded by its length, every list and object by its count.
// REQUIRES: no number but integers of 64 bits (normal forms have no others). Throws
// std::logic_error else.
std::string canonical(const json::value& value);

}  // namespace stepop::manifest
