#include "spawn.hpp"

#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>

#include <filesystem>

namespace stepop::local {
namespace {

constexpr const char* supervisor_name = "stepop-local-supervisor";
// The supervisor's own constant.
constexpr int lock_descriptor = 3;

// "NAME=value" lines, and the array that exec wants.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables) {
    for (const auto& [key, value] : variables) lines_.push_back(key + "=" + value);
    for (std::string& line : lines_) pointers_.push_back(line.data());
    pointers_.push_back(nullptr);
  }
  char** get() { return pointers_.data(); }

 private:
  std::vector<std::string> lines_;
  std::vector<char*> pointers_;
};

}  // namespace

std::string supervisor_path() {
  Dl_info here{};
  if (::dladdr(reinterpret_cast<void*>(&supervisor_path), &here) == 0 || here.dli_fname == nullptr)
    throw plugin::Error(STEPOP_E_INTERNAL, "cannot find out where this plugin is");
  // Absolute, because the working directory may be another one when a step is started.
  const std::string path = (std::filesystem::absolute(here.dli_fname).parent_path() / supervisor_name).string();
  if (::access(path.c_str(), X_OK) != 0)
    throw plugin::Error(STEPOP_E_UNAVAILABLE, path + " cannot be run: " + std::string(std::strerror(errno)),
                        "install it beside the plugin");
  return path;
}

int spawn_supervisor(const std::string& supervisor, const Request& request,
                     const std::map<std::string, std::string>& environment, const StepDirectory& directory, int lock,
                     pid_t* pid) {
  std::map<std::string, std::string> variables = environment;
  for (const auto& [key, value] : request.environment) variables[key] = value;
  for (const auto& [key, value] : request.secrets) variables[key] = value;
  variables["STEPOP_STEP_RUN_ID"] = request.step_run_id;
  variables["STEPOP_ATTEMPT"] = "0";
  variables["STEPOP_RESULT_PATH"] = directory.path() + "/result";
  variables["STEPOP_RESULT_MAX"] = std::to_string(max_result_size);
  Environment step_environment(variables);

  std::vector<std::string> words{supervisor, directory.path(), request.working_directory, "--"};
  words.insert(words.end(), request.command.begin(), request.command.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  // First the lock, before its descriptor can be overwritten.
  posix_spawn_file_actions_adddup2(&files, lock, lock_descriptor);
  posix_spawn_file_actions_addclosefrom_np(&files, lock_descriptor + 1);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // From its first moment on, the signal that means "look at `cancel`" waits until it is read.
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  const int error = posix_spawn(pid, supervisor.c_str(), &files, &attributes, arguments.data(), step_environment.get());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

Descriptor open_pidfd(pid_t pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool signal_pidfd(int pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0;
}

static_assert(look_at_cancel == SIGUSR1);

}  // namespace stepop::local
