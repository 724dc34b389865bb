#include "kube/exec_plugin.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <stdexcept>

#include "kube/timestamp.hpp"

namespace stepop::kube {
namespace {

namespace json = boost::json;

// Of what a plugin says before it fails the end is the reason.
constexpr std::size_t longest_stderr = 600;
// Nothing shorter is a secret worth the name, and "true" or "eu-west-1" in a message should stay.
constexpr std::size_t shortest_secret = 8;
// Words of so many letters, digits and token punctuation are no words of a language.
constexpr std::size_t token_length = 40;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_string()) throw std::runtime_error("printed a " + std::string(key) + " that is no string");
  return std::string(value->get_string());
}

void replace_all(std::string& text, const std::string& what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

bool of_a_token(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_.+/=~").find(c) != std::string_view::npos;
}

// By such words in a name people, and clouds, say that its value is a secret.
bool names_a_secret(std::string_view name) {
  std::string small(name);
  std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return std::tolower(c); });
  // Where a secret lies is no secret, and what a person needs to know.
  if (small.ends_with("file") || small.ends_with("path")) return false;
  static constexpr std::array words{"secret", "password", "passwd", "passphrase", "token", "credential", "key"};
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return small.find(w) != std::string::npos; });
}

// What must not be repeated: what the kubeconfig adds to the environment, what the process has there under a name that
// says so, and the arguments that such an option takes (`--client-secret X`, `--client-secret=X`). The longest first,
// as one may be a part of another.
std::vector<std::string> secrets_of(const ExecPlugin& plugin) {
  std::vector<std::string> out;
  const auto add = [&out](std::string_view value) {
    if (value.size() >= shortest_secret) out.emplace_back(value);
  };
  for (const std::string_view line : plugin.environment) {
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view name = line.substr(0, equals);
    const auto& added = plugin.added_names;
    const bool hidden = names_a_secret(name) || std::find(added.begin(), added.end(), name) != added.end();
    if (hidden && equals < line.size()) add(line.substr(equals + 1));
  }
  bool is_value = false;
  for (const std::string_view argument : plugin.arguments) {
    const bool is_option = argument.starts_with('-');
    const std::size_t equals = argument.find('=');
    if (is_value && !is_option) add(argument);
    is_value = is_option && equals == std::string_view::npos && names_a_secret(argument);
    if (equals != std::string_view::npos && names_a_secret(argument.substr(0, equals)))
      add(argument.substr(equals + 1));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return out;
}

// A path or a URL has a '/' early and often; a token has none, or few in a long run.
bool looks_like_a_token(std::string_view word) {
  if (word.starts_with("eyJ") && word.size() > 2 * shortest_secret) return true;
  if (word.size() < token_length) return false;
  const auto digits = std::count_if(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return digits > 2 && std::count(word.begin(), word.end(), '/') * 16 < static_cast<long>(word.size());
}

}  // namespace

std::string exec_info(const ExecPlugin& plugin) {
  json::object spec;
  if (!plugin.cluster_json.empty()) spec["cluster"] = json::parse(plugin.cluster_json);
  spec["interactive"] = false;
  return json::serialize(
      json::object{{"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", std::move(spec)}});
}

Credentials read_exec_credential(const ExecPlugin& plugin, std::string_view printed) {
  boost::system::error_code error;
  const json::value document = json::parse(printed, error);
  if (error || !document.is_object()) {
    throw std::runtime_error(printed.find_first_not_of(" \t\r\n") == std::string_view::npos
                                 ? "printed nothing, where an ExecCredential was expected"
                                 : "printed no JSON object, where an ExecCredential was expected");
  }
  const json::object& object = document.get_object();
  if (text_of(object, "kind") != "ExecCredential")
    throw std::runtime_error("printed something that is no ExecCredential");
  if (text_of(object, "apiVersion") != plugin.api_version) {
    throw std::runtime_error("printed an ExecCredential of another version than " + plugin.api_version +
                             ", which the kubeconfig names");
  }
  const json::value* status = object.if_contains("status");
  if (status == nullptr || !status->is_object()) throw std::runtime_error("printed an ExecCredential without a status");
  const json::object& fields = status->get_object();
  Credentials credentials;
  credentials.token = text_of(fields, "token");
  credentials.client_certificate_pem = text_of(fields, "clientCertificateData");
  credentials.client_key_pem = text_of(fields, "clientKeyData");
  if (credentials.client_certificate_pem.empty() != credentials.client_key_pem.empty()) {
    throw std::runtime_error("gave only one of clientCertificateData and clientKeyData");
  }
  if (credentials.token.empty() && credentials.client_key_pem.empty()) {
    throw std::runtime_error("gave neither a token nor a client certificate");
  }
  if (!std::all_of(credentials.token.begin(), credentials.token.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    throw std::runtime_error("gave a token that no header can hold");
  }
  if (const std::string expiry = text_of(fields, "expirationTimestamp"); !expiry.empty()) {
    const auto time = parse_rfc3339(expiry);
    if (!time) throw std::runtime_error("gave an expirationTimestamp that is no RFC 3339 time");
    credentials.expires_at = to_wall_clock(*time);
  }
  return credentials;
}

std::string exec_stderr(const ExecPlugin& plugin, std::string_view written) {
  std::string text(written);
  for (const std::string& secret : secrets_of(plugin)) replace_all(text, secret, "(hidden)");
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && of_a_token(text[end])) ++end;
    if (end > i) {
      const std::string_view word(text.data() + i, end - i);
      out += looks_like_a_token(word) ? "(hidden)" : std::string(word);
      i = end;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i++]);
    const char kept = c < 0x20 || c == 0x7f ? ' ' : static_cast<char>(c);
    if (kept != ' ' || (!out.empty() && out.back() != ' ')) out += kept;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.size() <= longest_stderr) return out;
  std::size_t begin = out.size() - longest_stderr;
  while (begin < out.size() && (static_cast<unsigned char>(out[begin]) & 0xc0) == 0x80) ++begin;  // not inside a letter
  return "…" + out.substr(begin);
}

}  // namespace stepop::kube
