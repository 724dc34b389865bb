#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stepop::kube {

/// A credential plugin of a kubeconfig: `users[].user.exec` ("client-go credential plugins").
struct ExecPlugin {
  /// Absolute, or a name to be looked for in the PATH of `environment`.
  std::string command{};
  std::vector<std::string> arguments{};
  /// `NAME=value`: the process's own (as `open` found it), then what the kubeconfig adds, which wins.
  std::vector<std::string> environment{};
  /// The names that the kubeconfig adds: their values are kept out of messages.
  std::vector<std::string> added_names{};
  std::string api_version{};
  std::string install_hint{};
  /// `spec.cluster` of the ExecCredential as JSON; empty without `provideClusterInfo`.
  std::string cluster_json{};
  /// How long it may run: a login through a browser is not for us, a slow cloud is.
  std::chrono::milliseconds timeout{60'000};
};

/// What a source of credentials gives. It holds secrets.
struct Credentials {
  std::string token{};
  std::string client_certificate_pem{};
  std::string client_key_pem{};
  /// When they end, by the clock of whoever made them; nothing: nobody knows.
  std::optional<std::chrono::system_clock::time_point> expires_at{};
};

inline constexpr std::string_view exec_v1 = "client.authentication.k8s.io/v1";
inline constexpr std::string_view exec_v1beta1 = "client.authentication.k8s.io/v1beta1";

/// The value of KUBERNETES_EXEC_INFO. Nobody is there to be asked: `interactive` is false.
std::string exec_info(const ExecPlugin& plugin);

/// Reads what the plugin printed: an ExecCredential of the plugin's API version, with a status.
/// Throws std::runtime_error with a sentence that quotes nothing of it.
Credentials read_exec_credential(const ExecPlugin& plugin, std::string_view printed);

/// The end of what a plugin wrote for people, fit for a message: one line, without the values that the kubeconfig put
/// into its environment, without those of variables and options whose name speaks of a secret, and without anything
/// that looks like a token.
std::string exec_stderr(const ExecPlugin& plugin, std::string_view written);

}  // namespace stepop::kube
