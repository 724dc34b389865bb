#include "connectors/aws/implicit.hpp"

#include <algorithm>
#include <set>
#include <stepop/nearest_name.hpp>

#include "connectors/answer.hpp"
#include "connectors/aws/exchange.hpp"
#include "connectors/aws/profiles.hpp"
#include "connectors/aws/sts.hpp"

namespace stepop::connectors::aws {
namespace {

// Nothing but an instance answers there: elsewhere a second is enough to know.
constexpr std::chrono::milliseconds kMetadataTimeout{1000};

Error unusable(const std::string& message, const std::string& hint = "") {
  return Error(STEPOP_E_INVALID, message, hint);
}

std::string read_required(const Surroundings& around, const std::string& path, const std::string& who) {
  auto text = around.read_file(path);
  if (!text) throw unusable(who + ": the file " + path + " cannot be read");
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return *text;
}

// What containers and instances are given: one JSON object.
Credentials read_metadata(const Call& call, const Answer& answer, const std::string& what) {
  const json::object object = object_of(call, answer, what);
  Credentials credentials{text_of(object, "AccessKeyId", what), text_of(object, "SecretAccessKey", what),
                          text_or_empty(object, "Token"), std::nullopt};
  if (const std::string expiry = text_or_empty(object, "Expiration"); !expiry.empty())
    credentials.expires_at = time_of(expiry, what);
  return credentials;
}

class Search {
 public:
  Search(const Surroundings& around, std::string region) : around_(around), region_(std::move(region)) {
    const auto read = [&](const char* variable, const char* usual, bool config) {
      const std::string path = around.home_path(around.variable(variable).value_or(usual));
      const auto text = around.read_file(path);
      return read_profiles(text.value_or(""), config);
    };
    profiles_ = merged(read("AWS_CONFIG_FILE", "~/.aws/config", true),
                       read("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", false));
  }

  const Profiles& profiles() const { return profiles_; }

