#include "lifecycle/scheduling.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace stepop::lifecycle {
namespace {

constexpr std::string_view opening = " nodes are available: ";
constexpr std::string_view insufficient = "Insufficient ";
// More than these nobody reads; the message has them all.
constexpr std::size_t most_advice = 3;

std::optional<unsigned> number_at(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

// `2 Insufficient cpu`
std::optional<Obstacle> read_obstacle(std::string_view text) {
  const auto nodes = number_at(text);
  const auto space = text.find(' ');
  if (!nodes || space == text.npos) return std::nullopt;
  return Obstacle{*nodes, std::string(text.substr(space + 1))};
}

// The obstacles end where the scheduler goes on to tell what preemption, or giving back devices, would change.
std::string_view without_preemption(std::string_view text) {
  text = text.substr(0, std::min(text.find(". preemption: "), text.find(". no new claims to deallocate")));
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

struct Advice {
  std::string_view begins;  // of the scheduler's words
  std::string_view what;    // to a person
};
// kubernetes, pkg/scheduler/framework/plugins: the ErrReason constants.
constexpr std::array advices{
    Advice{"Too many pods", "no room for another pod: wait, or add nodes"},
    Advice{"node(s) didn't match Pod's node affinity/selector",
           "pod_settings.node_selectors or affinity do not match: correct them, or label a node"},
    Advice{"node(s) had untolerated taint", "a taint that pod_settings.tolerations does not name"},
    Advice{"node(s) were unschedulable", "cordoned: wait, or uncordon them"},
    Advice{"node(s) had volume node affinity conflict", "out of reach of one of the pod's volumes"},
    Advice{"node(s) didn't find available persistent volumes to bind", "no persistent volume for the pod's claim"},
    Advice{"node(s) didn't match pod affinity rules", "no match for the pod affinity in pod_settings.affinity"},
    Advice{"node(s) didn't match pod anti-affinity rules", "ruled out by the anti-affinity in pod_settings.affinity"},
    Advice{"node(s) didn't have free ports", "a host port that the pod asks for is in use"},
};

std::string advice_for(const Obstacle& obstacle, unsigned of_nodes) {
  const auto where = std::to_string(obstacle.nodes) + " of " + std::to_string(of_nodes) + " nodes";
  if (obstacle.what.starts_with(insufficient)) {
    const auto resource = obstacle.what.substr(insufficient.size());
    return where + ": not enough free " + resource +
           " for what pod_settings.resources asks: ask for less, or add nodes";
  }
  for (const auto& advice : advices) {
    if (obstacle.what.starts_with(advice.begins)) return where + ": " + std::string(advice.what);
  }
  return where + ": " + obstacle.what;
}

}  // namespace

SchedulerWords read_scheduler_words(std::string_view message) {
  SchedulerWords words;
  const auto at = message.find(opening);
  if (at == message.npos) return words;
  const auto slash = message.rfind('/', at);
  if (slash == message.npos) return words;
  words.of_nodes = number_at(message.substr(slash + 1)).value_or(0);

  auto rest = without_preemption(message.substr(at + opening.size()));
  while (!rest.empty()) {
    // A taint's own text may hold a comma: only one that a number follows is between two obstacles.
    auto comma = rest.find(", ");
    while (comma != rest.npos && !number_at(rest.substr(comma + 2))) comma = rest.find(", ", comma + 2);
    if (auto obstacle = read_obstacle(rest.substr(0, comma))) words.obstacles.push_back(std::move(*obstacle));
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 2);
  }
  std::stable_sort(words.obstacles.begin(), words.obstacles.end(),
                   [](const Obstacle& a, const Obstacle& b) { return a.nodes > b.nodes; });
  return words;
}

std::string scheduling_advice(std::string_view message) {
  const auto words = read_scheduler_words(message);
  std::string text;
  for (std::size_t i = 0; i < std::min(words.obstacles.size(), most_advice); ++i) {
    if (i > 0) text += "; ";
    text += advice_for(words.obstacles[i], words.of_nodes);
  }
  if (!text.empty()) text += '.';
  return text;
}

}  // namespace stepop::lifecycle
