// How a step's directory is written: small files that appear whole or not at all. Shared by the plugin and the supervisor,
// which has no other library.
//
// A step's directory holds
//   step     who it is and its request's hash (JSON); written by the plugin before anything is started
//   lock     held (flock) by whoever starts the step, then by its supervisor as long as that lives
//   begun    the supervisor's pid and start time; from here on the step's code may have run
//   started  the step's own pid: its code runs
//   operator which operator it is of: the last one that submitted it or took it over
//   cancel   how long the step may take to stop; written by the plugin, read by the supervisor
//   end      how it ended
//   log      what it wrote to stdout and stderr
//   result   what it wrote to STEPOP_RESULT_PATH
// A directory with `begun` and no `end`, whose lock is free, is a step whose supervisor was killed.
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace stepop::local {

// Microseconds since 1970-01-01 UTC.
inline long long now_us() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
}

// Reads at most `max` bytes of a file; empty when it cannot be read.
inline std::optional<std::string> read_file(const std::string& path, std::size_t max = 1 << 20) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string text;
  char buffer[4096];
  ssize_t count = 0;
  while (text.size() < max && (count = ::read(file, buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<std::size_t>(count));
  ::close(file);
  if (count < 0) return std::nullopt;
  if (text.size() > max) text.resize(max);
  return text;
}

enum class Durable { no, yes };

// Puts a file in place by rename, and (`yes`) on the disk before that, so that a crash leaves either nothing or all of it.
// Returns 0 or an errno.
inline int write_file(const std::string& directory, const std::string& name, std::string_view text,
                      Durable durable = Durable::yes) {
  const std::string path = directory + "/" + name;
  // Of this thread: two operators of one process may write the same file.
  const std::string draft = path + ".draft." + std::to_string(::syscall(SYS_gettid));
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  bool ok = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
            (durable == Durable::no || ::fsync(file) == 0);
  ok = ::close(file) == 0 && ok;
  ok = ok && ::rename(draft.c_str(), path.c_str()) == 0;
  if (!ok) {
    const int error = errno != 0 ? errno : EIO;
    ::unlink(draft.c_str());
    return error;
  }
  if (durable == Durable::no) return 0;
  if (const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return 0;
}

// The number behind `key` in lines of "key number".
inline std::optional<long long> number_in(std::string_view record, std::string_view key) {
  while (!record.empty()) {
    const std::size_t end = record.find('\n');
    const std::string line(record.substr(0, end));
    record.remove_prefix(end == record.npos ? record.size() : end + 1);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
      return std::atoll(line.c_str() + key.size() + 1);
  }
  return std::nullopt;
}

// When a process began, in the kernel's clock ticks since boot: with its pid, the identity of a process. 0 when there is no such
// process. See proc(5), /proc/pid/stat, field 22.
inline long long start_time_of(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return 0;
  // The name, field 2, is in parentheses and may hold anything.
  std::size_t at = stat->rfind(')');
  for (int field = 2; field < 22 && at != stat->npos; ++field) at = stat->find(' ', at + 1);
  return at == stat->npos ? 0 : std::atoll(stat->c_str() + at);
}

}  // namespace stepop::local
