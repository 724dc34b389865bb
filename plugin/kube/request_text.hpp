#pragma once

#include <chrono>
#include <string>

#include "kube/http.hpp"
#include "kube/server_url.hpp"

namespace stepop::kube {

/// Why the request cannot be put into HTTP; empty when it can.
std::string problem_with(const Request& request);

/// The request as HTTP/1.1. `credentials`: the Authorization header's value, or empty.
/// `own_lines`: more headers, each with its end of line.
/// REQUIRES: problem_with(request) is empty.
std::string http_text(const Request& request, const ServerUrl& url, const std::string& credentials,
                      const std::string& user_agent, const std::string& own_lines = {});

/// `GET /api/v1/namespaces/dev/pods`, without the query, for messages.
std::string request_line(const Request& request);

/// `30 s`, for messages.
std::string time_text(std::chrono::milliseconds time);

}  // namespace stepop::kube
