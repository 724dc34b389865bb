#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "schedule.hpp"

// stepop-simulate: random schedules of faults against the real machines, and what the design says must stay true.

namespace {

using namespace stepop::simulation;

constexpr const char* usage = R"(stepop-simulate: the real machines under a simulated cluster and host

  stepop-simulate --schedules N [--seed S] [--jobs J] [--keep-going]
      runs the schedules of the seeds S, S+1, …; ends with what struck when, and the schedules a second
  stepop-simulate --seed S --replay [--without MASK]
      runs one schedule again, leaves out the faults that do not matter, and tells what happens

  --mutation NAME   with a bug put in on purpose
  --keep-going      go on after a violation, and count them
  --sample          too few schedules for every fault to strike everywhere: empty cells of the table are well

Exit status: 0 all is well; 1 a violation, or an empty cell of the table; 2 bad usage.
)";

struct Arguments {
  std::uint64_t schedules = 1000;
  std::uint64_t seed = 1;
  unsigned jobs = 1;
  std::uint64_t without = 0;
  bool replay = false;
  bool keep_going = false;
  bool whole = false;
  bool sample = false;
  Mutation mutation = Mutation::none;
};

[[noreturn]] void bad_usage(const std::string& what) {
  std::fprintf(stderr, "%s\n\n%s", what.c_str(), usage);
  std::exit(2);
}

std::uint64_t number(std::string_view name, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    bad_usage(std::string(name) + ": a number was expected, not \"" + std::string(text) + "\"");
  }
  return value;
}

Arguments read_arguments(int count, char** texts) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = texts[i];
    const auto value = [&]() -> std::string_view {
      if (i + 1 >= count) bad_usage(std::string(name) + ": a value was expected");
      return texts[++i];
    };
    if (name == "--schedules") {
      arguments.schedules = number(name, value());
    } else if (name == "--seed") {
      arguments.seed = number(name, value());
    } else if (name == "--jobs") {
      arguments.jobs = static_cast<unsigned>(std::clamp<std::uint64_t>(number(name, value()), 1, 256));
    } else if (name == "--without") {
      arguments.without = number(name, value());
    } else if (name == "--replay") {
      arguments.replay = true;
    } else if (name == "--whole") {
      arguments.whole = true;
    } else if (name == "--sample") {
      arguments.sample = true;
    } else if (name == "--keep-going") {
      arguments.keep_going = true;
    } else if (name == "--mutation") {
      const auto wanted = value();
      const auto found = std::find(mutation_names.begin(), mutation_names.end(), wanted);
      if (found == mutation_names.end()) bad_usage("no mutation is called \"" + std::string(wanted) + "\"");
      arguments.mutation = static_cast<Mutation>(found - mutation_names.begin());
    } else if (name == "--help") {
      std::fputs(usage, stdout);
      std::exit(0);
    } else {
      bad_usage("\"" + std::string(name) + "\" is no option");
    }
  }
  return arguments;
}

void tell(const Violation& violation) {
  std::printf("s%u: invariant %s\n    %s\n", violation.step, std::string(name_of(violation.rule)).c_str(),
              violation.what.c_str());
}

int replay(const Arguments& arguments) {
  ScheduleOptions options{arguments.seed, arguments.mutation, arguments.without, false};
  const auto first = run_schedule(options);
  if (!first.violations.empty() && !arguments.whole) options = shrink(options, first);
  options.trace = true;
  const auto result = run_schedule(options);
  for (const auto& line : result.trace) std::printf("%s\n", line.c_str());
  for (const auto& violation : result.violations) tell(violation);
  std::printf("%s; --without %llu leaves the same faults\n", result.violations.empty() ? "no violation" : "violated",
              static_cast<unsigned long long>(options.without));
  return result.violations.empty() ? 0 : 1;
}

struct Totals {
  Coverage coverage;
  std::uint64_t schedules = 0;
  std::uint64_t thin = 0;
  std::uint64_t events = 0;
  std::uint64_t faults = 0;
  std::uint64_t lives = 0;
  std::uint64_t steps = 0;
  std::vector<std::pair<std::uint64_t, Violation>> violations;           // the first ones, by seed
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> kinds;  // of violations: how many, and the first seed

  void add(std::uint64_t seed, const ScheduleResult& result) {
    if (result.counts()) {
      ++schedules;
    } else {
      ++thin;
    }
    coverage.add(result.coverage);
    events += result.events;
    faults += result.faults_struck;
    lives += result.lives;
    steps += result.steps;
    if (result.violations.empty()) return;
    const auto& violation = result.violations.front();
    violations.emplace_back(seed, violation);
    auto& kind = kinds[std::string(name_of(violation.rule)) + ": " + violation.what];
    if (kind.first++ == 0 || seed < kind.second) kind.second = seed;
  }
};

