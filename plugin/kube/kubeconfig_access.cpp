// What a kubeconfig's cluster and user ask for, under kubectl's rules of what goes together (client-go's
// tools/clientcmd/validation.go and tools/clientcmd/client_config.go).
#include <boost/json.hpp>

#include "kube/base64.hpp"
#include "kube/config_error.hpp"
#include "kube/kubeconfig_entry.hpp"
#include "kube/proxy.hpp"

namespace stepop::kube {
namespace {

constexpr const char* exec_extension = "client.authentication.k8s.io/exec";
constexpr const char* insecure_warning =
    "insecure-skip-tls-verify: whoever stands between here and the server can read and change everything, "
    "the credentials among it";

/// JSON that was written here from a kubeconfig's texts. Only one thing can be wrong with it, and is better found now
/// than when the plugin is run.
boost::json::value parsed(const std::string& text, const Entry& entry) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) throw ConfigError(entry.path, "a text that is not UTF-8", "UTF-8");
  return value;
}

/// `spec.cluster` of an ExecCredential.
std::string cluster_json(const Entry& cluster, const ClusterAccess& access) {
  boost::json::object out;
  out["server"] = access.server;
  if (!access.tls_server_name.empty()) out["tls-server-name"] = access.tls_server_name;
  if (access.insecure_skip_tls_verify) out["insecure-skip-tls-verify"] = true;
  if (!access.ca_pem.empty()) out["certificate-authority-data"] = base64(access.ca_pem);
  if (const std::string proxy = text_at(cluster, "proxy-url"); !proxy.empty()) out["proxy-url"] = proxy;
  if (flag_at(cluster, "disable-compression")) out["disable-compression"] = true;
  const YAML::Node extensions = cluster.body["extensions"];
  if (extensions && extensions.IsSequence()) {
    for (const auto& item : extensions) {
      if (!item.IsMap()) continue;
      const YAML::Node name = item["name"];
      if (name && name.IsScalar() && name.Scalar() == exec_extension) {
        const Entry config{item["extension"], cluster.path + ".extensions", cluster.folder};
        out["config"] = parsed(json_of(config), config);
      }
    }
  }
  const std::string text = boost::json::serialize(out);
  parsed(text, cluster);
  return text;
}

void add_variables(const Entry& exec, const std::vector<std::string>& environment, ExecPlugin& plugin) {
  plugin.environment = environment;
  const YAML::Node list = exec.body["env"];
  if (!list || list.IsNull()) return;
  if (!list.IsSequence()) throw ConfigError(exec.path + ".env", kind_of(list), "a list of name and value");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Entry item{list[i], exec.path + ".env[" + std::to_string(i) + ']', exec.folder};
    if (!item.body.IsMap()) throw ConfigError(item.path, kind_of(item.body), "a name and a value");
    const std::string name = text_at(item, "name");
    if (name.empty() || name.find('=') != std::string::npos) {
      throw ConfigError(item.path + ".name", name.empty() ? "nothing" : in_quotes(name), "the name of a variable");
    }
    std::erase_if(plugin.environment, [&](const std::string& line) { return line.starts_with(name + '='); });
    plugin.environment.push_back(name + '=' + text_at(item, "value"));
    plugin.added_names.push_back(name);
  }
}

ExecPlugin read_exec(const Entry& exec, const Entry& cluster, const std::vector<std::string>& environment,
                     const ClusterAccess& access) {
  refuse_misspelled_keys(
      exec, {"command", "args", "env", "apiVersion", "installHint", "provideClusterInfo", "interactiveMode"});
  ExecPlugin plugin;
  plugin.command = text_at(exec, "command");
  if (plugin.command.empty()) throw ConfigError(exec.path + ".command", "nothing", "the program to run");
  // Only what is a path is relative to the file; a name alone is looked for in PATH.
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = std::filesystem::absolute(resolved(exec, "command", plugin.command)).string();
  }
  plugin.arguments = texts_at(exec, "args");
  plugin.api_version = text_at(exec, "apiVersion");
  if (plugin.api_version != exec_v1 && plugin.api_version != exec_v1beta1) {
    throw ConfigError(exec.path + ".apiVersion", plugin.api_version.empty() ? "nothing" : in_quotes(plugin.api_version),
                      std::string(exec_v1) + " or " + std::string(exec_v1beta1));
  }
  const std::string mode = text_at(exec, "interactiveMode");
  if (mode.empty() && plugin.api_version == exec_v1) {
    throw ConfigError(exec.path + ".interactiveMode", "nothing", "Never, IfAvailable or Always");
  }
  if (!mode.empty() && mode != "Never" && mode != "IfAvailable" && mode != "Always") {
    throw ConfigError(exec.path + ".interactiveMode", in_quotes(mode), "Never, IfAvailable or Always");
  }
  if (mode == "Always") {
    throw ConfigError(exec.path + ".interactiveMode", in_quotes(mode), "Never or IfAvailable",
                      "nobody is at a plugin's terminal to be asked");
  }
  plugin.install_hint = text_at(exec, "installHint");
  if (flag_at(exec, "provideClusterInfo")) plugin.cluster_json = cluster_json(cluster, access);
  add_variables(exec, environment, plugin);
  return plugin;
}

