// Where a test's steps live, and how it speaks to the plugin.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include <stepop/host.hpp>

namespace stepop::test {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

// No step of these tests takes as long: a test that waits this long has failed.
inline constexpr std::chrono::milliseconds long_enough{30'000};

class Place : public testing::Test {
 protected:
  Place();
  ~Place() override;

  fs::path state_directory() const { return directory_ / "state"; }
  // A file for steps to write to.
  std::string file(const std::string& name) const { return (directory_ / name).string(); }
  static std::string content(const fs::path& file);
  static int lines(const fs::path& file);

  json::object config() const;
  host::Operator open() const;
  host::Operator open(json::object config) const;
  // A request that runs `script` in a shell.
  static json::object shell(const std::string& id, const std::string& script);
  // Submits, waits for its end, and returns the detail of that; `state` is what it must be.
  json::object end_of(const host::Operator& op, const json::object& request, host::State state);
  static json::object wait_for(const host::Operator& op, const std::string& id, host::State state);
  // Reads events until one is of the step and in a state at or after `state`.
  static void await(const host::Operator& op, const std::string& id, host::State state);
  // Reads events until one of the kind comes, and returns its detail.
  static json::object await(const host::Operator& op, host::EventKind kind);
  // Reads the step's log until a line is `ready`: then its shell has set its traps.
  static void await_ready(const host::Operator& op, const std::string& id);
  // The only step directory there is.
  fs::path only_step() const;

  const fs::path directory_;
};

// A child process of the test, killed at the end of the scope.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command);
  Process(const Process&) = delete;
  ~Process();
  // Its next line on stdout; "" at the end.
  std::string read_line();
  void kill(int signal);
  int wait();  // its exit status, or 128 + signal

 private:
  int pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace stepop::test
