#include "run/line_merge.hpp"

#include <utility>

namespace stepop::orchestrator {

void LineMerge::add(std::uint32_t index, std::string_view data, bool partial) {
  if (index == 0) {
    give_(data, partial);
    first_is_open_ = partial;
    if (!partial) give_held();
    return;
  }
  std::string& line = open_[index];
  if (line.empty()) line = '[' + std::to_string(index) + "] ";
  line += data;
  if (partial && line.size() < longest_line) return;
  give_whole(std::exchange(line, {}));
}

void LineMerge::end() {
  if (std::exchange(first_is_open_, false)) give_("", false);
  give_held();
  for (auto& [index, line] : open_) {
    if (!line.empty()) give_whole(std::exchange(line, {}));
  }
}

void LineMerge::give_whole(std::string line) {
  if (first_is_open_) {
    held_.push_back(std::move(line));
  } else {
    give_(line, false);
  }
}

void LineMerge::give_held() {
  for (const std::string& line : std::exchange(held_, {})) give_(line, false);
}

}  // namespace stepop::orchestrator
