#include "run/state_directory.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "input/finding.hpp"

namespace stepop::orchestrator {
namespace {

constexpr std::size_t kIdBytes = 16;

std::filesystem::path default_path() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const std::string own = variable("STEPOP_STATE_DIR"); !own.empty()) return own;
  // The XDG Base Directory Specification ignores relative paths here.
  if (const std::string xdg = variable("XDG_STATE_HOME"); !xdg.empty() && xdg[0] == '/')
    return std::filesystem::path(xdg) / "stepop";
  if (const std::string home = variable("HOME"); !home.empty())
    return std::filesystem::path(home) / ".local" / "state" / "stepop";
  throw BadInput("there is no place for the journal: give --state-dir, or set HOME");
}

std::string read_small_file(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

[[noreturn]] void fail(const std::string& doing) {
  const int error = errno;
  throw std::runtime_error(doing + ": " + std::strerror(error));
}

}  // namespace

StateDirectory StateDirectory::open(const std::optional<std::string>& chosen) {
  std::error_code error;
  const std::filesystem::path path =
      std::filesystem::absolute(chosen ? std::filesystem::path(*chosen) : default_path());
  std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    const int code = errno;
    throw BadInput("cannot make the state directory " + path.string() + ": " + std::strerror(code));
  }
  if (!std::filesystem::is_directory(path, error))
    throw BadInput("the state directory " + path.string() + " is not a directory");
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    const int code = errno;
    throw BadInput("cannot write in the state directory " + path.string() + ": " + std::strerror(code));
  }
  return StateDirectory(path.lexically_normal());
}

bool StateDirectory::is_there(const std::optional<std::string>& chosen) {
  std::error_code error;
  return std::filesystem::is_directory(chosen ? std::filesystem::path(*chosen) : default_path(), error);
}

std::string StateDirectory::owner() const {
  const std::filesystem::path file = path_ / "owner";
  if (std::string known = read_small_file(file); known.size() == 2 * kIdBytes) return known;
  // Written whole under another name, then linked: a reader never sees half of it, and the first
  // one wins.
  const std::filesystem::path fresh = path_ / ("owner." + random_id());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail("cannot write " + fresh.string());
  const std::string line = random_id() + "\n";
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  ::close(fd);
  const bool linked = written && (::link(fresh.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  ::unlink(fresh.c_str());
  errno = error;
  if (!linked) fail("cannot write " + file.string());
  std::string owner = read_small_file(file);
  if (owner.size() != 2 * kIdBytes)
    throw std::runtime_error(file.string() + " does not hold an owner id (32 hexadecimal digits)");
  return owner;
}

std::filesystem::path StateDirectory::run_directory(const std::string& run_id) const {
  return path_ / "runs" / run_id;
}

std::filesystem::path StateDirectory::log_file(const std::string& run_id, const std::string& step) const {
  return run_directory(run_id) / (step + ".log");
}

std::filesystem::path StateDirectory::log_complete_file(const std::string& run_id, const std::string& step) const {
  return run_directory(run_id) / (step + ".log.complete");
}

std::string random_id() {
  std::array<unsigned char, kIdBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    fail("no random bytes from the kernel");
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id += kDigits[byte >> 4];
    id += kDigits[byte & 15];
  }
  return id;
}

}  // namespace stepop::orchestrator
