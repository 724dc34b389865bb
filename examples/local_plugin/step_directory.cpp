#include "step_directory.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace stepop::local {
namespace {

namespace fs = std::filesystem;

// Enough to see why a step failed, small enough for an event.
constexpr std::size_t max_tail_bytes = 4096;
constexpr int max_tail_lines = 20;

[[noreturn]] void fail(const std::string& what, const std::string& path, int error) {
  throw plugin::Error(STEPOP_E_UNAVAILABLE, what + " " + path + ": " + std::generic_category().message(error));
}

}  // namespace

StepDirectory::StepDirectory(const std::string& state_directory, std::string_view owner, std::string_view step_run_id)
    : path_(state_directory + "/" + digest(std::string(owner) + '\0' + std::string(step_run_id))) {}

bool StepDirectory::exists() const {
  std::error_code error;
  return fs::is_directory(path_, error);
}

void StepDirectory::create() const {
  std::error_code error;
  fs::create_directories(fs::path(path_).parent_path(), error);
  if (error) fail("cannot make the directory", path_, error.value());
  // 0700: a step's log and result may hold secrets.
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) fail("cannot make the directory", path_, errno);
}

StepDirectory::Lock StepDirectory::lock(Descriptor* out) const {
  const std::string path = path_ + "/lock";
  for (;;) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file && errno == ENOENT) return Lock::absent;
    if (!file) fail("cannot open", path, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return Lock::held;
      fail("cannot lock", path, errno);
    }
    // It may have been removed, or replaced, between the two calls: a lock on a file that is gone keeps nobody out.
    struct stat ours {};
    struct stat there {};
    if (::fstat(file.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
        ours.st_dev == there.st_dev) {
      *out = std::move(file);
      return Lock::ours;
    }
  }
}

std::optional<StepRecord> StepDirectory::record() const {
  const auto text = read_file(path_ + "/step");
  if (!text) return std::nullopt;
  json::error_code error;
  const json::value value = json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  StepRecord record;
  try {
    record.owner = value.at("owner").as_string();
    record.step_run_id = value.at("step_run_id").as_string();
    record.hash = value.at("request_hash").as_string();
    record.cleanup = read_cleanup(value.at("cleanup").as_string(), "cleanup");
    record.termination_grace = std::chrono::milliseconds(value.at("termination_grace_ms").to_number<std::int64_t>());
    for (const auto& label : value.at("labels").as_object())
      record.labels[std::string(label.key())] = label.value().as_string();
  } catch (const std::exception&) {
    return std::nullopt;  // not written by us
  }
  return record;
}

void StepDirectory::write(const StepRecord& record) const {
  json::object labels;
  for (const auto& [key, value] : record.labels) labels[key] = value;
  const json::object object{{"owner", record.owner},
                            {"step_run_id", record.step_run_id},
                            {"request_hash", record.hash},
                            {"cleanup", name(record.cleanup)},
                            {"termination_grace_ms", record.termination_grace.count()},
                            {"labels", std::move(labels)}};
  if (const int error = write_file(path_, "step", json::serialize(object)); error != 0)
    fail("cannot write", path_ + "/step", error);
}

std::optional<Supervisor> StepDirectory::begun() const {
  const auto text = read_file(path_ + "/begun");
  if (!text) return std::nullopt;
  return Supervisor{static_cast<pid_t>(number_in(*text, "pid").value_or(0)),
                    number_in(*text, "start_time").value_or(0)};
}

std::optional<StepDirectory::Started> StepDirectory::started() const {
  const auto text = read_file(path_ + "/started");
  if (!text) return std::nullopt;
  return Started{static_cast<pid_t>(number_in(*text, "pid").value_or(0)), number_in(*text, "started_us").value_or(0)};
}

std::optional<End> StepDirectory::end() const {
  const auto text = read_file(path_ + "/end");
  if (!text) return std::nullopt;
  End end;
  end.exit_code = number_in(*text, "exit_code");
  end.signal = number_in(*text, "signal");
  end.exec_errno = number_in(*text, "errno");
  if (const std::size_t what = text->find("\nwhat "); what != text->npos)
    end.what = text->substr(what + 6, text->find('\n', what + 6) - what - 6);
  end.cancelled = number_in(*text, "cancelled") == 1;
  end.started_us = number_in(*text, "started_us").value_or(0);
  end.finished_us = number_in(*text, "finished_us").value_or(0);
  return end;
}

void StepDirectory::write_end(const End& end) const {
  std::string text;
  if (end.exec_errno) text += "errno " + std::to_string(*end.exec_errno) + "\nwhat " + end.what + "\n";
  text += "cancelled " + std::string(end.cancelled ? "1" : "0") + "\nstarted_us 0\nfinished_us " +
          std::to_string(now_us()) + "\n";
  if (const int error = write_file(path_, "end", text); error != 0) fail("cannot write", path_ + "/end", error);
}

void StepDirectory::hand_to(const std::string& instance) const {
  if (const int error = write_file(path_, "operator", instance, Durable::no); error != 0)
    fail("cannot write", path_ + "/operator", error);
}

std::optional<std::string> StepDirectory::instance() const {
  return read_file(path_ + "/operator");
}

void StepDirectory::ask_to_cancel(std::chrono::milliseconds grace) const {
  const std::string text = "grace_ms " + std::to_string(grace.count()) + "\n";
  if (const int error = write_file(path_, "cancel", text); error != 0) fail("cannot write", path_ + "/cancel", error);
}

bool StepDirectory::asked_to_cancel() const {
  return ::access((path_ + "/cancel").c_str(), F_OK) == 0;
}

std::optional<std::string> StepDirectory::result() const {
  return read_file(path_ + "/result", max_result_size + 1);
}

std::string StepDirectory::log_tail() const {
  const Descriptor file(::open(log().c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return "";
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(max_tail_bytes));
  std::string tail(static_cast<std::size_t>(std::max<off_t>(0, size - from)), '\0');
  const ssize_t count = ::pread(file.get(), tail.data(), tail.size(), from);
  tail.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  // The first line is whole only at the file's beginning.
  if (const std::size_t newline = tail.find('\n'); from > 0 && newline != tail.npos) tail.erase(0, newline + 1);
  std::size_t begin = tail.size();
  if (begin != 0 && tail.back() == '\n') --begin;
  for (int lines = 0; lines < max_tail_lines && begin != tail.npos && begin != 0; ++lines)
    begin = tail.rfind('\n', begin - 1);
  if (begin != tail.npos && begin != 0) tail.erase(0, begin + 1);
  return tail;
}

bool StepDirectory::remove() const {
  // First out of the way, so that nobody finds a half of it; what an earlier call left is taken along.
  const std::string away = path_ + std::string(removed_suffix);
  std::error_code error;
  fs::remove_all(away, error);
  if (::rename(path_.c_str(), away.c_str()) != 0) return errno == ENOENT;
  fs::remove_all(away, error);
  return !error;
}

std::string rfc3339(long long us) {
  const time_t seconds = us / 1'000'000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%06lldZ", us % 1'000'000);
  return text;
}

}  // namespace stepop::local
