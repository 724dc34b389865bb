#include <stepop/host.hpp>
#include <stepop/nearest_name.hpp>

#include <set>

#include "library.hpp"

namespace stepop::host {

Plugin::Plugin(std::shared_ptr<const detail::Library> library) noexcept : library_(std::move(library)) {}

Plugin Plugin::load(const std::filesystem::path& file) {
  return Plugin(detail::Library::load(file));
}

const std::filesystem::path& Plugin::file() const noexcept {
  return library_->file();
}
const std::string& Plugin::name() const noexcept {
  return library_->name();
}
const std::string& Plugin::version() const noexcept {
  return library_->version();
}
std::uint32_t Plugin::abi_version() const noexcept {
  return library_->plugin().abi_version;
}
const json::object& Plugin::description() const noexcept {
  return library_->description();
}
const stepop_plugin& Plugin::native() const noexcept {
  return library_->plugin();
}

std::vector<std::string> Plugin::flavors() const {
  std::vector<std::string> names;
  for (const json::value& flavor : description().at("flavors").as_array())
    names.emplace_back(flavor.at("name").as_string());
  return names;
}

const json::object* Plugin::flavor(std::string_view name) const noexcept {
  // The shape was checked at load.
  for (const json::value& flavor : description().find("flavors")->value().get_array())
    if (flavor.get_object().find("name")->value().get_string() == json::string_view(name)) return &flavor.get_object();
  return nullptr;
}

Operator Plugin::open(const std::string& flavor, const json::object& config) const {
  return open(flavor, json::serialize(config));
}

Operator Plugin::open(const std::string& flavor, const std::string& config) const {
  stepop_operator* op = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = library_->slot(&stepop_plugin::open)(flavor.c_str(), config.c_str(), &op, &error);
  if (code != STEPOP_OK) throw library_->failure(code, error, "open");
  return Operator(std::make_shared<detail::OperatorCore>(library_, op));
}

const void* Plugin::extension(const std::string& id) const {
  const auto get = library_->slot(&stepop_plugin::get_extension);
  return get == nullptr ? nullptr : get(id.c_str());
}

PluginDirectory PluginDirectory::load(const std::vector<std::filesystem::path>& directories) {
  namespace fs = std::filesystem;
  PluginDirectory found;
  std::set<fs::path> seen;
  for (const fs::path& directory : directories) {
    std::error_code error;
    std::set<fs::path> files;  // sorted by name
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
      if (at->path().extension() == ".so") files.insert(at->path());
    if (error) {
      found.problems_.push_back({Problem::Kind::unreadable, directory, "is no plugin directory: " + error.message(),
                                 "give a directory that holds plugins (*.so)"});
      continue;
    }
    for (const fs::path& file : files) {
      const fs::path same = fs::weakly_canonical(file, error);
      if (!seen.insert(error ? file : same).second) continue;
      try {
        found.plugins_.push_back(Plugin::load(file));
      } catch (const LoadError& refused) {
        found.problems_.push_back(refused.problem());
      }
    }
  }
  return found;
}

std::vector<std::string> PluginDirectory::flavors() const {
  std::set<std::string> names;
  for (const Plugin& plugin : plugins_)
    for (std::string& name : plugin.flavors()) names.insert(std::move(name));
  return {names.begin(), names.end()};
}

Plugin PluginDirectory::find(std::string_view flavor) const {
  const Plugin* found = nullptr;
  for (const Plugin& plugin : plugins_) {
    if (plugin.flavor(flavor) == nullptr) continue;
    if (found != nullptr) {
      const std::string message = "two plugins have the flavor \"" + std::string(flavor) +
                                  "\": " + found->file().string() + " and " + plugin.file().string();
      throw Error(STEPOP_E_CONFLICT, message,
                  {{Finding::Level::error, "AmbiguousFlavor", "", message,
                    "remove one of them from the plugin directories", false}});
    }
    found = &plugin;
  }
  if (found != nullptr) return *found;

  std::string hint = did_you_mean(flavor, flavors());
  for (const Problem& problem : problems_) hint += (hint.empty() ? "not loaded: " : "; not loaded: ") + problem.text();
  if (plugins_.empty() && problems_.empty()) hint = "the plugin directories hold no plugin";
  const std::string message = "no plugin has the flavor \"" + std::string(flavor) + "\"";
  throw Error(STEPOP_E_NOT_FOUND, message + " (" + hint + ")",
              {{Finding::Level::error, "UnknownFlavor", "", message, hint, false}});
}

}  // namespace stepop::host
