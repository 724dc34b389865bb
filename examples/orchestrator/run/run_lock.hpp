// That only one process drives a run, and how others reach it. Both are files of the run's
// directory; both vanish with the process, however it ends.
#pragma once

#include <filesystem>
#include <optional>

namespace stepop::orchestrator {

// A descriptor that is closed once.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

// The lock of a run (flock on its `lock`). None when another process has it. Throws
// std::runtime_error when it cannot be tried. Makes the run's directory.
std::optional<Descriptor> try_lock_run(const std::filesystem::path& run_directory);

// The driving process's end of the run's pipe: readable when somebody asked for something. What is
// asked stands in the journal; the pipe only wakes. It is a named pipe, and open for writing here
// too, so that it never reports an end.
Descriptor listen_for_control(const std::filesystem::path& run_directory);
void drain_control(int fd);

// Another process's end. Not set when nobody listens. A poll for errors on it returns when the
// driving process is gone.
Descriptor reach_driver(const std::filesystem::path& run_directory);
void wake_driver(int fd);
// Until the driver is gone (true), or a signal came (false).
bool wait_for_driver_to_end(int fd);

}  // namespace stepop::orchestrator
