#include "host/open_operators.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "input/late_text.hpp"
#include "input/lookalike.hpp"
#include "input/mapping_reader.hpp"
#include "input/names.hpp"
#include "input/place_of_path.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// "kubernetes (from /usr/lib/.../libstepop_kubernetes.so)", for each flavor that was found.
std::string what_was_found(const host::PluginDirectory& plugins) {
  std::vector<std::string> found;
  for (const host::Plugin& plugin : plugins.plugins()) {
    for (const std::string& flavor : plugin.flavors())
      found.push_back(flavor + " (from " + plugin.file().string() + ")");
  }
  return found.empty() ? "no plugin was found; give --plugin-dir DIR or set STEPOP_PLUGIN_PATH"
                       : "found " + listed(found);
}

Finding unknown_flavor(const StepOperatorEntry& entry, const Stack& stack, const host::PluginDirectory& plugins) {
  Finding finding;
  finding.file = stack.file;
  finding.place = entry.flavor_place;
  finding.path = child_path(child_path("step_operators", entry.name), "flavor");
  finding.message = "no plugin has the flavor \"" + entry.flavor + "\"";
  finding.hint = what_was_found(plugins);
  if (const auto meant = nearest_name(entry.flavor, plugins.flavors()); !meant.empty())
    finding.hint = "did you mean \"" + meant + "\"? " + finding.hint;
  return finding;
}

std::string joined_path(const std::string& parent, const std::string& inside) {
  return inside.empty() ? parent : parent + "." + inside;
}

// A plugin's finding on a configuration, at its place in the stack file.
Finding in_stack(const host::Finding& told, const StepOperatorEntry& entry, const Stack& stack,
                 const YamlDocument* document) {
  const std::string operator_path = child_path("step_operators", entry.name);
  Finding finding{stack.file, entry.place, operator_path, told.message, told.hint};
  if (told.path.empty()) return finding;
  if (told.path.front() == '/') {
    // A place in a file that the configuration names, and not in the configuration.
    finding.message = told.path + ": " + told.message;
    return finding;
  }
  finding.path = joined_path(operator_path + ".configuration", told.path);
  if (document != nullptr) {
    if (const DeepestOfPath deepest = deepest_of_path(document->root, finding.path); deepest.depth > 0) {
      finding.place = deepest.place;
      if (const std::string hint = lookalike_hint(*deepest.value); !hint.empty()) finding.hint = hint;
    }
  }
  return finding;
}

bool stops_a_run(const host::Finding& told) {
  return told.level == host::Finding::Level::error && !told.retryable;
}

void sort_into(CheckFindings& all, const host::Finding& told, Finding finding) {
  if (told.level == host::Finding::Level::ok) return;
  (stops_a_run(told) ? all.errors : all.warnings).push_back(std::move(finding));
}

}  // namespace

std::vector<host::Finding> findings_of(const host::Error& error) {
  if (!error.findings().empty()) return error.findings();
  host::Finding finding;
  finding.code = error.code_name();
  finding.message = error.what();
  return {finding};
}

Finding in_request(const host::Finding& told, const Step& step, const StepOperatorEntry& entry,
                   const RequestFiles& files) {
  Finding finding = where_asked(files, step, entry, told.path);
  finding.message = told.message;
  // What it is read as explains more than what could stand there.
  if (finding.hint.empty()) finding.hint = told.hint;
  return finding;
}

