// The run machine's promise, tried at every point where a host can die: whatever was committed
// before, the next life runs each step once, and ends with the outcome that a life without death
// has.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "run/run_machine.hpp"

namespace stepop::orchestrator {
namespace {

using Kind = Action::Kind;

// What runs the steps, and outlives hosts: objects by step, and one host's queue of events.
class World {
 public:
  explicit World(std::size_t steps) : created_(steps, 0), object_(steps, Object::none) {}

  void submit(std::size_t step, bool report_lost) {
    if (object_[step] == Object::none || object_[step] == Object::deleted) {
      if (report_lost) {
        lost_reports_ += object_[step] == Object::none ? 1 : 0;
        events_.push_back({step, StepState::lost, 0, {}});
        return;
      }
      ++created_[step];
      object_[step] = Object::lives;
    }
    events_.push_back({step, StepState::accepted, 0, {}});
    events_.push_back({step, StepState::pending, 0, {}});
    events_.push_back({step, StepState::running, 0, {}});
    events_.push_back({step, StepState::succeeded, 0, {{"result", step}}});
  }
  void forget(std::size_t step) {
    object_[step] = Object::deleted;
    forgotten_.push_back(step);
  }
  void host_died() {
    events_.clear();
    forgotten_.clear();
  }

  std::deque<StepObservation> events_;
  std::deque<std::size_t> forgotten_;
  std::vector<int> created_;
  int lost_reports_ = 0;  // of steps that never existed: a host that lost one by asking wrongly

 private:
  enum class Object { none, lives, deleted };
  std::vector<Object> object_;
};

struct Died {};

// One host process: commits, then acts; dies when its patience with the world is used up.
class Life {
 public:
  Life(World& world, std::vector<StepRecord>& journal, std::vector<StepNode> steps, int points)
      : world_(world), journal_(journal), machine_(std::move(steps), {}, journal), points_(points) {}

  // Returns how many points it had at which it could have died.
  int live() {
    carry_out(machine_.start());
    while (!finished_) {
      if (!world_.forgotten_.empty()) {
        const std::size_t step = world_.forgotten_.front();
        world_.forgotten_.pop_front();
        carry_out(machine_.forgotten(step));
      } else if (!world_.events_.empty()) {
        StepObservation event = world_.events_.front();
        world_.events_.pop_front();
        const std::size_t step = event.step;
        const bool ended = has_ended(event.state);
        carry_out(machine_.observe(std::move(event)));
        if (ended) carry_out(machine_.log_complete(step));
      } else {
        ADD_FAILURE() << "nothing happens any more, and the run is not finished";
        return passed_;
      }
    }
    return passed_;
  }
  RunState state() const { return machine_.state(); }

 private:
  void point() {
    if (passed_++ == points_) throw Died{};
  }
  void carry_out(const Actions& actions) {
    point();
    for (const Action& action : actions) {
      if (action.kind == Kind::journal) journal_[action.step] = machine_.record(action.step);
    }
    point();
    for (const Action& action : actions) {
      if (action.kind == Kind::submit) world_.submit(action.step, action.report_lost);
      if (action.kind == Kind::forget) world_.forget(action.step);
      if (action.kind == Kind::finish) finished_ = true;
      if (action.kind != Kind::journal && action.kind != Kind::finish) point();
    }
  }

  World& world_;
  std::vector<StepRecord>& journal_;
  RunMachine machine_;
  int points_;
  int passed_ = 0;
  bool finished_ = false;
};

constexpr int kNever = 1 << 30;

std::vector<StepNode> steps() {
  return {{"a", {}}, {"b", {0}}, {"c", {0}}, {"d", {1, 2}}};
}

// Lives that die at these points, then one that does not. Returns the points of the last.
int run_with_deaths(const std::vector<int>& deaths) {
  const std::size_t count = steps().size();
  World world(count);
  std::vector<StepRecord> journal(count);
  for (const int death : deaths) {
    try {
      Life(world, journal, steps(), death).live();
    } catch (const Died&) {
      world.host_died();
    }
  }
  Life last(world, journal, steps(), kNever);
  const int points = last.live();
  EXPECT_EQ(last.state(), RunState::succeeded);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(world.created_[i], 1) << "step " << i;
    EXPECT_EQ(journal[i].state, StepState::succeeded);
    EXPECT_EQ(journal[i].detail, (boost::json::object{{"result", i}}));
    EXPECT_TRUE(journal[i].forgotten);
  }
  EXPECT_EQ(world.lost_reports_, 0);
  return points;
}

TEST(RunRecovery, RunsEachStepOnceWithoutAnyDeath) {
  EXPECT_GT(run_with_deaths({}), 40);
}

TEST(RunRecovery, RunsEachStepOnceWhereverTheHostDies) {
  const int points = run_with_deaths({});
  for (int death = 0; death < points; ++death) {
    SCOPED_TRACE("death at point " + std::to_string(death));
    run_with_deaths({death});
    if (HasFailure()) return;
  }
}

TEST(RunRecovery, RunsEachStepOnceWhereverTheHostDiesTwice) {
  const int points = run_with_deaths({});
  for (int first = 0; first < points; ++first) {
    for (int second = 0; second < points; ++second) {
      SCOPED_TRACE("deaths at points " + std::to_string(first) + " and " + std::to_string(second));
      run_with_deaths({first, second});
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace stepop::orchestrator
