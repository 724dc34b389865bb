#include "input/where_asked.hpp"

#include "input/lookalike.hpp"
#include "input/place_of_path.hpp"
#include "input/secret.hpp"

namespace stepop::orchestrator {
namespace {

std::string joined(const std::string& parent, std::string_view inside) {
  if (parent.empty() || inside.empty()) return parent + std::string(inside);
  return parent + "." + std::string(inside);
}

struct Spelling {
  std::string path;
  std::size_t prefix;  // how many of its names are not the request's own
};

// How the path may be written below one parent, the one that wins first.
std::vector<Spelling> spellings(const std::string& parent, const StepOperatorEntry& entry, std::string_view path) {
  constexpr std::string_view kSettings = "settings";
  const bool of_settings = path == kSettings || path.starts_with("settings.");
  const std::size_t prefix = parent.empty() ? 0 : 2;
  if (!of_settings) return {{joined(parent, path), prefix}};
  const std::string settings = child_path(parent, std::string(kSettings));
  const std::string_view inside = path.size() > kSettings.size() ? path.substr(kSettings.size() + 1) : "";
  std::vector<Spelling> paths;
  for (const std::string& key : settings_keys(entry))
    paths.push_back({joined(child_path(settings, key), inside), prefix + 1});
  paths.push_back({joined(settings, inside), prefix});
  // A step may say its secrets beside its settings too. (The path without "settings" has one name less.)
  if (!parent.empty() && inside.starts_with(kSecrets)) paths.push_back({joined(parent, inside), prefix - 1});
  return paths;
}

}  // namespace

Finding where_asked(const RequestFiles& files, const Step& step, const StepOperatorEntry& entry,
                    std::string_view path) {
  const std::string step_path = child_path("steps", step.name);
  Finding finding{files.pipeline->file, step.place, joined(step_path, path), "", ""};
  if (path.empty()) return finding;
  std::size_t deepest = 0;
  for (const YamlDocument* document : {files.runtime, files.pipeline}) {
    if (document == nullptr) continue;
    for (const std::string& parent : {step_path, std::string()}) {
      for (const Spelling& spelling : spellings(parent, entry, path)) {
        const DeepestOfPath found = deepest_of_path(document->root, spelling.path);
        if (found.depth <= spelling.prefix || found.depth - spelling.prefix <= deepest) continue;
        deepest = found.depth - spelling.prefix;
        finding = {document->file, found.place, spelling.path, "", lookalike_hint(*found.value)};
      }
    }
  }
  return finding;
}

}  // namespace stepop::orchestrator
