#include "kube/kubeconfig.hpp"

#include <map>

#include "kube/kubeconfig_entry.hpp"
#include "kube/proxy.hpp"
#include "kube/server_url.hpp"

namespace stepop::kube {

namespace {

namespace fs = std::filesystem;

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
    const std::string name = text_at({item, path, folder}, "name");
    if (name.empty()) throw ConfigError(path + ".name", "nothing", "a name");
    const YAML::Node written = item[into.body];
    const bool is_empty = !written || written.IsNull();
    const YAML::Node body = is_empty ? YAML::Node(YAML::NodeType::Map) : written;
    if (!body.IsMap()) throw ConfigError(path + '.' + into.body, kind_of(body), "a map");
    if (!own.try_emplace(name, Entry{body, path + '.' + into.body, folder}).second) {
      throw ConfigError(path + ".name", in_quotes(name), "a name used once in a file",
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
    throw ConfigError(where + "kind", in_quotes(kind.Scalar()), "Config");
  }
  const YAML::Node version = root["apiVersion"];
  if (version && version.IsScalar() && !version.Scalar().empty() && version.Scalar() != "v1") {
    throw ConfigError(where + "apiVersion", in_quotes(version.Scalar()), "v1");
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
  throw ConfigError(named_at, in_quotes(name),
                    names.empty() ? std::string("the name of a ") + what + ", but there is none"
                                  : std::string("the name of a ") + what + " (" + joined(names) + ')',
                    did_you_mean(name, names));
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
  refuse_misspelled_keys(context, {"cluster", "user", "namespace", "extensions"});

  ClusterAccess access;
  access.context_name = name;
  access.default_namespace = text_at(context, "namespace");
  const std::string cluster = text_at(context, "cluster");
  if (cluster.empty()) {
    throw ConfigError(context.path + ".cluster", "nothing",
                      "the name of a cluster (" + joined(names_of(merged.clusters)) + ')');
  }
  const Entry& where = find(merged.clusters, cluster, context.path + ".cluster", "cluster");
  read_cluster(where, access);
  if (access.proxy_url.empty()) access.proxy_url = proxy_from(query.environment, access.server);
  // kubectl takes a context without a user as anonymous.
  const std::string user = text_at(context, "user");
  if (user.empty()) return access;
  if (!parse_server_url(access.server).tls) {
    // As kubectl has it: whoever listens would have them.
    access.warnings.emplace_back("the server's URL begins with http://: no credentials are sent to it");
    return access;
  }
  read_user(find(merged.users, user, context.path + ".user", "user"), where, query.environment, access);
  return access;
}

}  // namespace stepop::kube
