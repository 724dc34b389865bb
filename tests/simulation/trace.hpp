#pragma once

#include <string>
#include <vector>

#include "agenda.hpp"

namespace stepop::simulation {

// What happened, a line each, when somebody wants to read it.
class Trace {
 public:
  Trace(const Agenda& agenda, bool wanted) : agenda_(agenda), began_(agenda.now()), wanted_(wanted) {}

  bool wanted() const { return wanted_; }
  // Ask wanted() first: making the text is what costs.
  void say(std::string text) {
    const auto past = std::chrono::duration_cast<std::chrono::microseconds>(agenda_.now() - began_).count();
    char stamp[32];
    std::snprintf(stamp, sizeof stamp, "%5lld.%03lld  ", static_cast<long long>(past / 1'000'000),
                  static_cast<long long>(past / 1000 % 1000));
    lines_.push_back(stamp + std::move(text));
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  const Agenda& agenda_;
  Instant began_;
  bool wanted_;
  std::vector<std::string> lines_;
};

}  // namespace stepop::simulation
