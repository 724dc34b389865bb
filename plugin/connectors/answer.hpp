// What a cloud answered, as what it should be, or an error in words that a person can act on. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <stepop/plugin.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/surroundings.hpp"

namespace stepop::connectors {

namespace json = boost::json;
using plugin::Error;
using plugin::Finding;

// The text with each of the secrets, also as a URL or a form writes it, as "***"; one line, and not long.
std::string without_secrets(std::string_view text, const std::vector<std::string>& secrets);

// A sentence for an answer that is no success: `what` is e.g. "STS AssumeRole" or "the GKE clusters of the project x".
// Never quotes an answer's body but for the cloud's own message. `hint` may be empty.
Error refusal(const Call&, const Answer&, const std::string& what, const std::string& hint = "");

// The JSON object of an answer of 2xx. Throws refusal(), or says that it is no JSON: cut in half, HTML.
json::object object_of(const Call&, const Answer&, const std::string& what, const std::string& hint = "");

// A member that must be a string that is not empty. Throws Error (UNAVAILABLE): the answer is not what it should be.
std::string text_of(const json::object& answer, std::string_view member, const std::string& what);
// "" where it is none.
std::string text_or_empty(const json::object&, std::string_view member);

// Seconds since 1970: `in` seconds after `now`, where "expires_in" is a number or a number as text, as Azure's older
// endpoints write it. Throws as text_of.
Time expiry_of(const json::object& answer, Time now, const std::string& what);

// A moment as RFC 3339 or "YYYY-MM-DD hh:mm:ss" in UTC. Throws as text_of.
Time time_of(std::string_view text, const std::string& what);

}  // namespace stepop::connectors
