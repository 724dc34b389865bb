#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stepop::lifecycle {

// One of the scheduler's reasons why nodes do not take a pod.
struct Obstacle {
  unsigned nodes = 0;
  std::string what;  // in the scheduler's words: `Insufficient cpu`
  bool operator==(const Obstacle&) const = default;
};

// Reads `0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {key: value}. preemption: …`, as the
// scheduler writes it into the condition PodScheduled (kubernetes, framework.FitError), wherever it stands in the text.
struct SchedulerWords {
  unsigned of_nodes = 0;
  std::vector<Obstacle> obstacles;  // what stops most nodes first; empty when the text says nothing of the kind
};
SchedulerWords read_scheduler_words(std::string_view message);

// What to change, obstacle by obstacle; empty when the scheduler's words are not understood.
std::string scheduling_advice(std::string_view message);

}  // namespace stepop::lifecycle
