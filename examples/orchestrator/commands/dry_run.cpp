#include "commands/dry_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
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
  bool answered = true;  // by the server
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

// The server did not answer: what is made of the step without it, with why.
void show_without_server(Rendered& rendered, const json::object& request, std::vector<host::Finding> why,
                         std::chrono::milliseconds timeout) {
  rendered.answered = false;
  rendered.rendering = rendered.open->op.render(request, false, timeout);
  std::set<std::string> told;
  for (const host::Finding& finding : rendered.rendering.findings) told.insert(finding.text());
  for (host::Finding& finding : why) {
    if (told.contains(finding.text())) continue;
    finding.path.clear();  // one of the manifests, and it is the same with each
    finding.level = Level::error;
    if (told.insert(finding.text()).second) rendered.rendering.findings.push_back(std::move(finding));
  }
}

// What a flavor that shows nothing says of a step.
void only_check(Rendered& rendered, const json::object& request, const RequestFiles& files,
                std::chrono::milliseconds timeout) {
  rendered.supported = false;
  try {
    for (host::Finding& finding : rendered.open->op.check(request, timeout)) {
      if (finding.level == Level::error)
        rendered.mistakes.push_back(in_request(finding, *rendered.step, rendered.open->entry, files));
      else
        rendered.rendering.findings.push_back(std::move(finding));
    }
  } catch (const host::Error& error) {
    if (error.code() != STEPOP_E_UNSUPPORTED) throw;
  }
}

Rendered render(const RunInput& input, const RunNames& run, const Step& step, const OpenOperator& open,
                std::chrono::milliseconds timeout) {
  Rendered rendered;
  rendered.step = &step;
  rendered.open = &open;
  rendered.unresolved = unresolved_references(step);
  const json::object request = make_preview(run, input.pipeline, step);
  try {
    try {
      rendered.rendering = open.op.render(request, true, timeout);
    } catch (const host::Error& error) {
      if (error.code() == STEPOP_E_UNAVAILABLE || error.code() == STEPOP_E_TIMEOUT)
        show_without_server(rendered, request, findings_of(error), timeout);
      else if (error.code() == STEPOP_E_UNSUPPORTED)
        only_check(rendered, request, input.files(), timeout);
      else
        throw;
    }
  } catch (const host::Error& error) {
    for (const host::Finding& finding : findings_of(error))
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
          {"answered", rendered.answered},
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
  if (!rendered.answered)
    text += ": not asked about, the server did not answer; nothing was created\n";
  else if (rendered.refused())
    text += ": refused\n";
  else if (!rendered.supported)
    text += ": this flavor has nothing to show before the step runs\n";
  else
    text += ": accepted by the server, nothing was created\n";
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

int show_manifests(const RunInput& input, const RunNames& run, const std::vector<OpenOperator>& operators,
                   Output output, std::chrono::milliseconds timeout) {
  bool refused = false;
  json::array documents;
  for (const Step& step : input.pipeline.steps) {
    const auto open = std::find_if(operators.begin(), operators.end(), [&](const OpenOperator& candidate) {
      return candidate.entry.name == step.step_operator;
    });
    const Rendered rendered = render(input, run, step, *open, timeout);
    refused = refused || rendered.refused();
    if (output != Output::text)
      documents.emplace_back(as_document(rendered));
    else
      show(rendered);
    say_refusals(rendered);
  }
  if (output != Output::text) write_document(output, documents);
  return refused ? kBadInput : kAllSucceeded;
}

}  // namespace stepop::orchestrator
