#include "run/log_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Written at once when more than this has gathered, so that a torrent of lines does not gather in
// memory.
constexpr std::size_t kFlushAt = 256u << 10;
// A longer line is not held back to be compared: it counts as new.
constexpr std::size_t kLongestComparedLine = 16u << 20;
// From the end of a file, when its last lines are wanted.
constexpr std::int64_t kTailBytes = 64 << 10;

void write_all(int fd, std::string_view data, const std::filesystem::path& file) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      throw std::runtime_error("cannot write " + file.string() + ": " + std::strerror(error));
    }
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string gap_line(std::string_view detail) {
  std::string line = "[stepop: lines of this log were lost where they were kept";
  boost::system::error_code error;
  const json::value parsed = json::parse(detail, error);
  if (!error && parsed.is_object()) {
    const auto text = [&](const char* name) -> std::string {
      const json::value* value = parsed.get_object().if_contains(name);
      return value && value->is_string() ? std::string(value->get_string()) : "";
    };
    if (const std::string from = text("from"); !from.empty()) line += ", from " + from;
    if (const std::string to = text("to"); !to.empty()) line += " to " + to;
    if (const std::string message = text("message"); !message.empty()) line += ": " + message;
  }
  return line + "]";
}

}  // namespace

LogCopy::LogCopy(std::filesystem::path file, std::filesystem::path complete_file)
    : file_(std::move(file)), complete_file_(std::move(complete_file)) {
  fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0) {
    const int error = errno;
    throw std::runtime_error("cannot write " + file_.string() + ": " + std::strerror(error));
  }
  struct stat status {};
  if (::fstat(fd_, &status) == 0 && status.st_size > 0) {
    old_.open(file_, std::ios::binary);
    catching_up_ = old_.is_open();
  }
}

LogCopy::~LogCopy() {
  try {
    flush();
  } catch (const std::runtime_error&) {
    // The copy lacks its last lines; a resume reads them again.
  }
  ::close(fd_);
}

// Moves on in the old copy to behind the line, or gives up catching up.
bool LogCopy::is_in_copy(const std::string& line) {
  std::string known;
  std::string last;
  bool torn = false;
  while (std::getline(old_, known)) {
    torn = old_.eof();  // the file ends without a newline: its writer died in the middle of a line
    if (!torn && known == line) return true;
    last = std::move(known);
  }
  catching_up_ = false;
  old_.close();
  if (!torn) return false;
  if (line.compare(0, last.size(), last) == 0) {
    pending_ += line.substr(last.size());
    pending_ += '\n';
    return true;
  }
  pending_ += '\n';
  return false;
}

void LogCopy::add_whole_line(const std::string& line) {
  if (catching_up_ && is_in_copy(line)) return;
  pending_ += line;
  pending_ += '\n';
}

void LogCopy::add_line(std::string_view data, bool partial) {
  if (catching_up_) {
    piece_ += data;
    if (partial && piece_.size() <= kLongestComparedLine) return;
    if (!partial) {
      add_whole_line(piece_);
    } else {
      catching_up_ = false;
      pending_ += piece_;
    }
    piece_.clear();
  } else {
    pending_ += data;
    if (!partial) pending_ += '\n';
  }
  if (pending_.size() >= kFlushAt) flush();
}

void LogCopy::add_gap(std::string_view detail) {
  add_whole_line(gap_line(detail));
}

void LogCopy::flush() {
  if (pending_.empty()) return;
  write_all(fd_, pending_, file_);
  pending_.clear();
}

void LogCopy::complete() {
  if (!piece_.empty()) add_whole_line(std::exchange(piece_, {}));
  flush();
  const int fd = ::open(complete_file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
}

std::string last_lines(const std::filesystem::path& file, std::size_t most, std::size_t longest) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return "";
  const std::int64_t size = stream.tellg();
  const std::int64_t from = std::max<std::int64_t>(0, size - kTailBytes);
  stream.seekg(from);
  std::vector<std::string> lines;
  std::string line;
  if (from > 0) std::getline(stream, line);  // cut off at its beginning
  while (std::getline(stream, line)) lines.push_back(line.substr(0, longest));
  std::string tail;
  const std::size_t first = lines.size() > most ? lines.size() - most : 0;
  for (std::size_t i = first; i < lines.size(); ++i) tail += lines[i] + "\n";
  return tail;
}

}  // namespace stepop::orchestrator
