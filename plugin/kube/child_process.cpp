#include "kube/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <string_view>

namespace stepop::kube {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// An ExecCredential with a certificate chain is some 20 KiB.
constexpr std::size_t longest_output = 1u << 20;
constexpr std::size_t kept_of_stderr = 16u << 10;

std::vector<char*> pointers_to(std::vector<std::string>& lines) {
  std::vector<char*> out;
  for (std::string& line : lines) out.push_back(line.data());
  out.push_back(nullptr);
  return out;
}

struct Pipe {
  int read = -1;
  int write = -1;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  void close() {
    for (int* end : {&read, &write}) {
      if (*end >= 0) ::close(*end);
      *end = -1;
    }
  }
};

int spawn(ChildCommand command, int out, int err, pid_t* pid) {
  std::vector<std::string> words{command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out, 1);
  posix_spawn_file_actions_adddup2(&files, err, 2);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Our thread blocks every signal; the program must not.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int error = posix_spawn(pid, command.program.c_str(), &files, &attributes, pointers_to(words).data(),
                                pointers_to(command.environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

class ChildProcess::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::function<void(ChildResult)> done)
      : io_(io), out_(io), err_(io), process_(io), timer_(io), done_(std::move(done)) {}

  void start(ChildCommand command) {
    Pipe out;
    Pipe err;
    int error = out.open() && err.open() ? 0 : errno;
    const auto timeout = command.timeout;
    // Above 2, or the dup2s of the child would overwrite one another (a host may have closed its own 0 to 2).
    for (Pipe* pipe : {&out, &err}) {
      if (error != 0 || pipe->write > 2) continue;
      const int above = ::fcntl(pipe->write, F_DUPFD_CLOEXEC, 3);
      if (above < 0) error = errno;
      ::close(pipe->write);
      pipe->write = above;
    }
    if (error == 0) error = spawn(std::move(command), out.write, err.write, &pid_);
    const int pidfd = error == 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)) : -1;
    if (error == 0 && pidfd < 0) {
      error = errno;
      kill_group();
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
    if (error != 0) {
      out.close();
      err.close();
      result_.end = ChildResult::End::NotStarted;
      result_.code = error;
      asio::post(io_, [self = shared_from_this()] { self->tell(); });
      return;
    }
    ::close(out.write);
    ::close(err.write);
    out_.assign(out.read);
    err_.assign(err.read);
    process_.assign(pidfd);
    process_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const error_code& failed) {
                          if (!failed) self->on_ended();
                        });
    timer_.expires_after(timeout);
    timer_.async_wait([self = shared_from_this()](const error_code& failed) {
      if (failed || !self->done_) return;
      // A grandchild that left the group may hold the pipes for ever: they are not waited for.
      self->result_.end = ChildResult::End::TimedOut;
      self->kill_group();
      self->finish();
    });
    read(out_, out_buffer_, result_.out);
    read(err_, err_buffer_, result_.err);
  }

  void abandon() {
    done_ = nullptr;
    kill_group();
    finish();
  }

 private:
  using Buffer = std::array<char, 4096>;

  void read(asio::posix::stream_descriptor& from, Buffer& buffer, std::string& into) {
    from.async_read_some(asio::buffer(buffer), [self = shared_from_this(), &from, &buffer, &into](
                                                   const error_code& failed, std::size_t size) {
      if (!self->done_) return;
      if (failed) {
        error_code ignored;
        from.close(ignored);
        self->finish_when_all_is_there();
        return;
      }
      into.append(buffer.data(), size);
      if (&into == &self->result_.err) {
        if (into.size() > 2 * kept_of_stderr) into.erase(0, into.size() - kept_of_stderr);
      } else if (into.size() > longest_output) {
        self->result_.end = ChildResult::End::TooMuch;
        self->kill_group();
        self->finish();
        return;
      }
      self->read(from, buffer, into);
    });
  }

  void on_ended() {
    siginfo_t info{};
    // Asked of the pid, not of any child: the host's own children are none of our business. It is left a zombie, so that
    // its number stays the group's until what is left of that has been killed.
    const bool known = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0;
    if (!known) pid_ = -1;
    ended_ = true;
    if (!done_) return;
    // A host that ignores SIGCHLD leaves us no status: then what was printed decides.
    result_.end = !known || info.si_code == CLD_EXITED ? ChildResult::End::Exited : ChildResult::End::Signalled;
    result_.code = known ? info.si_status : 0;
    finish_when_all_is_there();
  }

  void finish_when_all_is_there() {
    if (ended_ && !out_.is_open() && !err_.is_open()) finish();
  }

  void kill_group() {
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
  }

  void finish() {
    // It has ended, or was killed: there is nothing to wait long for.
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    error_code ignored;
    timer_.cancel();
    out_.close(ignored);
    err_.close(ignored);
    process_.close(ignored);
    tell();
  }

  void tell() {
    if (!done_) return;
    const auto done = std::move(done_);
    done_ = nullptr;
    done(std::move(result_));
  }

  asio::io_context& io_;
  asio::posix::stream_descriptor out_;
  asio::posix::stream_descriptor err_;
  asio::posix::stream_descriptor process_;
  asio::steady_timer timer_;
  std::function<void(ChildResult)> done_;
  ChildResult result_;
  Buffer out_buffer_;
  Buffer err_buffer_;
  pid_t pid_ = -1;
  bool ended_ = false;  // and is a zombie until finish()
};

ChildProcess::ChildProcess(asio::io_context& io, ChildCommand command, std::function<void(ChildResult)> done)
    : impl_(std::make_shared<Impl>(io, std::move(done))) {
  impl_->start(std::move(command));
}

ChildProcess::~ChildProcess() {
  impl_->abandon();
}

std::string find_program(const std::string& command, const std::vector<std::string>& environment) {
  const auto can_run = [](const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
  };
  if (command.find('/') != std::string::npos) return can_run(command) ? command : std::string();
  for (const std::string& line : environment) {
    if (!line.starts_with("PATH=")) continue;
    std::string_view path = std::string_view(line).substr(5);
    while (!path.empty()) {
      const std::size_t end = std::min(path.find(':'), path.size());
      // An empty element means the working directory, from which nothing should be run by accident.
      if (end > 0) {
        std::string candidate = std::string(path.substr(0, end)) + '/' + command;
        if (can_run(candidate)) return candidate;
      }
      path.remove_prefix(std::min(end + 1, path.size()));
    }
  }
  return {};
}

}  // namespace stepop::kube