std::vector<OpenOperator> open_operators(const Stack& stack, const std::vector<std::string>& used,
                                         const host::PluginDirectory& plugins, const std::string& owner,
                                         const YamlDocument* document, std::vector<Finding>* later) {
  std::vector<OpenOperator> open;
  std::vector<Finding> findings;
  bool flavor_missing = false;
  for (const StepOperatorEntry& entry : stack.step_operators) {
    if (std::find(used.begin(), used.end(), entry.name) == used.end()) continue;
    const auto flavors = plugins.flavors();
    if (std::find(flavors.begin(), flavors.end(), entry.flavor) == flavors.end()) {
      findings.push_back(unknown_flavor(entry, stack, plugins));
      flavor_missing = true;
      continue;
    }
    std::vector<LateError> missing;
    json::object configuration = resolve_object(entry.configuration, process_environment(), missing);
    for (const LateError& error : missing) {
      const host::Finding told{host::Finding::Level::error, "Unresolved", error.path, error.what, "", false};
      findings.push_back(in_stack(told, entry, stack, document));
    }
    if (!missing.empty()) continue;
    if (!entry.connector.empty()) {
      // The stack file was refused where there is none of that name.
      const ServiceConnectorEntry& connector = *stack.find_connector(entry.connector);
      configuration["connector"] = resolved(connector, process_environment(), missing);
      if (!entry.connector_resource_id.empty()) configuration["connector_resource_id"] = entry.connector_resource_id;
      for (const LateError& error : missing)
        findings.push_back({stack.file, connector.place,
                            child_path("service_connectors", connector.name) + "." + error.path, error.what, ""});
      if (!missing.empty()) continue;
    }
    try {
      const host::Plugin plugin = plugins.find(entry.flavor);
      configuration["owner"] = owner;
      open.push_back({entry, plugin.file(), plugin.open(entry.flavor, configuration)});
    } catch (const host::Error& error) {
      for (const host::Finding& told : findings_of(error)) {
        auto& which = later != nullptr && told.retryable ? *later : findings;
        which.push_back(in_stack(told, entry, stack, document));
      }
    }
  }
  if (flavor_missing) {
    // One of these may be the plugin that is missing.
    for (const host::Problem& problem : plugins.problems())
      findings.push_back({problem.file.string(), {}, "", problem.why, problem.hint});
  }
  if (!findings.empty()) throw BadInput(std::move(findings));
  return open;
}

CheckFindings check_operators(const std::vector<OpenOperator>& operators, const RunNames& run, const Stack& stack,
                              const Pipeline& pipeline, const YamlDocument& stack_document, const RequestFiles& files,
                              std::chrono::milliseconds timeout) {
  CheckFindings all;
  for (const OpenOperator& open : operators) {
    std::set<std::string> told_of_operator;
    const auto ask = [&](auto&& question) -> std::vector<host::Finding> {
      try {
        return question();
      } catch (const host::Error& error) {
        if (error.code() == STEPOP_E_UNSUPPORTED) return {};
        auto findings = findings_of(error);
        // Nothing could be asked: a run that begins now would only wait. Later it may be another matter, but nothing has
        // been created yet, so the user can come back then.
        for (host::Finding& told : findings) told.retryable = false;
        return findings;
      }
    };
    bool usable = true;
    // What an operator cannot do as a whole is worth a warning once a step of this run meets it.
    std::map<std::string, host::Finding> warned;
    for (const host::Finding& told : ask([&] { return open.op.check(timeout); })) {
      told_of_operator.insert(told.text());
      usable = usable && !stops_a_run(told);
      if (told.level == host::Finding::Level::warning) {
        warned.emplace(told.text(), told);
      } else {
        sort_into(all, told, in_stack(told, open.entry, stack, &stack_document));
      }
    }
    // What is wrong with the operator would only be said again of each step.
    if (!usable) continue;
    std::set<std::string> asked;
    for (const Step& step : pipeline.steps) {
      if (step.step_operator != open.entry.name) continue;
      if (!asked.insert(step.image.value_or("") + "\n" + json::serialize(step.settings)).second) continue;
      const json::object request = make_preview(run, pipeline, step);
      for (const host::Finding& told : ask([&] { return open.op.check(request, timeout); })) {
        // As grave as it is for this step: what only some steps need may be what this one cannot do without.
        if (warned.extract(told.text())) sort_into(all, told, in_stack(told, open.entry, stack, &stack_document));
        if (told_of_operator.contains(told.text())) continue;
        sort_into(all, told, in_request(told, step, open.entry, files));
      }
    }
  }
  return all;
}

}  // namespace stepop::orchestrator
