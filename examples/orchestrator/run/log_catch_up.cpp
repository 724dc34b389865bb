#include "run/log_catch_up.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "run/run_lock.hpp"

namespace stepop::orchestrator {
namespace {

// Of the file, read at once.
constexpr std::int64_t kWindow = 256 << 10;

}  // namespace

bool LogCatchUp::is_behind(std::uint32_t pod) const {
  const auto place = places_.find(pod);
  return place == places_.end() ? size_ > 0 : place->second < size_;
}

bool LogCatchUp::skip(std::uint32_t pod, std::string_view line) {
  std::int64_t& place = places_[pod];
  for (std::int64_t at = place; at < size_;) {
    const auto known = line_at(at);
    if (!known) return false;
    at += static_cast<std::int64_t>(known->size()) + 1;
    if (*known != line) continue;
    place = at;
    return true;
  }
  return false;
}

void LogCatchUp::end(std::uint32_t pod) {
  places_[pod] = size_;
  std::string().swap(window_);
}

// Without its newline; nothing where it cannot be read.
std::optional<std::string_view> LogCatchUp::line_at(std::int64_t place) {
  for (std::int64_t bytes = kWindow;; bytes *= 2) {
    const std::int64_t ends = window_begins_ + static_cast<std::int64_t>(window_.size());
    if (place >= window_begins_ && place < ends) {
      const std::string_view rest = std::string_view(window_).substr(static_cast<std::size_t>(place - window_begins_));
      if (const std::size_t length = rest.find('\n'); length != rest.npos) return rest.substr(0, length);
      if (ends >= size_) return std::nullopt;
    }
    if (!fill(place, bytes)) return std::nullopt;
  }
}

// It is opened each time: a host may have thousands of logs, and not as many descriptors.
bool LogCatchUp::fill(std::int64_t from, std::int64_t bytes) {
  window_begins_ = from;
  window_.resize(static_cast<std::size_t>(std::min(bytes, size_ - from)));
  const Descriptor fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  std::size_t done = 0;
  while (fd && done < window_.size()) {
    const ssize_t count =
        ::pread(fd.get(), window_.data() + done, window_.size() - done, from + static_cast<std::int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  const bool all = done == window_.size();
  window_.resize(done);
  return all;
}

}  // namespace stepop::orchestrator