ClusterAccess::Impersonation read_impersonation(const Entry& user) {
  ClusterAccess::Impersonation out;
  out.user = text_at(user, "as");
  out.uid = text_at(user, "as-uid");
  out.groups = texts_at(user, "as-groups");
  const Entry extra = entry_at(user, "as-user-extra");
  for (const auto& field : extra.body) {
    const std::string key = field.first.IsScalar() ? field.first.Scalar() : "";
    if (key.empty()) throw ConfigError(extra.path, "a key that is no text", "a map of lists");
    out.extra[key] = texts_at(extra, key.c_str());
  }
  if (out.user.empty() && (!out.uid.empty() || !out.groups.empty() || !out.extra.empty())) {
    throw ConfigError(user.path + ".as", "nothing", "the name of whom to act as",
                      "as-uid, as-groups and as-user-extra go with a name");
  }
  return out;
}

}  // namespace

void read_cluster(const Entry& cluster, ClusterAccess& access) {
  refuse_misspelled_keys(cluster, {"server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority",
                                   "certificate-authority-data", "proxy-url", "disable-compression", "extensions"});
  access.server = text_at(cluster, "server");
  if (access.server.empty()) {
    throw ConfigError(cluster.path + ".server", "nothing", "the URL of the API server");
  }
  access.tls_server_name = text_at(cluster, "tls-server-name");
  access.insecure_skip_tls_verify = flag_at(cluster, "insecure-skip-tls-verify");
  // Nothing that we ask for is compressed, whatever it says.
  flag_at(cluster, "disable-compression");
  const Pem ca = data_or_file(cluster, "certificate-authority");
  access.ca_pem = ca.text;
  access.ca_file = ca.file;
  if (access.insecure_skip_tls_verify && !access.ca_pem.empty()) {
    throw ConfigError(cluster.path + ".insecure-skip-tls-verify", "true beside a certificate-authority",
                      "one of the two");
  }
  if (access.insecure_skip_tls_verify) access.warnings.emplace_back(insecure_warning);
  access.proxy_url = text_at(cluster, "proxy-url");
  if (!access.proxy_url.empty()) parse_proxy_url(access.proxy_url, cluster.path + ".proxy-url");
}

void read_user(const Entry& user, const Entry& cluster, const std::vector<std::string>& environment,
               ClusterAccess& access) {
  refuse_misspelled_keys(user, {"client-certificate", "client-certificate-data", "client-key", "client-key-data",
                                "token", "tokenFile", "username", "password", "exec", "auth-provider", "as", "as-uid",
                                "as-groups", "as-user-extra", "extensions"});
  const Entry provider = entry_at(user, "auth-provider");
  if (!provider.body.IsNull() && provider.body.size() > 0) {
    throw ConfigError(provider.path, "an auth-provider", "a client certificate, token, tokenFile, password or exec",
                      "auth providers are no longer part of Kubernetes: use the exec plugin that took its place");
  }
  const Pem certificate = data_or_file(user, "client-certificate");
  const Pem key = data_or_file(user, "client-key");
  access.client_certificate_pem = certificate.text;
  access.client_certificate_file = certificate.file;
  access.client_key_pem = key.text;
  access.client_key_file = key.file;
  if (certificate.text.empty() != key.text.empty()) {
    const bool key_missing = key.text.empty();
    throw ConfigError(user.path + (key_missing ? ".client-key" : ".client-certificate"), "nothing",
                      key_missing ? "the key of the client certificate" : "the certificate of the client key");
  }
  access.token = text_at(user, "token");
  if (const std::string file = text_at(user, "tokenFile"); !file.empty()) {
    access.token_file = std::filesystem::absolute(resolved(user, "tokenFile", file)).string();
    // A token beside it is what is used while the file cannot be read.
    if (access.token.empty()) read_file(access.token_file, user.path + ".tokenFile");
  }
  access.username = text_at(user, "username");
  access.password = text_at(user, "password");
  const bool basic = !access.username.empty() || !access.password.empty();
  if (basic && (!access.token.empty() || !access.token_file.empty())) {
    throw ConfigError(user.path, "a token and a password", "one of the two");
  }
  access.impersonate = read_impersonation(user);
  const Entry exec = entry_at(user, "exec");
  if (exec.body.IsNull() || exec.body.size() == 0) return;
  ExecPlugin plugin = read_exec(exec, cluster, environment, access);
  // As kubectl has it: a plugin is asked only when nothing else says who it is.
  const bool known = basic || !access.token.empty() || !access.token_file.empty() || !access.client_key_pem.empty();
  if (!known) access.exec = std::move(plugin);
}

}  // namespace stepop::kube
