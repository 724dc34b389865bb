// Which lines of a log that is read again, from its beginning, the host's copy has already.
//
// Each pod of a step has a place of its own in the copy: each of its lines is looked for from behind the one found last, so
// it does not matter how the pods' lines follow one another this time, nor whether the older ones were rotated away
// meanwhile. A line is what the copy says, with the `[1] ` of its pod: should the first pod print one of those itself, and
// the same one as that pod, it is taken for that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stepop::orchestrator {

class LogCatchUp {
 public:
  LogCatchUp() = default;
  // The first `size` bytes of the file, which end with a newline and do not change.
  LogCatchUp(std::filesystem::path file, std::int64_t size) : file_(std::move(file)), size_(size) {}

  // Whether the copy may have more lines of this pod.
  bool is_behind(std::uint32_t pod) const;
  // Moves on behind the pod's line; false where it is not there.
  bool skip(std::uint32_t pod, std::string_view line);
  // Everything of this pod is new from now on.
  void end(std::uint32_t pod);

 private:
  std::optional<std::string_view> line_at(std::int64_t place);
  bool fill(std::int64_t from, std::int64_t bytes);

  std::filesystem::path file_;
  std::int64_t size_ = 0;
  std::map<std::uint32_t, std::int64_t> places_;  // behind each pod's last line that was found
  std::string window_;                            // a part of the file; pods are near one another in it
  std::int64_t window_begins_ = 0;
};

}  // namespace stepop::orchestrator
