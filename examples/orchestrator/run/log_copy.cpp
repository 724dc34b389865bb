#include "run/log_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
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

// What follows the last newline.
std::string unfinished_line(const std::filesystem::path& file, std::int64_t size) {
  std::ifstream stream(file, std::ios::binary);
  std::string line;
  std::string block;
  for (std::int64_t ends = size; ends > 0;) {
    const std::int64_t begins = std::max<std::int64_t>(0, ends - kTailBytes);
    block.resize(static_cast<std::size_t>(ends - begins));
    stream.seekg(begins);
    if (!stream.read(block.data(), static_cast<std::streamsize>(block.size()))) return "";
    const std::size_t newline = block.rfind('\n');
    line.insert(0, block, newline == block.npos ? 0 : newline + 1);
    if (newline != block.npos) break;
    ends = begins;
  }
  return line;
}

}  // namespace

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

LogCopy::LogCopy(std::filesystem::path file, std::filesystem::path complete_file)
    : file_(std::move(file)), complete_file_(std::move(complete_file)) {
  fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0) {
    const int error = errno;
    throw std::runtime_error("cannot write " + file_.string() + ": " + std::strerror(error));
  }
  struct stat status {};
  if (::fstat(fd_, &status) != 0 || status.st_size == 0) return;
  torn_ = unfinished_line(file_, status.st_size);
  const std::int64_t whole = status.st_size - static_cast<std::int64_t>(torn_.size());
  catch_up_ = LogCatchUp(file_, whole);
  if (torn_.empty() || ::ftruncate(fd_, whole) == 0) return;
  torn_.clear();
  pending_ = "\n";
}

LogCopy::~LogCopy() {
  try {
    pending_ += torn_;
    flush();
  } catch (const std::runtime_error&) {
    // The copy lacks its last lines; a resume reads them again.
  }
  ::close(fd_);
}

void LogCopy::append(std::string_view line) {
  if (!torn_.empty() && line.starts_with(torn_)) torn_.clear();
  pending_ += line;
  pending_ += '\n';
}

void LogCopy::end_catching_up(std::uint32_t pod) {
  for (const std::string& gap : std::exchange(gaps_[pod], {})) {
    if (!catch_up_.skip(pod, gap)) append(gap);
  }
  gaps_.erase(pod);
  catch_up_.end(pod);
}

void LogCopy::add_whole_line(std::uint32_t pod, const std::string& line) {
  if (catch_up_.is_behind(pod)) {
    if (catch_up_.skip(pod, line)) {
      // What could not be read again before it is in the copy.
      gaps_.erase(pod);
      return;
    }
    end_catching_up(pod);
  }
  append(line);
}

void LogCopy::add_line(std::uint32_t pod, std::string_view data, bool partial) {
  if (catch_up_.is_behind(pod) || !piece_.empty() || !torn_.empty()) {
    piece_ += data;
    if (partial && piece_.size() <= kLongestComparedLine) return;
    const std::string line = std::exchange(piece_, {});
    if (!partial) {
      add_whole_line(pod, line);
    } else {
      end_catching_up(pod);
      pending_ += line;
    }
  } else {
    pending_ += data;
    if (!partial) pending_ += '\n';
  }
  if (pending_.size() >= kFlushAt) flush();
}

void LogCopy::add_gap(std::uint32_t pod, std::string_view line) {
  if (catch_up_.is_behind(pod))
    gaps_[pod].emplace_back(line);
  else
    append(line);
}

void LogCopy::flush() {
  if (pending_.empty()) return;
  write_all(fd_, pending_, file_);
  pending_.clear();
}

void LogCopy::complete() {
  if (!piece_.empty()) add_whole_line(0, std::exchange(piece_, {}));
  while (!gaps_.empty()) end_catching_up(gaps_.begin()->first);
  if (!torn_.empty()) append(std::string(torn_));
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
