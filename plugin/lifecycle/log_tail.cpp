#include "lifecycle/log_tail.hpp"

#include <algorithm>
#include <deque>

#include "kube/timestamp.hpp"
#include "lifecycle/evidence.hpp"
#include "lifecycle/log_machine.hpp"
#include "lifecycle/reading.hpp"

namespace stepop::lifecycle {
namespace {

// An error of the kubelet that comes after the status 200 is a line without a time, and shorter than a part of a line.
constexpr std::size_t longest_error = 16 * 1024;

bool has_log(const kube::Pod& pod, std::string_view container) {
  const auto life = container_life(pod, container);
  return life == ContainerLife::running || life == ContainerLife::ended;
}

std::optional<std::string> failed_init_container(const kube::Pod& pod) {
  for (const auto& init : pod.init_container_statuses) {
    const auto& state = init.state;
    const bool failed = state.kind == kube::ContainerState::Kind::Terminated && state.exit_code != 0;
    if (failed && really_started(state) && !state.container_id.empty()) return init.name;
  }
  return std::nullopt;
}

// The line without its time; nothing when it has none.
std::optional<std::string_view> without_time(std::string_view line) {
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos || !kube::parse_rfc3339(line.substr(0, blank))) return std::nullopt;
  return line.substr(blank + 1);
}

// The end of a text, beginning with a whole UTF-8 character.
std::string_view end_of(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  text.remove_prefix(text.size() - bytes);
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80) text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<std::string> container_to_quote(const Report& report, const kube::Pod* pod) {
  if (!is_terminal(report.state) || report.state == StepState::succeeded || !pod) return std::nullopt;
  // Its kubelet does not answer, or the object is gone.
  if (report.state == StepState::lost || report.reason == reason::node_lost || node_is_silent(*pod)) {
    return std::nullopt;
  }
  // The report tells of no pod, or of another one than this.
  if (report.place.uid != pod->metadata.uid) return std::nullopt;
  if (has_log(*pod, main_container)) return std::string(main_container);
  if (report.reason == reason::init_container_failed) return failed_init_container(*pod);
  return std::nullopt;
}

std::string tail_of(std::string_view answer) {
  std::deque<std::string_view> lines;
  bool first = true;
  while (!answer.empty()) {
    const auto end = std::min(answer.find('\n'), answer.size());
    const auto line = answer.substr(0, end);
    answer.remove_prefix(std::min(end + 1, answer.size()));
    if (const auto text = without_time(line)) {
      lines.push_back(*text);
    } else if (first && (!answer.empty() || line.size() > longest_error)) {
      // A tail may begin in the midst of a long line, whose time was in the part before.
      lines.push_back(line);
    }
    first = false;
  }
  while (lines.size() > static_cast<std::size_t>(tail_lines)) lines.pop_front();
  std::size_t from = lines.size();
  std::size_t bytes = 0;
  while (from > 0 && bytes + lines[from - 1].size() + 1 <= tail_bytes) bytes += lines[--from].size() + 1;
  std::string tail;
  tail.reserve(tail_bytes);
  if (from == lines.size() && !lines.empty()) tail = std::string(end_of(lines.back(), tail_bytes - 1)) + '\n';
  for (; from < lines.size(); ++from) tail.append(lines[from]) += '\n';
  return tail;
}

}  // namespace stepop::lifecycle
