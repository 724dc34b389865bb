#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/cluster_access.hpp"
#include "kube/config_error.hpp"

namespace stepop::kube {

/// Which kubeconfig to read, and which of its contexts. Environment variables are never read
/// here: the caller passes what it found in them.
struct KubeconfigQuery {
  /// A whole kubeconfig in memory (YAML or JSON). When given, no kubeconfig file is read, and
  /// relative paths inside are an error.
  std::optional<std::string> text{};
  /// One file, named explicitly. When given it must exist, and `paths` and `home` are not used.
  std::optional<std::string> file{};
  /// The elements of `KUBECONFIG` (split at ':'). Empty elements and missing files are skipped.
  std::vector<std::string> paths{};
  /// Home directory: with no `paths`, `<home>/.kube/config` is read.
  std::string home{};
  /// `NAME=value`: the proxy variables are looked for in it, and an exec plugin gets it.
  std::vector<std::string> environment{};
  /// Context to use; by default the `current-context`.
  std::optional<std::string> context{};
};

/// Splits the value of `KUBECONFIG` at ':' and drops empty elements.
std::vector<std::string> split_kubeconfig_variable(const std::string& value);

/// Reads and merges the kubeconfig files and gives access to the cluster of one context.
///
/// Merging is kubectl's ("Organizing Cluster Access Using kubeconfig Files"): the first file that
/// sets `current-context`, or defines a cluster, user or context name, wins, whole entry by whole
/// entry. Relative paths are relative to the file they stand in. Inline `*-data` beside a file is an error.
/// Files that the chosen context points at (CA, certificate, key) are read now, and again by the
/// client, as they change; so is a `tokenFile`. An exec plugin is run by the client alone.
///
/// Throws ConfigError. An auth-provider is an error when the chosen context needs it, never ignored.
/// Blocks on file reads. Any thread.
ClusterAccess load_kubeconfig(const KubeconfigQuery& query);

}  // namespace stepop::kube
