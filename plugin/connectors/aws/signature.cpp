#include "connectors/aws/signature.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "connectors/encoding.hpp"
#include "kube/targets.hpp"

namespace stepop::connectors::aws {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";

struct UrlParts {
  std::string host;  // with a port that is not the scheme's own
  std::string path;
  std::string query;
};

UrlParts split(const std::string& url) {
  UrlParts parts;
  const std::string origin = origin_of(url);
  parts.host = origin.substr(origin.find("://") + 3);
  for (const auto& [scheme, port] : {std::pair<std::string, std::string>{"https://", ":443"}, {"http://", ":80"}}) {
    if (origin.starts_with(scheme) && parts.host.ends_with(port)) parts.host.resize(parts.host.size() - port.size());
  }
  const std::string rest = url.substr(origin.size());
  const auto question = rest.find('?');
  parts.path = rest.substr(0, question);
  if (question != std::string::npos) parts.query = rest.substr(question + 1);
  return parts;
}

std::string percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      bytes += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

// Without empty and dot segments, and encoded once more than it is sent: so every service but S3 has it.
std::string canonical_path(const std::string& path) {
  std::vector<std::string> segments;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('/', begin), path.size());
    const std::string segment = path.substr(begin, end - begin);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    begin = end + 1;
  }
  std::string canonical;
  for (const std::string& segment : segments) canonical += "/" + kube::percent_encode(segment);
  const bool slash_at_end = path.ends_with("/") || path.ends_with("/.") || path.ends_with("/..");
  return canonical.empty() ? "/" : slash_at_end ? canonical + "/" : canonical;
}

std::string canonical_query(const std::string& query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  std::size_t begin = 0;
  while (begin < query.size()) {
    const auto end = std::min(query.find('&', begin), query.size());
    const std::string parameter = query.substr(begin, end - begin);
    const auto equals = std::min(parameter.find('='), parameter.size());
    parameters.emplace_back(
        kube::percent_encode(percent_decoded(parameter.substr(0, equals))),
        equals < parameter.size() ? kube::percent_encode(percent_decoded(parameter.substr(equals + 1))) : "");
    begin = end + 1;
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) canonical += (canonical.empty() ? "" : "&") + name + "=" + value;
  return canonical;
}

// Without white space at the ends, and with one blank for several.
std::string trimmed(std::string_view value) {
  std::string text;
  for (const char c : value) {
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (blank && (text.empty() || text.back() == ' ')) continue;
    text += blank ? ' ' : c;
  }
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// By lower-case name; several of one name are one, in their order.
std::map<std::string, std::string> signed_headers(const Call& call) {
  std::map<std::string, std::string> headers{{"host", split(call.url).host}};
  for (const auto& [name, value] : call.headers) {
    if (lower(name) == "host") continue;
    auto [at, fresh] = headers.emplace(lower(name), trimmed(value));
    if (!fresh) at->second += "," + trimmed(value);
  }
  return headers;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& header : headers) names += (names.empty() ? "" : ";") + header.first;
  return names;
}

std::string scope_text(const Scope& scope, const std::string& time) {
  return time.substr(0, 8) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

std::string signature(const Call& call, const Credentials& credentials, const Scope& scope, const std::string& time) {
  const std::string text = std::string(kAlgorithm) + "\n" + time + "\n" + scope_text(scope, time) + "\n" +
                           hex(sha256(canonical_request(call)));
  std::string key = hmac_sha256("AWS4" + credentials.secret_access_key, time.substr(0, 8));
  for (const std::string& part : {scope.region, scope.service, std::string("aws4_request")})
    key = hmac_sha256(key, part);
  return hex(hmac_sha256(key, text));
}

}  // namespace

std::string canonical_request(const Call& call) {
  const UrlParts url = split(call.url);
  const auto headers = signed_headers(call);
  std::string text = std::string(kube::method_name(call.method)) + "\n" + canonical_path(url.path) + "\n" +
                     canonical_query(url.query) + "\n";
  for (const auto& [name, value] : headers) text += name + ":" + value + "\n";
  return text + "\n" + names_of(headers) + "\n" + hex(sha256(call.body));
}

Call signed_call(Call call, const Credentials& credentials, const Scope& scope, Time now) {
  const std::string time = basic_time(now.time_since_epoch().count());
  call.headers.emplace_back("X-Amz-Date", time);
  if (!credentials.session_token.empty()) {
    call.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
    call.secrets.push_back(credentials.session_token);
  }
  call.secrets.push_back(credentials.secret_access_key);
  const std::string made = signature(call, credentials, scope, time);
  call.secrets.push_back(made);
  call.headers.emplace_back("Authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id +
                                                 "/" + scope_text(scope, time) + ", SignedHeaders=" +
                                                 names_of(signed_headers(call)) + ", Signature=" + made);
  return call;
}

std::string presigned_url(const Call& call, const Credentials& credentials, const Scope& scope, Time now,
                          std::chrono::seconds lifetime) {
  const std::string time = basic_time(now.time_since_epoch().count());
  Call with = call;
  Pairs query{{"X-Amz-Algorithm", kAlgorithm},
              {"X-Amz-Credential", credentials.access_key_id + "/" + scope_text(scope, time)},
              {"X-Amz-Date", time},
              {"X-Amz-Expires", std::to_string(lifetime.count())},
              {"X-Amz-SignedHeaders", names_of(signed_headers(call))}};
  if (!credentials.session_token.empty()) query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  with.url += (call.url.find('?') == std::string::npos ? "?" : "&") + form(query);
  return with.url + "&X-Amz-Signature=" + signature(with, credentials, scope, time);
}

}  // namespace stepop::connectors::aws
