#include "connectors/gcp/credentials.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <stepop/nearest_name.hpp>

#include "connectors/encoding.hpp"
#include "connectors/gcp/external.hpp"

namespace stepop::connectors::gcp {
namespace {

constexpr int kImpersonatedSeconds = 3600;

Error wrong(const std::string& path, const std::string& message, const std::string& hint = "") {
  return Error(STEPOP_E_INVALID,
               std::vector<Finding>{{Finding::Level::error, "WrongValue", path, message, hint, false}});
}

Token of_service_account(const Surroundings& around, const json::object& file, const std::string& path) {
  const ServiceAccount account = read_service_account(file, path);
  const std::string what = "a token of the service account " + account.email;
  const Time before = around.now();
  Call call = service_account_token(account, before);
  Answer answer = around.ask(call);
  // Google takes no assertion of a future or long past time. Its refusal tells its time.
  constexpr std::chrono::seconds tolerated{60};
  const auto off = around.now() - before;
  if (answer.status == 400 && (off > tolerated || -off > tolerated)) {
    call = service_account_token(account, around.now());
    answer = around.ask(call);
  }
  return read_token(call, answer, around.now(), what);
}

// The account's address is in the URL: .../serviceAccounts/ADDRESS:generateAccessToken.
std::string account_of(const std::string& url) {
  const auto slash = url.rfind('/');
  return url.substr(slash + 1, url.rfind(':') - slash - 1);
}

int lifetime_of(const json::object& file) {
  const json::value* options = file.if_contains("service_account_impersonation");
  if (options == nullptr || !options->is_object()) return kImpersonatedSeconds;
  const json::value* seconds = options->get_object().if_contains("token_lifetime_seconds");
  return seconds != nullptr && seconds->is_int64() && seconds->get_int64() >= 600 && seconds->get_int64() <= 43200
             ? static_cast<int>(seconds->get_int64())
             : kImpersonatedSeconds;
}

Token of_external_account(const Surroundings& around, const json::object& file, const std::string& path) {
  for (const char* member : {"audience", "subject_token_type"}) {
    if (text_or_empty(file, member).empty())
      throw wrong(path + "." + member, "is missing, expected a text", "is the file whole?");
  }
  const Call call = exchanged_token(file, subject_token(around, file, path));
  const Token token = read_token(call, around.ask(call), around.now(), "a token of the external account");
  const std::string url = text_or_empty(file, "service_account_impersonation_url");
  return url.empty() ? token : impersonate(around, url, account_of(url), token, lifetime_of(file));
}

}  // namespace

json::object read_file_text(const std::string& text, const std::string& path) {
  json::error_code error;
  json::value parsed = json::parse(text, error);
  if (error) parsed = json::parse(from_base64(text).value_or(""), error);
  if (error || !parsed.is_object())
    throw wrong(path, "found " + std::to_string(text.size()) + " characters that are no whole JSON object",
                "is the file cut?");
  return std::move(parsed.get_object());
}

Token impersonate(const Surroundings& around, const std::string& url, const std::string& account, const Token& source,
                  int seconds, const json::array& delegates) {
  const Call call = impersonated_token(url, source.text, seconds, delegates);
  return read_impersonated(call, around.ask(call), "a token of the service account " + account + ", impersonated");
}

Token token_of_file(const Surroundings& around, const json::object& file, const std::string& path) {
  static const std::vector<std::string> types{"authorized_user", "service_account", "external_account",
                                              "impersonated_service_account"};
  const std::string type = text_or_empty(file, "type");
  if (type == "service_account") return of_service_account(around, file, path);
  if (type == "external_account") return of_external_account(around, file, path);
  if (type == "authorized_user") {
    const Call call = user_token(file, path);
    return read_token(call, around.ask(call), around.now(), "a token of the user's account");
  }
  if (type == "impersonated_service_account") {
    const json::value* source = file.if_contains("source_credentials");
    const std::string url = text_or_empty(file, "service_account_impersonation_url");
    if (source == nullptr || !source->is_object() || url.empty() ||
        text_or_empty(source->get_object(), "type") == type) {
      throw wrong(path, "expected source_credentials of another type and a service_account_impersonation_url");
    }
    const json::value* delegates = file.if_contains("delegates");
    return impersonate(around, url, account_of(url),
                       token_of_file(around, source->get_object(), path + ".source_credentials"), kImpersonatedSeconds,
                       delegates != nullptr && delegates->is_array() ? delegates->get_array() : json::array());
  }
  throw wrong(path + ".type", type.empty() ? "is missing, expected a type of credentials" : "found \"" + type + "\"",
              did_you_mean(type, types));
}

Token default_token(const Surroundings& around) {
  const auto named = around.variable("GOOGLE_APPLICATION_CREDENTIALS");
  const std::string path =
      named.value_or(around.variable("CLOUDSDK_CONFIG").value_or(around.home_path("~/.config/gcloud")) +
                     "/application_default_credentials.json");
  if (const auto text = around.read_file(path)) return token_of_file(around, read_file_text(*text, path), path);
  if (named) throw wrong("GOOGLE_APPLICATION_CREDENTIALS", "the file " + path + " cannot be read");
  const Call call =
      metadata_token("http://" + around.variable("GCE_METADATA_HOST").value_or("metadata.google.internal"));
  Answer answer;
  try {
    answer = around.ask(call);
  } catch (const Error&) {
    throw Error(STEPOP_E_FORBIDDEN,
                "found no Google credentials: no GOOGLE_APPLICATION_CREDENTIALS, no " + path +
                    ", and this machine has no metadata server",
                "name a credentials file, or run where there is a service account");
  }
  return read_token(call, answer, around.now(), "a token of this machine's service account");
}

}  // namespace stepop::connectors::gcp
