#include "place.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

extern char** environ;

namespace stepop::test {
namespace {

fs::path new_directory() {
  std::string name = (fs::temp_directory_path() / "stepop-local-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  return name;
}

}  // namespace

Place::Place() : directory_(new_directory()) {}

Place::~Place() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string Place::content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int Place::lines(const fs::path& file) {
  const std::string text = content(file);
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

json::object Place::config() const {
  return {{"owner", "test"}, {"state_directory", state_directory().string()}, {"working_directory", "/"}};
}

host::Operator Place::open() const {
  return open(config());
}

host::Operator Place::open(json::object config) const {
  return host::Plugin::load(LOCAL_PLUGIN).open("local", config);
}

json::object Place::shell(const std::string& id, const std::string& script) {
  return {{"step_run_id", id}, {"command", {"sh", "-c", script}}};
}

json::object Place::wait_for(const host::Operator& op, const std::string& id, host::State state) {
  const auto batch = op.wait(id, long_enough);
  if (!batch) {
    ADD_FAILURE() << id << " does not end";
    return {};
  }
  EXPECT_EQ(name(batch->front().state()), name(state)) << batch->front().detail();
  return batch->front().parse_detail();
}

json::object Place::end_of(const host::Operator& op, const json::object& request, host::State state) {
  op.submit(request);
  return wait_for(op, std::string(request.at("step_run_id").as_string()), state);
}

void Place::await(const host::Operator& op, const std::string& id, host::State state) {
  while (const auto batch = op.next_events(1, long_enough))
    if (batch->front().step_run_id() == id && batch->front().state() >= state) return;
  ADD_FAILURE() << id << " does not become " << name(state);
}

json::object Place::await(const host::Operator& op, host::EventKind kind) {
  while (const auto batch = op.next_events(1, long_enough))
    if (batch->front().kind() == kind) return batch->front().parse_detail();
  ADD_FAILURE() << "no event " << name(kind);
  return {};
}

void Place::await_ready(const host::Operator& op, const std::string& id) {
  const host::LogStream logs = op.open_logs(id);
  for (;;) {
    const host::LogRead read = logs.read();
    for (const host::LogRecord record : read.batch)
      if (record.data() == "ready") return;
    if (read.status == host::LogRead::Status::records) continue;
    if (read.status == host::LogRead::Status::ended || !op.next_events(16, long_enough)) break;
  }
  ADD_FAILURE() << id << " does not get ready";
}

fs::path Place::only_step() const {
  std::vector<fs::path> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(state_directory(), none)) all.push_back(entry.path());
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? fs::path() : all.front();
}

Process::Process(const std::vector<std::string>& command) {
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, output[1], STDOUT_FILENO);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // A shell that runs the tests in its background has them ignore SIGINT; this process is not to inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGQUIT);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error = ::posix_spawnp(&pid_, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  ::close(output[1]);
  output_ = output[0];
  if (error != 0) throw std::runtime_error("cannot run " + command.front());
}

Process::~Process() {
  kill(SIGKILL);
  wait();
  ::close(output_);
}

std::string Process::read_line() {
  std::size_t newline;
  while ((newline = buffer_.find('\n')) == buffer_.npos) {
    char block[4096];
    const ssize_t count = ::read(output_, block, sizeof block);
    if (count <= 0) return std::exchange(buffer_, "");
    buffer_.append(block, static_cast<std::size_t>(count));
  }
  std::string line = buffer_.substr(0, newline);
  buffer_.erase(0, newline + 1);
  return line;
}

void Process::kill(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

int Process::wait() {
  if (pid_ <= 0) return -1;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace stepop::test
