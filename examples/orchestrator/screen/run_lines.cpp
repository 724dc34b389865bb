#include "screen/run_lines.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "input/utf8.hpp"
#include "screen/table.hpp"
#include "screen/times.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Of a failed step's log on its failure screen.
constexpr std::size_t kTailLines = 8;
// Of a result or a reason in the final table; -o json has it whole, and the lines below the table tell failures.
constexpr std::size_t kLongestResult = 160;
// Lines of the live table that are no steps: its head and the count of what is not shown.
constexpr std::size_t kOtherLiveLines = 3;

Cell state_cell(const StepRecord& record, const Style& style) {
  return {std::string(to_text(record.state)),
          [state = record.state, style](std::string_view text) { return style.of_state(state, text); }};
}

Cell head(std::string text, const Style& style) {
  return {std::move(text), [style](std::string_view shown) { return style.dim(shown); }};
}

Microseconds took(const StepView& step, Microseconds now) {
  if (!step.submitted_at) return 0;
  return step.ended_at.value_or(now) - *step.submitted_at;
}

std::string took_text(const StepView& step, Microseconds now) {
  return step.submitted_at ? duration(took(step, now)) : "";
}

std::string result_text(const StepView& step) {
  if (step.record.state != StepState::succeeded) return without_middle(why(step.record), kLongestResult);
  const json::value* result = step.record.detail.if_contains("result");
  return result ? shortened(printable(json::serialize(*result)), kLongestResult) : "";
}

// Those going on first, then those that did not succeed, then the rest; each in the file's order.
std::vector<const StepView*> most_telling(const RunView& run, std::size_t most) {
  std::vector<const StepView*> steps;
  for (const StepView& step : run.steps) steps.push_back(&step);
  if (steps.size() <= most) return steps;
  const auto rank = [](const StepView* step) {
    const StepState state = step->record.state;
    if (is_active(state)) return 0;
    if (state == StepState::failed || state == StepState::lost) return 1;
    return state == StepState::waiting ? 2 : 3;
  };
  std::stable_sort(steps.begin(), steps.end(), [&](const StepView* a, const StepView* b) { return rank(a) < rank(b); });
  steps.resize(most);
  return steps;
}

std::string counts(const RunView& run) {
  std::map<StepState, std::size_t> by_state;
  for (const StepView& step : run.steps) ++by_state[step.record.state];
  std::string text;
  for (const auto& [state, count] : by_state) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + " " + std::string(to_text(state));
  }
  return text;
}

void indent_into(std::vector<std::string>& lines, const std::string& text, const Style& style) {
  std::size_t from = 0;
  while (from < text.size()) {
    std::size_t end = text.find('\n', from);
    if (end == std::string::npos) end = text.size();
    lines.push_back("    " + style.dim(printable(std::string_view(text).substr(from, end - from))));
    from = end + 1;
  }
}

std::string tail_of(const std::string& text, std::size_t most) {
  std::size_t from = text.size();
  if (from > 0 && text[from - 1] == '\n') --from;
  for (std::size_t lines = 0; from > 0; --from) {
    if (text[from - 1] == '\n' && ++lines == most) break;
  }
  return text.substr(from);
}

void put(json::object& object, const char* name, const json::object& detail, const char* member) {
  const json::value* value = detail.if_contains(member);
  object[name] = value ? *value : json::value(nullptr);
}

void put_text(json::object& object, const char* name, const std::string& text) {
  object[name] = text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

}  // namespace

std::vector<std::string> live_lines(const RunView& run, Microseconds now, TerminalSize size, const Style& style) {
  const std::size_t most = size.rows > kOtherLiveLines + 1 ? size.rows - kOtherLiveLines - 1 : 1;
  const auto steps = most_telling(run, most);
  std::vector<std::vector<Cell>> rows;
  rows.push_back(
      {head("STEP", style), head("WHERE", style), head("STATE", style), head("ELAPSED", style), head("WHY", style)});
  for (const StepView* step : steps) {
    rows.push_back(
        {{step->name}, {where(*step)}, state_cell(step->record, style), {took_text(*step, now)}, {why(step->record)}});
  }
  // One column is left free: a line that fills the terminal may wrap.
  const std::size_t columns = size.columns > 1 ? size.columns - 1 : 1;
  std::vector<std::string> lines = table(rows, columns);
  if (steps.size() < run.steps.size()) {
    lines.push_back(
        shortened("... and " + std::to_string(run.steps.size() - steps.size()) + " more: " + counts(run), columns));
  }
  return lines;
}

