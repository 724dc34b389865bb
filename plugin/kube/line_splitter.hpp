#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stepop::kube {

/// Cuts a stream into lines, however it was cut into pieces. Internal to the room.
class LineSplitter {
 public:
  /// The rest of a line longer than `longest` is dropped, and counts as too long.
  explicit LineSplitter(std::size_t longest) : longest_(longest) {}

  /// Calls `on_line(std::string_view)` for each line that is whole now, without its newline;
  /// empty lines are skipped. It stops when on_line returns false. Says false when a line was
  /// longer than allowed: the stream cannot be read on.
  template <class OnLine>
  bool feed(std::string_view bytes, OnLine&& on_line) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      if (end == std::string_view::npos) {
        if (pending_.size() + bytes.size() > longest_) return false;
        pending_.append(bytes);
        return true;
      }
      const std::string_view piece = bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      if (pending_.size() + piece.size() > longest_) return false;
      if (pending_.empty()) {
        if (!piece.empty() && !on_line(piece)) return true;
        continue;
      }
      pending_.append(piece);
      const std::string line = std::move(pending_);
      pending_.clear();
      if (!on_line(std::string_view(line))) return true;
    }
    return true;
  }

  /// Forgets an unfinished line.
  void reset() { pending_.clear(); }

 private:
  std::size_t longest_;
  std::string pending_;
};

}  // namespace stepop::kube
