#pragma once

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "kube/cluster_access.hpp"

// Reading the entries of a kubeconfig. Internal to the room: only kubeconfig*.cpp include it.
namespace stepop::kube {

/// One cluster, user or context of the merged kubeconfig, and where it stands.
struct Entry {
  YAML::Node body;
  std::string path;              // `/file: clusters[0].cluster`
  std::filesystem::path folder;  // relative paths inside are relative to it; empty for a text in memory
};

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names);
std::string in_quotes(const std::string& text);
/// `nothing`, `a map`, …
const char* kind_of(const YAML::Node& node);

/// A string field; empty when absent or null. All of these throw ConfigError.
std::string text_at(const Entry& entry, const char* key);
bool flag_at(const Entry& entry, const char* key);
std::vector<std::string> texts_at(const Entry& entry, const char* key);
/// A map, or a part of one, as an entry of its own; its body is null when it is absent.
Entry entry_at(const Entry& entry, const char* key);

std::string read_file(const std::filesystem::path& path, const std::string& named_at);
std::filesystem::path resolved(const Entry& entry, const char* key, const std::string& written);

/// A PEM, and the file that it came from, if it did.
struct Pem {
  std::string text;
  std::string file;
};
/// `<key>-data`, decoded, or the file that `<key>` names.
Pem data_or_file(const Entry& entry, const char* key);

/// A key nobody knows is left alone, as kubectl does, unless it looks like a slip of the pen.
void refuse_misspelled_keys(const Entry& entry, const std::vector<std::string>& known);

/// JSON of any YAML; plain scalars get their type by YAML's core schema. At most 16 levels and 64 KiB.
std::string json_of(const Entry& entry);

void read_cluster(const Entry& cluster, ClusterAccess& access);
/// After read_cluster: an exec plugin may be told of the cluster.
void read_user(const Entry& user, const Entry& cluster, const std::vector<std::string>& environment,
               ClusterAccess& access);

}  // namespace stepop::kube
