#include "input/pipeline_check.hpp"

#include <algorithm>

#include "input/mapping_reader.hpp"
#include "input/names.hpp"

namespace stepop::orchestrator {
namespace {

// A walk over the steps by their needs. Steps are visited by an explicit stack: a chain of
// thousands must not end ours.
class Graph {
 public:
  explicit Graph(const Pipeline& pipeline) : needs_(pipeline.steps.size()) {
    for (std::size_t i = 0; i < pipeline.steps.size(); ++i) {
      for (const Need& need : pipeline.steps[i].needs) {
        if (const auto index = pipeline.index_of(need.step)) needs_[i].push_back(*index);
      }
    }
  }

  // The steps of one cycle in the order in which each needs the next, the first again at the end;
  // empty without one.
  std::vector<std::size_t> cycle() const {
    enum class Mark { unseen, open, done };
    std::vector<Mark> marks(needs_.size(), Mark::unseen);
    for (std::size_t root = 0; root < needs_.size(); ++root) {
      if (marks[root] != Mark::unseen) continue;
      std::vector<std::pair<std::size_t, std::size_t>> path{{root, 0}};  // step, next need
      marks[root] = Mark::open;
      while (!path.empty()) {
        auto& [step, next] = path.back();
        if (next == needs_[step].size()) {
          marks[step] = Mark::done;
          path.pop_back();
          continue;
        }
        const std::size_t need = needs_[step][next++];
        if (marks[need] == Mark::open) {
          std::vector<std::size_t> cycle;
          const auto first =
              std::find_if(path.begin(), path.end(), [&](const auto& entry) { return entry.first == need; });
          for (auto entry = first; entry != path.end(); ++entry) cycle.push_back(entry->first);
          cycle.push_back(need);
          return cycle;
        }
        if (marks[need] == Mark::unseen) {
          marks[need] = Mark::open;
          path.emplace_back(need, 0);
        }
      }
    }
    return {};
  }

  bool is_ancestor(std::size_t ancestor, std::size_t step) const {
    std::vector<bool> seen(needs_.size(), false);
    std::vector<std::size_t> todo = needs_[step];
    while (!todo.empty()) {
      const std::size_t at = todo.back();
      todo.pop_back();
      if (seen[at]) continue;
      seen[at] = true;
      if (at == ancestor) return true;
      todo.insert(todo.end(), needs_[at].begin(), needs_[at].end());
    }
    return false;
  }

 private:
  std::vector<std::vector<std::size_t>> needs_;
};

// Each once: steps share what is said of all of them.
UnusedSettings settings_without_use(const Pipeline& pipeline, const Stack& stack) {
  UnusedSettings all;
  const auto add = [](std::vector<Finding>& to, std::vector<Finding>& from) {
    for (Finding& finding : from) {
      const auto known = [&](const Finding& other) {
        return other.file == finding.file && other.place == finding.place;
      };
      if (std::none_of(to.begin(), to.end(), known)) to.push_back(std::move(finding));
    }
  };
  for (const Step& step : pipeline.steps) {
    for (const SettingsLayer& layer : step.layers) {
      UnusedSettings found = unused_settings(layer, stack);
      add(all.mistakes, found.mistakes);
      add(all.unused, found.unused);
    }
  }
  return all;
}

std::vector<std::string> other_names(const Pipeline& pipeline, const std::string& but) {
  std::vector<std::string> names;
  for (const Step& step : pipeline.steps) {
    if (step.name != but) names.push_back(step.name);
  }
  return names;
}

}  // namespace

std::vector<Finding> bind_to_stack(Pipeline& pipeline, const Stack& stack) {
  for (Step& step : pipeline.steps) {
    if (step.step_operator.empty()) step.step_operator = stack.default_step_operator;
    if (const StepOperatorEntry* entry = stack.find(step.step_operator))
      step.settings = settings_for(step.layers, *entry);
  }
  return settings_without_use(pipeline, stack).unused;
}

std::vector<Finding> check_pipeline(const Pipeline& pipeline, const Stack& stack) {
  FileReading reading{pipeline.file, {}, settings_without_use(pipeline, stack).mistakes};
  for (const Step& step : pipeline.steps) {
    const std::string path = child_path("steps", step.name);
    const std::string in_words = "the stack " + stack.name + " (" + stack.file + ")";
    if (step.step_operator.empty()) {
      reading.complain(step.place, path,
                       "\"step_operator\" is missing, and " + in_words + " has no default_step_operator",
                       stack.step_operators.empty() ? "" : "expected one of " + listed(stack.names()));
    } else if (stack.find(step.step_operator) == nullptr) {
      reading.findings.push_back(
          {step.step_operator_file, step.step_operator_place, child_path(path, "step_operator"),
           "\"" + step.step_operator + "\" is no step operator of " + in_words,
           stack.step_operators.empty() ? "it has none" : did_you_mean(step.step_operator, stack.names())});
    }
    for (std::size_t i = 0; i < step.needs.size(); ++i) {
      const Need& need = step.needs[i];
      const std::string need_path = child_path(path, "needs") + "[" + std::to_string(i) + "]";
      if (!pipeline.index_of(need.step)) {
        reading.complain(need.place, need_path, "\"" + need.step + "\" is no step of this pipeline",
                         did_you_mean(need.step, other_names(pipeline, step.name)));
      }
    }
  }
  const Graph graph(pipeline);
  if (const auto cycle = graph.cycle(); !cycle.empty()) {
    std::string shown;
    for (const std::size_t step : cycle) {
      if (!shown.empty()) shown += " -> ";
      shown += pipeline.steps[step].name;
    }
    const Step& first = pipeline.steps[cycle.front()];
    reading.complain(first.place, child_path(child_path("steps", first.name), "needs"),
                     "these steps need one another in a cycle: " + shown, "remove one of these needs");
  }
  for (std::size_t i = 0; i < pipeline.steps.size(); ++i) {
    const Step& step = pipeline.steps[i];
    for (const Step::Use& use : step.uses) {
      const auto complain = [&](const Step::Use& at, std::string message, std::string hint = "") {
        reading.findings.push_back({at.file, at.place, at.path, std::move(message), std::move(hint)});
      };
      const auto source = pipeline.index_of(use.reference.step);
      const std::string shown = to_text(use.reference);
      if (!source) {
        complain(use, "found " + shown + ", but \"" + use.reference.step + "\" is no step of this pipeline",
                 did_you_mean(use.reference.step, other_names(pipeline, step.name)));
      } else if (graph.is_ancestor(*source, i)) {
        continue;
      } else if (*source == i || graph.is_ancestor(i, *source)) {
        // It cannot need what it comes before.
        complain(use, "found " + shown + ", but that result is there only after " + step.name + " has ended");
      } else {
        complain(use, "found " + shown + ", but " + step.name + " does not run after " + use.reference.step,
                 "add \"" + use.reference.step + "\" to " + child_path(child_path("steps", step.name), "needs"));
      }
    }
  }
  return std::move(reading.findings);
}

}  // namespace stepop::orchestrator
