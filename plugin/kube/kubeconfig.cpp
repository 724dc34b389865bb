#include "kube/kubeconfig.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>

#include "kube/nearest_name.hpp"

namespace stepop::kube {

namespace {

namespace fs = std::filesystem;

/// One cluster, user or context of the merged kubeconfig, and where it stands.
struct Entry {
  YAML::Node body;
  std::string path;  // `/file: clusters[0].cluster`
  fs::path folder;   // relative paths inside are relative to it; empty for a text in memory
};

struct Section {
  const char* list;  // clusters
  const char* body;  // cluster
  std::map<std::string, Entry> entries;
};

struct Merged {
  std::string current_context;
  std::string current_context_path;
  Section clusters{"clusters", "cluster", {}};
  Section users{"users", "user", {}};
  Section contexts{"contexts", "context", {}};
  std::string where;  // the files, for messages
};

std::vector<std::string> names_of(const Section& section) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : section.entries) names.push_back(name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(name, names);
  return nearest.empty() ? std::string() : "did you mean \"" + nearest + "\"?";
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

const char* kind_of(const YAML::Node& node) {
  if (!node || node.IsNull()) return "nothing";
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return "a scalar";
}

/// A string field; empty when absent or null.
std::string text_at(const Entry& entry, const char* key) {
  const YAML::Node node = entry.body[key];
  if (!node || node.IsNull()) return {};
  if (!node.IsScalar()) throw ConfigError(entry.path + '.' + key, kind_of(node), "a string");
  return node.Scalar();
}

bool flag_at(const Entry& entry, const char* key) {
  const YAML::Node node = entry.body[key];
  if (!node || node.IsNull()) return false;
  bool value = false;
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
    throw ConfigError(entry.path + '.' + key, node.IsScalar() ? quoted(node.Scalar()) : kind_of(node), "true or false");
  }
  return value;
}

std::string read_file(const fs::path& path, const std::string& named_at) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    throw ConfigError(named_at, quoted(path.string()), "a file", "it is a directory");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw ConfigError(named_at, quoted(path.string()), "a readable file",
                      fs::exists(path, error) ? "it cannot be opened" : "there is no such file");
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

fs::path resolved(const Entry& entry, const char* key, const std::string& written) {
  const fs::path path(written);
  if (path.is_absolute()) return path;
  if (entry.folder.empty()) {
    throw ConfigError(entry.path + '.' + key, quoted(written), "an absolute path",
                      "a kubeconfig that is not a file has no folder to start from");
  }
  return entry.folder / path;
}

std::string decode_base64(const std::string& text, const std::string& path) {
  std::string out;
  unsigned bits = 0;
  unsigned held = 0;
  std::size_t digits = 0;
  bool padded = false;
  const auto refuse = [&] {
    // Not shown: it may be a private key.
    throw ConfigError(path, "a text that is not base64", "base64");
  };
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    unsigned value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<unsigned>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<unsigned>(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      value = static_cast<unsigned>(c - '0') + 52;
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else if (c == '=') {
      padded = true;
      ++digits;
      continue;
    } else
      refuse();
    if (padded) refuse();
    ++digits;
    held = held << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(held >> bits & 0xff);
    }
  }
  if (digits % 4 != 0) refuse();
  return out;
}

/// `<key>-data`, decoded, or the file that `<key>` names.
std::string data_or_file(const Entry& entry, const char* key) {
  const std::string data_key = std::string(key) + "-data";
  const std::string data = text_at(entry, data_key.c_str());
  if (!data.empty()) return decode_base64(data, entry.path + '.' + data_key);
  const std::string file = text_at(entry, key);
  if (file.empty()) return {};
  return read_file(resolved(entry, key, file), entry.path + '.' + key);
}

/// A key nobody knows is left alone, as kubectl does, unless it looks like a slip of the pen.
template <std::size_t N>
void refuse_misspelled_keys(const Entry& entry, const std::array<const char*, N>& known) {
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto& field : entry.body) {
    if (!field.first.IsScalar()) continue;
    const std::string key = field.first.Scalar();
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    const std::string hint = did_you_mean(key, names);
    if (!hint.empty()) {
      throw ConfigError(entry.path + '.' + key, "an unknown key", "a key of a kubeconfig", hint);
    }
  }
}

