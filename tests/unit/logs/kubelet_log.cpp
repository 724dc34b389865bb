#include "kubelet_log.hpp"

#include <algorithm>
#include <cstdio>

namespace stepop::lifecycle::testing {

namespace {
constexpr std::size_t part_bytes = 16 * 1024;
}

std::string stamp(std::int64_t ns) {
  const std::string whole = kube::format_rfc3339(kube::Timestamp{std::chrono::seconds{ns / second}});
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%09dZ", static_cast<int>(ns % second));
  return whole.substr(0, whole.size() - 1) + fraction;
}

void KubeletLog::line(std::int64_t ns, std::string_view text, std::int64_t between_parts) {
  write(ns, text, true, between_parts);
}

void KubeletLog::write(std::int64_t ns, std::string_view text, bool ends, std::int64_t between_parts) {
  while (text.size() > part_bytes) {
    parts_.push_back({ns, std::string(text.substr(0, part_bytes))});
    text.remove_prefix(part_bytes);
    ns += between_parts;
  }
  parts_.push_back({ns, std::string(text) + (ends ? "\n" : "")});
}

KubeletLog::Answer::Answer(const KubeletLog& log, const LogRead& read) : log_(&log), next_(log.file_begin_) {
  if (read.since) since_ = read.since->time_since_epoch().count() * 1000;
  if (read.tail_lines) {
    const std::size_t there = log.parts_.size() - log.file_begin_;
    next_ += there - std::min(there, static_cast<std::size_t>(*read.tail_lines));
  }
}

std::string KubeletLog::Answer::more() {
  std::string bytes;
  for (; next_ < log_->parts_.size(); ++next_) {
    const Part& part = log_->parts_[next_];
    if (part.ns >= since_) bytes += (new_line_ ? stamp(part.ns) + ' ' : "") + part.text;
    new_line_ = part.text.empty() || part.text.back() == '\n';
  }
  return bytes;
}

void Lines::add(const std::vector<LogPiece>& pieces) {
  for (const auto& piece : pieces) {
    if (piece.kind != LogPiece::Kind::data) {
      if (partial_) lines_.push_back("<no end of the line>");
      lines_.push_back(piece.kind == LogPiece::Kind::gap ? "<gap>" : "<end>");
      partial_ = false;
      continue;
    }
    longest_piece_ = std::max(longest_piece_, piece.data.size());
    if (partial_) {
      lines_.back() += piece.data;
    } else {
      lines_.push_back(piece.data);
    }
    partial_ = piece.partial;
  }
}

}  // namespace stepop::lifecycle::testing