void tell_table(const Coverage& coverage) {
  std::printf("%-24s", "fault \\ stage");
  for (std::size_t stage = 0; stage < stages; ++stage) {
    std::printf("%11s", std::string(name_of(static_cast<Stage>(stage))).c_str());
  }
  std::printf("\n");
  for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
    std::printf("%-24s", std::string(name_of(static_cast<FaultKind>(kind))).c_str());
    for (std::size_t stage = 0; stage < stages; ++stage) {
      const auto hits = coverage.hits[kind][stage];
      const bool unlikely = !why_unlikely(static_cast<FaultKind>(kind), static_cast<Stage>(stage)).empty();
      if (unlikely && hits == 0) {
        std::printf("%11s", "-");
      } else {
        std::printf("%10llu%s", static_cast<unsigned long long>(hits), unlikely ? "*" : " ");
      }
    }
    std::printf("\n");
  }
}

int run_many(const Arguments& arguments) {
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> counted{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  Totals totals;
  const auto began = std::chrono::steady_clock::now();
  const auto work = [&] {
    Totals mine;
    while (!stop && counted < arguments.schedules) {
      const auto seed = arguments.seed + next++;
      const auto result = run_schedule({seed, arguments.mutation, 0, false});
      if (result.counts()) ++counted;
      mine.add(seed, result);
      if (!result.violations.empty() && !arguments.keep_going) stop = true;
    }
    const std::lock_guard lock(mutex);
    totals.coverage.add(mine.coverage);
    totals.schedules += mine.schedules;
    totals.thin += mine.thin;
    totals.events += mine.events;
    totals.faults += mine.faults;
    totals.lives += mine.lives;
    totals.steps += mine.steps;
    totals.violations.insert(totals.violations.end(), mine.violations.begin(), mine.violations.end());
    for (const auto& [what, kind] : mine.kinds) {
      auto& sum = totals.kinds[what];
      sum.second = sum.first == 0 ? kind.second : std::min(sum.second, kind.second);
      sum.first += kind.first;
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < arguments.jobs; ++i) others.emplace_back(work);
  work();
  for (auto& other : others) other.join();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();

  tell_table(totals.coverage);
  rusage usage_of_process{};
  getrusage(RUSAGE_SELF, &usage_of_process);
  const double cpu = static_cast<double>(usage_of_process.ru_utime.tv_sec) +
                     static_cast<double>(usage_of_process.ru_utime.tv_usec) / 1e6;
  const auto all = totals.schedules + totals.thin;
  std::printf(
      "\n%llu schedules (and %llu with fewer than five faults), seeds %llu to %llu, in %.1f s: %.0f a second, "
      "%.0f a second of CPU\n",
      static_cast<unsigned long long>(totals.schedules), static_cast<unsigned long long>(totals.thin),
      static_cast<unsigned long long>(arguments.seed), static_cast<unsigned long long>(arguments.seed + all - 1), took,
      static_cast<double>(all) / took, static_cast<double>(all) / cpu);
  std::printf("a schedule: %.1f steps, %.1f lives, %.1f faults, %.0f events\n",
              static_cast<double>(totals.steps) / static_cast<double>(all),
              static_cast<double>(totals.lives) / static_cast<double>(all),
              static_cast<double>(totals.faults) / static_cast<double>(all),
              static_cast<double>(totals.events) / static_cast<double>(all));

  for (const auto& [what, kind] : totals.kinds) {
    std::printf("%8llu x invariant %s\n           first: stepop-simulate --seed %llu --replay\n",
                static_cast<unsigned long long>(kind.first), what.c_str(),
                static_cast<unsigned long long>(kind.second));
  }
  if (!totals.violations.empty()) {
    std::printf("%zu violations\n", totals.violations.size());
    if (!arguments.keep_going) {
      const auto& [seed, violation] = totals.violations.front();
      Arguments one = arguments;
      one.seed = seed;
      replay(one);
    }
    return 1;
  }
  int empty = 0;
  for (const auto& [kind, stage] : totals.coverage.empty_cells()) {
    std::printf("never: %s while %s, and nothing says why it should be so\n", std::string(name_of(kind)).c_str(),
                std::string(name_of(stage)).c_str());
    if (!arguments.sample) ++empty;
  }
  if (empty == 0) std::printf("no violation\n");
  return empty == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** texts) {
  const auto arguments = read_arguments(count, texts);
  return arguments.replay ? replay(arguments) : run_many(arguments);
}
