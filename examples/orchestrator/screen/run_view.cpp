#include "screen/run_view.hpp"

#include <boost/json/serialize.hpp>

#include "input/utf8.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

std::string text_of(const json::object& object, const char* member) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return "";
  return printable(value->is_string() ? std::string(value->get_string()) : json::serialize(*value));
}

std::string one_line(std::string text) {
  // `printable` has replaced newlines already; this is for several blanks that remain of indented
  // text.
  const std::size_t end = text.find_last_not_of(' ');
  return end == std::string::npos ? "" : text.substr(0, end + 1);
}

}  // namespace

RunView view_of(const JournalledRun& run) {
  RunView view;
  view.id = run.id;
  view.name = run.name;
  view.state = run.state;
  view.created_at = run.created_at;
  view.ended_at = run.ended_at;
  for (const JournalledStep& step : run.steps) {
    view.steps.push_back({step.name, step.step_operator, step.record, step.submitted_at, step.ended_at});
  }
  return view;
}

std::string detail_text(const StepRecord& record, const char* member) {
  return text_of(record.detail, member);
}

std::string workload_text(const StepRecord& record, const char* member) {
  const json::value* workload = record.detail.if_contains("workload");
  return workload != nullptr && workload->is_object() ? text_of(workload->get_object(), member) : "";
}

std::string pod_name(const StepRecord& record) {
  return workload_text(record, "kind") == "Pod" ? workload_text(record, "name") : "";
}

std::string why(const StepRecord& record) {
  const std::string reason = detail_text(record, "reason");
  const std::string message = one_line(detail_text(record, "message"));
  if (record.state == StepState::skipped) return message;
  if (reason.empty()) return message;
  std::string text = reason;
  if (const std::string code = detail_text(record, "exit_code"); !code.empty() && code != "0")
    text += " (exit code " + code + ")";
  if (!message.empty()) text += ": " + message;
  return text;
}

std::string where(const StepView& step) {
  const std::string node = workload_text(step.record, "node");
  return node.empty() ? step.step_operator : step.step_operator + " on " + node;
}

}  // namespace stepop::orchestrator
