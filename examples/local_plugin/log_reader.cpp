#include "log_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace stepop::local {
namespace {

// Bytes that are read at once; a longer line goes on as several records.
constexpr std::size_t block_size = 64 * 1024;

}  // namespace

LogReader::LogReader(std::string file, const plugin::LogOptions& options, std::shared_ptr<plugin::LogPipe> pipe)
    : path_(std::move(file)), follow_(options.follow), tail_lines_(options.tail_lines), pipe_(std::move(pipe)) {}

void LogReader::seek_tail() {
  const off_t size = ::lseek(file_.get(), 0, SEEK_END);
  std::string block;
  // A newline at the very end ends the last line; it does not begin another one.
  std::int64_t newlines = -1;
  off_t at = size;
  char last = 0;
  if (size > 0 && ::pread(file_.get(), &last, 1, size - 1) == 1 && last != '\n') newlines = 0;
  while (at > 0) {
    const auto count = static_cast<std::size_t>(std::min<off_t>(at, block_size));
    block.resize(count);
    at -= static_cast<off_t>(count);
    if (::pread(file_.get(), block.data(), count, at) != static_cast<ssize_t>(count)) break;
    for (std::size_t i = count; i-- > 0;) {
      if (block[i] == '\n' && ++newlines == *tail_lines_) {
        ::lseek(file_.get(), at + static_cast<off_t>(i) + 1, SEEK_SET);
        return;
      }
    }
  }
  ::lseek(file_.get(), *tail_lines_ == 0 ? size : 0, SEEK_SET);
}

void LogReader::push_line(std::string_view line, bool partial) {
  plugin::LogRecord record;
  record.partial = partial;
  record.data = line;
  full_ = !pipe_->push(std::move(record));
}

bool LogReader::pump(bool ended) {
  if (pipe_->closed()) return true;
  if (!file_) {
    file_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file_ && tail_lines_) seek_tail();
  }
  full_ = false;
  std::array<char, block_size> block;
  while (file_ && !full_) {
    const ssize_t count = ::read(file_.get(), block.data(), block.size());
    if (count <= 0) break;
    std::string_view text(block.data(), static_cast<std::size_t>(count));
    for (std::size_t newline; (newline = text.find('\n')) != text.npos;) {
      line_.append(text.substr(0, newline));
      push_line(line_, false);
      line_.clear();
      text.remove_prefix(newline + 1);
    }
    line_.append(text);
    if (line_.size() >= block_size) {
      push_line(line_, true);
      line_.clear();
    }
  }
  if (full_) return pipe_->closed();  // `on_room` calls again
  if (follow_ && !ended) return false;
  if (!line_.empty()) push_line(line_, false);
  plugin::LogRecord end;
  end.kind = plugin::LogRecord::Kind::end;
  pipe_->push(std::move(end));
  return true;
}

}  // namespace stepop::local