std::vector<std::string> final_lines(const RunView& run, std::size_t columns, const Style& style) {
  std::vector<std::vector<Cell>> rows;
  rows.push_back(
      {head("STEP", style), head("WHERE", style), head("STATE", style), head("TOOK", style), head("RESULT", style)});
  for (const StepView& step : run.steps) {
    rows.push_back({{step.name},
                    {where(step)},
                    state_cell(step.record, style),
                    {took_text(step, step.ended_at.value_or(0))},
                    {result_text(step)}});
  }
  std::vector<std::string> lines = table(rows, columns);
  const Microseconds end = run.ended_at.value_or(run.created_at);
  lines.push_back("run " + style.bold(run.name) + " " + style.of_state(run.state, to_text(run.state)) + " in " +
                  duration(end - run.created_at));
  return lines;
}

std::string change_line(const StepView& step, Microseconds now) {
  // A line has room for the pod's name, and who reads it in a pipe may look for that pod.
  const std::string pod = pod_name(step.record);
  const std::string node = workload_text(step.record, "node");
  const std::string place = pod.empty() ? where(step) : "pod " + pod + (node.empty() ? "" : " on " + node);
  std::string line =
      clock_time(now) + " " + step.name + ": " + std::string(to_text(step.record.state)) + " (" + place + ")";
  const std::string because = why(step.record);
  if (!because.empty()) line += ": " + because;
  return line;
}

std::vector<std::string> failure_lines(const RunView& run, const Style& style,
                                       const std::function<std::string(const std::string&)>& log_tail) {
  std::vector<std::string> lines;
  for (const StepView& step : run.steps) {
    const StepState state = step.record.state;
    if (state != StepState::failed && state != StepState::lost) continue;
    lines.push_back("");
    lines.push_back(style.bad("step " + step.name + " " + (state == StepState::lost ? "was lost" : "failed")) + ": " +
                    why(step.record));
    if (const std::string hint = detail_text(step.record, "hint"); !hint.empty()) lines.push_back("  hint: " + hint);
    std::string tail;
    if (!step.record.made_by_host) tail = log_tail(step.name);
    if (tail.empty()) {
      const json::value* told = step.record.detail.if_contains("log_tail");
      if (told && told->is_string()) tail = std::string(told->get_string());
    }
    if (!tail.empty()) {
      lines.push_back("  the end of its log (all of it: stepop logs " + run.name + " " + step.name + "):");
      indent_into(lines, tail_of(tail, kTailLines), style);
    }
  }
  return lines;
}

std::vector<std::string> ps_lines(const std::vector<RunView>& runs, Microseconds now, std::size_t columns,
                                  const Style& style) {
  std::vector<std::vector<Cell>> rows;
  rows.push_back({head("RUN", style), head("STEP", style), head("WHERE", style), head("STATE", style),
                  head("BEGAN", style), head("TOOK", style), head("WHY", style)});
  for (const RunView& run : runs) {
    rows.push_back({{run.name},
                    {""},
                    {""},
                    {std::string(to_text(run.state)),
                     [state = run.state, style](std::string_view text) { return style.of_state(state, text); }},
                    {date_time(run.created_at)},
                    {duration(run.ended_at.value_or(now) - run.created_at)},
                    {""}});
    for (const StepView& step : run.steps) {
      rows.push_back({{""},
                      {step.name},
                      {where(step)},
                      state_cell(step.record, style),
                      {step.submitted_at ? date_time(*step.submitted_at) : ""},
                      {took_text(step, now)},
                      {why(step.record)}});
    }
  }
  return table(rows, columns);
}

json::object json_document(const RunView& run) {
  json::array steps;
  for (const StepView& step : run.steps) {
    const json::object& detail = step.record.detail;
    json::object object{{"name", step.name},
                        {"step_operator", step.step_operator},
                        {"state", to_text(step.record.state)},
                        {"attempt", step.record.attempt}};
    for (const char* member :
         {"reason", "message", "hint", "exit_code", "result", "started_at", "finished_at", "user_code_ran", "workload"})
      put(object, member, detail, member);
    put_text(object, "pod", pod_name(step.record));
    put_text(object, "node", workload_text(step.record, "node"));
    steps.emplace_back(std::move(object));
  }
  json::object document{
      {"run", run.name}, {"run_id", run.id}, {"state", to_text(run.state)}, {"created_at", rfc3339(run.created_at)}};
  document["ended_at"] = run.ended_at ? json::value(json::string(rfc3339(*run.ended_at))) : json::value(nullptr);
  document["steps"] = std::move(steps);
  return document;
}

}  // namespace stepop::orchestrator
