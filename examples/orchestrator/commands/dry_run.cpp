#include "commands/dry_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "input/utf8.hpp"
#include "input/yaml_text.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

using Level = host::Finding::Level;

struct Rendered {
  const Step* step = nullptr;
  const OpenOperator* open = nullptr;
  bool supported = true;
  host::Rendering rendering;
  std::vector<Finding> mistakes;        // of the request itself: then there is no manifest
  std::vector<std::string> unresolved;  // references that only earlier steps resolve

  bool refused() const {
    return !mistakes.empty() || std::any_of(rendering.findings.begin(), rendering.findings.end(),
                                            [](const host::Finding& f) { return f.level == Level::error; });
  }
};

std::vector<std::string> unresolved_references(const Step& step) {
  std::set<std::string> references;
  for (const Step::Use& use : step.uses) references.insert(to_text(use.reference));
  return {references.begin(), references.end()};
}

Rendered render(const RunInput& input, const RunNames& run, const Step& step, const OpenOperator& open,
                std::chrono::milliseconds timeout) {
  Rendered rendered;
  rendered.step = &step;
  rendered.open = &open;
  rendered.unresolved = unresolved_references(step);
  try {
    rendered.rendering = open.op.render(make_preview(run, input.pipeline, step), true, timeout);
  } catch (const host::Error& error) {
    if (error.code() == STEPOP_E_UNSUPPORTED) {
      rendered.supported = false;
      return rendered;
    }
    auto told = error.findings();
    if (told.empty()) told.push_back({Level::error, std::string(error.code_name()), "", error.what(), "", false});
    for (const host::Finding& finding : told)
      rendered.mistakes.push_back(in_request(finding, step, open.entry, input.files()));
  }
  return rendered;
}

std::string in_one_line(const host::Finding& told) {
  std::string text = told.path.empty() ? "" : told.path + ": ";
  text += told.message;
  if (!told.hint.empty()) text += (text.ends_with('.') ? " " : "; ") + told.hint;
  return printable(text);
}

json::object as_document(const Rendered& rendered) {
  json::array findings;
  for (const host::Finding& told : rendered.rendering.findings) {
    findings.emplace_back(json::object{{"level", host::name(told.level)},
                                       {"code", told.code},
                                       {"path", told.path},
                                       {"message", told.message},
                                       {"hint", told.hint}});
  }
  for (const Finding& mistake : rendered.mistakes) {
    findings.emplace_back(json::object{{"level", "error"},
                                       {"code", "InvalidRequest"},
                                       {"path", mistake.path},
                                       {"message", mistake.message},
                                       {"hint", mistake.hint}});
  }
  json::array unresolved;
  for (const std::string& reference : rendered.unresolved) unresolved.emplace_back(reference);
  return {{"step", rendered.step->name},
          {"step_operator", rendered.open->entry.name},
          {"flavor", rendered.open->entry.flavor},
          {"supported", rendered.supported},
          {"refused", rendered.refused()},
          {"manifests", rendered.rendering.manifests},
          {"accepted", rendered.rendering.accepted},
          {"findings", std::move(findings)},
          {"unresolved", std::move(unresolved)}};
}

// A YAML document for each manifest; what there is to say of it in comments, so that the whole can be given to kubectl.
void show(const Rendered& rendered) {
  std::string text =
      "# step " + rendered.step->name + " on " + rendered.open->entry.name + " (" + rendered.open->entry.flavor + ")";
  if (!rendered.supported) {
    write_text(STDOUT_FILENO, text + ": this flavor has nothing to show before the step runs\n");
    return;
  }
  text += rendered.refused() ? ": refused\n" : ": accepted by the server, nothing was created\n";
  for (const std::string& reference : rendered.unresolved)
    text += "#   " + reference + " stands as it is written: it is known only when that step has run\n";
  for (const host::Finding& told : rendered.rendering.findings) {
    if (told.level != Level::ok) text += "#   " + std::string(host::name(told.level)) + ": " + in_one_line(told) + "\n";
  }
  for (const json::value& manifest : rendered.rendering.manifests) text += "---\n" + to_yaml(manifest);
  write_text(STDOUT_FILENO, text);
}

void say_refusals(const Rendered& rendered) {
  for (const Finding& mistake : rendered.mistakes) write_text(STDERR_FILENO, "error: " + to_text(mistake) + "\n");
  for (const host::Finding& told : rendered.rendering.findings) {
    if (told.level == Level::error)
      write_text(STDERR_FILENO, "error: step " + rendered.step->name + ": " + in_one_line(told) + "\n");
  }
}

}  // namespace

int show_manifests(const RunInput& input, const RunNames& run, const std::vector<OpenOperator>& operators, bool as_json,
                   std::chrono::milliseconds timeout) {
  bool refused = false;
  json::array documents;
  for (const Step& step : input.pipeline.steps) {
    const auto open = std::find_if(operators.begin(), operators.end(), [&](const OpenOperator& candidate) {
      return candidate.entry.name == step.step_operator;
    });
    const Rendered rendered = render(input, run, step, *open, timeout);
    refused = refused || rendered.refused();
    if (as_json)
      documents.emplace_back(as_document(rendered));
    else
      show(rendered);
    say_refusals(rendered);
  }
  if (as_json) write_text(STDOUT_FILENO, json::serialize(documents) + "\n");
  return refused ? kBadInput : kAllSucceeded;
}

}  // namespace stepop::orchestrator