  std::optional<Credentials> of_environment() const {
    const auto id = around_.variable("AWS_ACCESS_KEY_ID");
    if (!id) return std::nullopt;
    const auto secret = around_.variable("AWS_SECRET_ACCESS_KEY");
    if (!secret) throw unusable("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    return Credentials{*id, *secret, around_.variable("AWS_SESSION_TOKEN").value_or(""), std::nullopt};
  }

  std::optional<Credentials> of_profile(const std::string& name) {
    const auto found = profiles_.find(name);
    if (found == profiles_.end()) return std::nullopt;
    const Profile& profile = found->second;
    const auto value = [&](const char* key) {
      const auto at = profile.find(key);
      return at == profile.end() ? std::string() : at->second;
    };
    const std::string who = "the AWS profile " + name;
    const bool again = !visited_.insert(name).second;
    const bool has_keys = !value("aws_access_key_id").empty();
    if (const std::string role = value("role_arn"); !role.empty() && !(again && has_keys)) {
      if (again) throw unusable(who + ": its source_profile leads back to itself");
      return role_of(who, role, value);
    }
    if (has_keys) {
      if (value("aws_secret_access_key").empty())
        throw unusable(who + " has an aws_access_key_id, but no aws_secret_access_key");
      return Credentials{value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token"),
                         std::nullopt};
    }
    for (const char* key : {"sso_session", "sso_start_url", "credential_process"}) {
      if (!value(key).empty()) {
        throw unusable(who + " uses " + key + ", which stepop does not have",
                       "name another profile, or a role with web_identity_token_file");
      }
    }
    return std::nullopt;
  }

  std::optional<Credentials> of_web_identity() const {
    const auto file = around_.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role = around_.variable("AWS_ROLE_ARN");
    if (!file || !role) return std::nullopt;
    Session session;
    session.name = around_.variable("AWS_ROLE_SESSION_NAME").value_or(session.name);
    return web_identity(*role, session, *file, "AWS_WEB_IDENTITY_TOKEN_FILE");
  }

  std::optional<Credentials> of_container() const {
    Call call;
    if (const auto relative = around_.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
      call.url = "http://169.254.170.2" + *relative;
    } else if (const auto full = around_.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
      call.url = *full;
      require_safe(call.url);
    } else {
      return std::nullopt;
    }
    auto token = around_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = around_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
      token = read_required(around_, *file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (token) {
      call.headers.emplace_back("Authorization", *token);
      call.secrets.push_back(*token);
    }
    return read_metadata(call, around_.ask(call), "the container's AWS credentials");
  }

  Credentials of_instance() const {
    std::string base = around_.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
    while (base.ends_with("/")) base.pop_back();
    const std::string what = "the AWS credentials of this machine's role";
    Call token;
    token.method = kube::Method::Put;
    token.url = base + "/latest/api/token";
    token.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    token.timeout = kMetadataTimeout;
    const Answer given = around_.ask(token);
    if (given.status != 200) throw refusal(token, given, what);
    Call role;
    role.url = base + "/latest/meta-data/iam/security-credentials/";
    role.headers = {{"x-aws-ec2-metadata-token", given.body}};
    role.secrets = {given.body};
    role.timeout = kMetadataTimeout;
    const Answer named = around_.ask(role);
    if (named.status != 200) throw refusal(role, named, what, "give the machine a role");
    Call credentials = role;
    credentials.url += named.body.substr(0, named.body.find_first_of("\r\n"));
    return read_metadata(credentials, around_.ask(credentials), what);
  }

 private:
  template <class Value>
  Credentials role_of(const std::string& who, const std::string& role, const Value& value) {
    if (!value("mfa_serial").empty())
      throw unusable(who + " asks for a code of a device (mfa_serial), which nobody is there to type");
    Session session;
    if (!value("role_session_name").empty()) session.name = value("role_session_name");
    session.external_id = value("external_id");
    if (const std::string seconds = value("duration_seconds"); !seconds.empty()) {
      session.seconds = std::atoi(seconds.c_str());
      if (session.seconds < 900)
        throw unusable(who + ": found duration_seconds " + seconds + ", expected a whole number from 900");
    }
    if (const std::string file = value("web_identity_token_file"); !file.empty())
      return web_identity(role, session, file, who);
    const std::string source = value("source_profile"), from = value("credential_source");
    std::optional<Credentials> base;
    if (!source.empty()) {
      if (!profiles_.contains(source)) {
        std::vector<std::string> names;
        for (const auto& profile : profiles_) names.push_back(profile.first);
        throw unusable(who + ": its source_profile \"" + source + "\" is no profile", did_you_mean(source, names));
      }
      base = of_profile(source);
      if (!base) throw unusable(who + ": its source_profile \"" + source + "\" has no credentials");
    } else if (from == "Environment") {
      base = of_environment();
    } else if (from == "EcsContainer") {
      base = of_container();
    } else if (from == "Ec2InstanceMetadata") {
      base = of_instance();
    } else {
      throw unusable(who + " has a role_arn, and " +
                         (from.empty() ? "neither a source_profile nor a credential_source"
                                       : "a credential_source \"" + from + "\""),
                     "a credential_source is Environment, Ec2InstanceMetadata or EcsContainer");
    }
    if (!base) throw unusable(who + ": there are no credentials in its credential_source " + from);
    const auto [call, answer] =
        ask_signed(around_, assume_role(endpoint_of(around_, "sts", region_), role, session), *base, {region_, "sts"});
    return read_credentials(call, answer, "the role " + role + " of " + who);
  }

  Credentials web_identity(const std::string& role, const Session& session, const std::string& file,
                           const std::string& who) const {
    const std::string token = read_required(around_, around_.home_path(file), who);
    const Call call = assume_role_with_web_identity(endpoint_of(around_, "sts", region_), role, session, token);
    return read_credentials(call, around_.ask(call), "the role " + role + " by web identity");
  }

  // Over plain HTTP credentials come from this machine, or from where ECS and EKS put their agents, alone.
  static void require_safe(const std::string& url) {
    if (url.starts_with("https://")) return;
    for (const char* host : {"http://127.0.0.1", "http://localhost", "http://[::1]", "http://169.254.170.2",
                             "http://169.254.170.23", "http://[fd00:ec2::23]"}) {
      const std::string rest = url.starts_with(host) ? url.substr(std::string_view(host).size()) : "x";
      if (rest.empty() || rest.front() == ':' || rest.front() == '/') return;
    }
    throw unusable("AWS_CONTAINER_CREDENTIALS_FULL_URI: found " + origin_of(url) +
                   ", expected https://, or http:// to this machine or to ECS's or EKS's agent");
  }

  const Surroundings& around_;
  std::string region_;
  Profiles profiles_;
  std::set<std::string> visited_;
};

}  // namespace

Credentials implicit_credentials(const Surroundings& around, const std::string& profile, const std::string& region) {
  Search search(around, region);
  if (profile.empty()) {
    if (auto found = search.of_environment()) return *found;
  }
  auto named = profile;
  if (named.empty())
    named = around.variable("AWS_PROFILE").value_or(around.variable("AWS_DEFAULT_PROFILE").value_or(""));
  if (!named.empty() && !search.profiles().contains(named)) {
    std::vector<std::string> names;
    for (const auto& entry : search.profiles()) names.push_back(entry.first);
    throw unusable("there is no AWS profile \"" + named + "\" in the shared config and credentials files",
                   did_you_mean(named, names));
  }
  if (auto found = search.of_profile(named.empty() ? "default" : named)) return *found;
  if (auto found = search.of_web_identity()) return *found;
  if (auto found = search.of_container()) return *found;
  const std::string hint =
      "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or run where there is a role";
  if (around.variable("AWS_EC2_METADATA_DISABLED").value_or("") == "true") {
    throw Error(STEPOP_E_FORBIDDEN,
                "found no AWS credentials in the environment, the shared files, web identity or a container", hint);
  }
  try {
    return search.of_instance();
  } catch (const Error& nobody) {
    if (nobody.code() != STEPOP_E_UNAVAILABLE && nobody.code() != STEPOP_E_TIMEOUT) throw;
    throw Error(STEPOP_E_FORBIDDEN,
                "found no AWS credentials in the environment, the shared files, web identity or a container, and this "
                "machine has no metadata service",
                hint);
  }
}

}  // namespace stepop::connectors::aws
