// How a check ends: it returns (the rule held), or says here what it saw instead.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace stepop::conformance {

enum class Outcome : char {
  held = 'H',
  broken = 'B',
  unsupported = 'U',  // the plugin does not have it, as it may
  crashed = 'C',      // a signal ended the process of the check
  hung = 'T',         // it was not done in the time that a check has
  answered = 'A',     // it was no check, but a question
};

// Thrown once the verdict is on its way to the parent: what the check holds is still cleaned up.
struct Ended : std::exception {};

// Where this process tells how the check goes: a line `D what` for what it is about to do, `B what` or `U what` for an end.
void tell_to(int descriptor);

// What the check is about to do: said of a plugin that crashes or hangs in it.
void doing(std::string_view what);

[[noreturn]] void broken(std::string_view seen);
[[noreturn]] void unsupported(std::string_view what);
[[noreturn]] void answered(std::string_view what);
inline void expect(bool held, std::string_view otherwise) {
  if (!held) broken(otherwise);
}

// A thread in which a check may end: the verdict is told, the first one counts.
template <class Work>
std::thread on_a_thread(Work work) {
  return std::thread([work = std::move(work)]() mutable {
    try {
      work();
    } catch (const Ended&) {
    }
  });
}

}  // namespace stepop::conformance
