#include "engine/announcement.hpp"

#include "kube/timestamp.hpp"

namespace stepop::engine {
namespace {

plugin::State state_of(lifecycle::StepState state) {
  switch (state) {
    case lifecycle::StepState::accepted:
      return plugin::State::accepted;
    case lifecycle::StepState::pending:
      return plugin::State::pending;
    case lifecycle::StepState::running:
      return plugin::State::running;
    case lifecycle::StepState::succeeded:
      return plugin::State::succeeded;
    case lifecycle::StepState::failed:
      return plugin::State::failed;
    case lifecycle::StepState::cancelled:
      return plugin::State::cancelled;
    case lifecycle::StepState::lost:
      return plugin::State::lost;
  }
  return plugin::State::accepted;
}

}  // namespace

plugin::StepState announcement(const std::string& step_run_id, const lifecycle::Report& report,
                               const std::string& log_tail) {
  plugin::StepState said{step_run_id, state_of(report.state), report.attempt, {}};
  auto& detail = said.detail;
  const auto add = [&](std::string_view key, const std::string& text) {
    if (!text.empty()) detail[key] = text;
  };
  add("reason", report.reason);
  add("message", report.message);
  add("hint", report.hint);
  if (report.exit_code) detail["exit_code"] = *report.exit_code;
  const bool ended_badly = lifecycle::is_terminal(report.state) && report.state != lifecycle::StepState::succeeded;
  if (ended_badly) detail["retryable"] = report.retryable;
  detail["user_code_ran"] = lifecycle::to_string(report.user_code_ran);
  if (report.result) detail["result"] = *report.result;
  add("log_tail", log_tail);
  if (report.started_at) detail["started_at"] = kube::format_rfc3339(*report.started_at);
  if (report.finished_at) detail["finished_at"] = kube::format_rfc3339(*report.finished_at);
  if (!report.place.pod.empty()) {
    plugin::json::object workload{{"kind", report.place.kind},
                                  {"namespace", report.place.namespace_},
                                  {"name", report.place.pod},
                                  {"uid", report.place.uid}};
    if (!report.place.node.empty()) workload["node"] = report.place.node;
    detail["workload"] = std::move(workload);
  }
  return said;
}

}  // namespace stepop::engine
