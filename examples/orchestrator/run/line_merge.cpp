#include "run/line_merge.hpp"

#include <utility>

namespace stepop::orchestrator {
namespace {

std::string mark_of(std::uint32_t index) {
  return index == 0 ? std::string() : '[' + std::to_string(index) + "] ";
}

}  // namespace

void LineMerge::add(std::uint32_t index, std::string_view data, bool partial) {
  if (index == 0) {
    first_is_open_ = true;
    give_(0, data, partial ? Text::piece : Text::line);
    if (!partial) end_first();
    return;
  }
  std::string& line = open_[index];
  if (line.empty()) line = mark_of(index);
  line += data;
  if (partial && line.size() < longest_line) return;
  give_whole({index, std::exchange(line, {}), Text::line});
}

void LineMerge::add_gap(std::uint32_t index, std::string_view text) {
  // The rest of a line that was begun is among what was lost.
  if (std::string& line = open_[index]; !line.empty()) give_whole({index, std::exchange(line, {}), Text::line});
  if (index == 0 && first_is_open_) add(0, "", false);
  give_whole({index, mark_of(index) + std::string(text), Text::gap});
}

void LineMerge::end() {
  if (first_is_open_) add(0, "", false);
  for (auto& [index, line] : open_) {
    if (!line.empty()) give_whole({index, std::exchange(line, {}), Text::line});
  }
}

void LineMerge::give_whole(Whole whole) {
  if (first_is_open_) {
    held_.push_back(std::move(whole));
  } else {
    give_(whole.index, whole.text, whole.what);
  }
}

void LineMerge::end_first() {
  first_is_open_ = false;
  for (const Whole& whole : std::exchange(held_, {})) give_(whole.index, whole.text, whole.what);
}

}  // namespace stepop::orchestrator
