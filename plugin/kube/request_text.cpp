#include "kube/request_text.hpp"

#include <algorithm>

namespace stepop::kube {
namespace {

bool fits_in_a_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c != 0x7f; });
}

}  // namespace

std::string problem_with(const Request& request) {
  const std::string& target = request.target;
  if (target.empty() || target.front() != '/') return "the target does not begin with '/'";
  if (!std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return "the target is not percent-encoded";
  }
  if (!fits_in_a_line(request.content_type)) return "the content type is not one";
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || !fits_in_a_line(name) || !fits_in_a_line(value)) return "a header does not fit in a line";
  }
  return {};
}

std::string time_text(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

std::string request_line(const Request& request) {
  return std::string(method_name(request.method)) + ' ' + request.target.substr(0, request.target.find('?'));
}

std::string http_text(const Request& request, const ServerUrl& url, const std::string& credentials,
                      const std::string& user_agent) {
  std::string text;
  text.reserve(512 + request.target.size() + credentials.size() + request.body.size());
  text.append(method_name(request.method)).append(" ").append(url.prefix);
  text.append(request.target).append(" HTTP/1.1\r\nHost: ").append(url.host_header);
  text.append("\r\nUser-Agent: ").append(user_agent);
  text.append("\r\n");
  const bool accepts = std::any_of(request.headers.begin(), request.headers.end(),
                                   [](const auto& header) { return header.first == "Accept"; });
  // Logs are text/plain, everything else is JSON.
  if (!accepts) text.append("Accept: application/json, */*\r\n");
  for (const auto& [name, value] : request.headers) text.append(name).append(": ").append(value).append("\r\n");
  if (!credentials.empty()) text.append("Authorization: ").append(credentials).append("\r\n");
  const bool may_have_body = request.method != Method::Get;
  if (!request.body.empty()) text.append("Content-Type: ").append(request.content_type).append("\r\n");
  if (may_have_body || !request.body.empty()) {
    text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  text.append("\r\n").append(request.body);
  return text;
}

}  // namespace stepop::kube
