// A kubeconfig: access to a cluster, or a ConfigError; nothing else is ever thrown.
#include "kube/kubeconfig.hpp"
#include "kube/authorization.hpp"
#include "kube/proxy.hpp"
#include "kube/server_url.hpp"
#include "kube/tls_context.hpp"

#include "input.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

using kube::ClusterAccess;
using kube::ConfigError;

std::optional<ClusterAccess> load(const std::string& text, std::optional<std::string> context) {
  kube::KubeconfigQuery query;
  query.text = text;
  query.context = std::move(context);
  try {
    return kube::load_kubeconfig(query);
  } catch (const ConfigError& mistake) {
    require(!mistake.path().empty(), "a mistake has a place");
    require(!mistake.found().empty(), "a mistake says what was found");
    require(!mistake.expected().empty(), "a mistake says what was expected");
    return std::nullopt;
  }
}

bool same(const ClusterAccess& a, const ClusterAccess& b) {
  return a.server == b.server && a.ca_pem == b.ca_pem && a.tls_server_name == b.tls_server_name &&
         a.insecure_skip_tls_verify == b.insecure_skip_tls_verify &&
         a.client_certificate_pem == b.client_certificate_pem && a.client_key_pem == b.client_key_pem &&
         a.token == b.token && a.token_file == b.token_file && a.username == b.username && a.password == b.password &&
         a.proxy_url == b.proxy_url && a.exec.has_value() == b.exec.has_value() &&
         a.impersonate.user == b.impersonate.user && a.default_namespace == b.default_namespace &&
         a.context_name == b.context_name;
}

// Secrets are long; a short word may stand elsewhere too.
constexpr std::size_t shortest_secret = 12;

template <class F>
void only_config_errors(const ClusterAccess& access, F&& use) {
  try {
    use();
  } catch (const ConfigError& mistake) {
    const std::string said = mistake.what();
    for (const auto* secret : {&access.token, &access.password, &access.client_key_pem}) {
      if (secret->size() < shortest_secret) continue;
      for (const auto* open : {&access.server, &access.username, &access.context_name, &access.tls_server_name}) {
        if (open->find(*secret) != std::string::npos) return;
      }
      require(said.find(*secret) == std::string::npos, "a mistake never shows a secret");
    }
  }
}

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  Input input(data, size);
  // What a plugin prints and says is foreign, too.
  stepop::kube::ExecPlugin plugin;
  plugin.api_version = stepop::kube::exec_v1;
  try {
    const auto read = stepop::kube::read_exec_credential(plugin, input.text());
    require(!read.token.empty() || !read.client_key_pem.empty(), "credentials hold something");
  } catch (const std::runtime_error&) {
  }
  require(stepop::kube::exec_stderr(plugin, input.text()).size() < 1024, "what a plugin says is bounded");
  const auto access = load(input.text(), std::nullopt);
  if (!access) return 0;
  require(!access->server.empty(), "access has a server");
  require(!access->context_name.empty(), "access has a context");
  require(access->client_certificate_pem.empty() == access->client_key_pem.empty(), "a certificate comes with its key");
  require(!access->insecure_skip_tls_verify || access->ca_pem.empty(), "what is not verified needs no authority");
  const auto named = load(input.text(), access->context_name);
  require(named && same(*named, *access), "the current context, named, is the same");

  only_config_errors(*access, [&] {
    const auto url = stepop::kube::parse_server_url(access->server);
    require(!url.host.empty() && !url.port.empty(), "a server has a host and a port");
    require(url.prefix.empty() || url.prefix.back() != '/', "a prefix has no slash at its end");
  });
  only_config_errors(*access, [&] {
    auto without_file = *access;
    without_file.token_file.clear();
    const auto header = stepop::kube::Authorization(without_file).header({});
    require(header.has_value(), "without a file there is nothing to wait for");
    require(header->find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a header is one line");
  });
  only_config_errors(*access, [&] { stepop::kube::make_tls_context(*access); });
  if (!access->proxy_url.empty()) {
    const auto proxy = stepop::kube::parse_proxy_url(access->proxy_url, "proxy-url");
    require(!proxy.host.empty() && !proxy.port.empty(), "a proxy has a host and a port");
    require(proxy.display.find('@') == std::string::npos, "a proxy is told without its password");
  }
  if (access->exec) {
    require(!access->exec->command.empty(), "a plugin has a command");
    require(access->client_key_pem.empty() && access->token.empty(),
            "a plugin is asked only when nothing else is known");
    require(!stepop::kube::exec_info(*access->exec).empty(), "a plugin is told something");
  }
  return 0;
}