void refuse_unsupported(const Entry& entry, const char* key, const char* expected) {
  const YAML::Node node = entry.body[key];
  if (!node || node.IsNull()) return;
  if (node.IsScalar() && node.Scalar().empty()) return;
  if ((node.IsSequence() || node.IsMap()) && node.size() == 0) return;
  throw ConfigError(entry.path + '.' + key, quoted(key), expected, std::string(key) + " is not supported yet");
}

void merge_section(Section& into, const YAML::Node& root, const std::string& where, const fs::path& folder) {
  const YAML::Node list = root[into.list];
  if (!list || list.IsNull()) return;
  const std::string list_path = where + into.list;
  if (!list.IsSequence()) throw ConfigError(list_path, kind_of(list), "a list");
  std::map<std::string, Entry> own;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = list_path + '[' + std::to_string(i) + ']';
    const YAML::Node item = list[i];
    if (!item.IsMap()) throw ConfigError(path, kind_of(item), "a map with name and " + std::string(into.body));
    const YAML::Node name = item["name"];
    if (!name || !name.IsScalar() || name.Scalar().empty()) {
      throw ConfigError(path + ".name", kind_of(name), "a name");
    }
    const YAML::Node written = item[into.body];
    const bool is_empty = !written || written.IsNull();
    const YAML::Node body = is_empty ? YAML::Node(YAML::NodeType::Map) : written;
    if (!body.IsMap()) throw ConfigError(path + '.' + into.body, kind_of(body), "a map");
    if (!own.try_emplace(name.Scalar(), Entry{body, path + '.' + into.body, folder}).second) {
      throw ConfigError(path + ".name", quoted(name.Scalar()), "a name used once in a file",
                        "another entry before has this name");
    }
  }
  into.entries.merge(own);  // keeps what an earlier file defined
}

void merge_text(Merged& merged, const std::string& text, const std::string& name, const fs::path& folder) {
  const std::string where = name + ": ";
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw ConfigError(name + ':' + std::to_string(error.mark.line + 1), "no YAML", "a kubeconfig", error.msg);
  }
  merged.where += (merged.where.empty() ? "" : ", ") + name;
  if (root.IsNull()) return;
  if (!root.IsMap()) throw ConfigError(name, kind_of(root), "a kubeconfig: a map with contexts");
  const YAML::Node kind = root["kind"];
  if (kind && kind.IsScalar() && kind.Scalar() != "Config") {
    throw ConfigError(where + "kind", quoted(kind.Scalar()), "Config");
  }
  const YAML::Node current = root["current-context"];
  if (current && current.IsScalar() && merged.current_context.empty()) {
    merged.current_context = current.Scalar();
    merged.current_context_path = where + "current-context";
  }
  merge_section(merged.clusters, root, where, folder);
  merge_section(merged.users, root, where, folder);
  merge_section(merged.contexts, root, where, folder);
}

Merged merge(const KubeconfigQuery& query) {
  Merged merged;
  if (query.text) {
    merge_text(merged, *query.text, "kubeconfig", {});
    return merged;
  }
  if (query.file) {
    merge_text(merged, read_file(*query.file, "kubeconfig"), *query.file, fs::absolute(*query.file).parent_path());
    return merged;
  }
  std::vector<std::string> paths;
  for (const std::string& path : query.paths) {
    if (!path.empty()) paths.push_back(path);
  }
  if (paths.empty() && !query.home.empty()) paths.push_back(query.home + "/.kube/config");
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    merge_text(merged, read_file(path, "kubeconfig"), path, fs::absolute(path).parent_path());
  }
  if (merged.where.empty()) {
    throw ConfigError("kubeconfig", paths.empty() ? "no path" : "no file at " + joined(paths), "a kubeconfig file",
                      "set KUBECONFIG, or make ~/.kube/config");
  }
  return merged;
}

const Entry& find(const Section& section, const std::string& name, const std::string& named_at, const char* what) {
  const auto found = section.entries.find(name);
  if (found != section.entries.end()) return found->second;
  const std::vector<std::string> names = names_of(section);
  throw ConfigError(named_at, quoted(name),
                    names.empty() ? std::string("the name of a ") + what + ", but there is none"
                                  : std::string("the name of a ") + what + " (" + joined(names) + ')',
                    did_you_mean(name, names));
}

void read_cluster(const Entry& cluster, ClusterAccess& access) {
  static constexpr std::array known = {"server",
                                       "tls-server-name",
                                       "insecure-skip-tls-verify",
                                       "certificate-authority",
                                       "certificate-authority-data",
                                       "proxy-url",
                                       "disable-compression",
                                       "extensions"};
  refuse_misspelled_keys(cluster, known);
  refuse_unsupported(cluster, "proxy-url", "a cluster that is reached without a proxy");
  access.server = text_at(cluster, "server");
  if (access.server.empty()) {
    throw ConfigError(cluster.path + ".server", "nothing", "the URL of the API server");
  }
  access.tls_server_name = text_at(cluster, "tls-server-name");
  access.insecure_skip_tls_verify = flag_at(cluster, "insecure-skip-tls-verify");
  access.ca_pem = data_or_file(cluster, "certificate-authority");
  if (access.insecure_skip_tls_verify && !access.ca_pem.empty()) {
    throw ConfigError(cluster.path + ".insecure-skip-tls-verify", "true beside a certificate-authority",
                      "one of the two");
  }
}

void read_user(const Entry& user, ClusterAccess& access) {
  static constexpr std::array known = {"client-certificate",
                                       "client-certificate-data",
                                       "client-key",
                                       "client-key-data",
                                       "token",
                                       "tokenFile",
                                       "username",
                                       "password",
                                       "exec",
                                       "auth-provider",
                                       "as",
                                       "as-uid",
                                       "as-groups",
                                       "as-user-extra",
                                       "extensions"};
  refuse_misspelled_keys(user, known);
  static constexpr const char* supported = "a client certificate, token, tokenFile or username and password";
  for (const char* key : {"exec", "auth-provider"}) refuse_unsupported(user, key, supported);
  for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    refuse_unsupported(user, key, "a user that acts as itself");
  }
  access.client_certificate_pem = data_or_file(user, "client-certificate");
  access.client_key_pem = data_or_file(user, "client-key");
  if (access.client_certificate_pem.empty() != access.client_key_pem.empty()) {
    const bool key_missing = access.client_key_pem.empty();
    throw ConfigError(user.path + (key_missing ? ".client-key" : ".client-certificate"), "nothing",
                      key_missing ? "the key of the client certificate" : "the certificate of the client key");
  }
  access.token = text_at(user, "token");
  const std::string token_file = text_at(user, "tokenFile");
  if (!token_file.empty()) access.token_file = resolved(user, "tokenFile", token_file).string();
  access.username = text_at(user, "username");
  access.password = text_at(user, "password");
}

}  // namespace

std::vector<std::string> split_kubeconfig_variable(const std::string& value) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin <= value.size()) {
    const std::size_t end = std::min(value.find(':', begin), value.size());
    if (end > begin) out.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

ClusterAccess load_kubeconfig(const KubeconfigQuery& query) {
  const Merged merged = merge(query);
  const bool asked = query.context && !query.context->empty();
  const std::string name = asked ? *query.context : merged.current_context;
  if (name.empty()) {
    const std::vector<std::string> names = names_of(merged.contexts);
    throw ConfigError(merged.where + ": current-context", "nothing",
                      names.empty() ? std::string("a context, but there is none") : "a context (" + joined(names) + ')',
                      "name a context, or set the current one");
  }
  const std::string named_at = asked ? merged.where + ": context" : merged.current_context_path;
  const Entry& context = find(merged.contexts, name, named_at, "context");
  static constexpr std::array known = {"cluster", "user", "namespace", "extensions"};
  refuse_misspelled_keys(context, known);

  ClusterAccess access;
  access.context_name = name;
  access.default_namespace = text_at(context, "namespace");
  const std::string cluster = text_at(context, "cluster");
  if (cluster.empty()) {
    throw ConfigError(context.path + ".cluster", "nothing",
                      "the name of a cluster (" + joined(names_of(merged.clusters)) + ')');
  }
  read_cluster(find(merged.clusters, cluster, context.path + ".cluster", "cluster"), access);
  // kubectl takes a context without a user as anonymous.
  const std::string user = text_at(context, "user");
  if (!user.empty()) read_user(find(merged.users, user, context.path + ".user", "user"), access);
  return access;
}

}  // namespace stepop::kube
