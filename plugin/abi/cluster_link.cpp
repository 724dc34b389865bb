#include "abi/cluster_link.hpp"

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

#include "connectors/renewal.hpp"
#include "connectors/this_process.hpp"

namespace stepop::abi {

// For all questions of one try together.
constexpr std::chrono::seconds kPatience{30};

TokenCell::TokenCell() : fd_(memfd_create("stepop-token", MFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
}

TokenCell::~TokenCell() {
  ::close(fd_);
}

void TokenCell::write(const std::string& token) {
  // Whoever reads in between meets a part of a token, is refused, and reads again.
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, token.data(), token.size(), 0) != static_cast<ssize_t>(token.size()))
    throw std::system_error(errno, std::generic_category(), "writing a token into memory");
}

std::string TokenCell::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

ClusterLink::ClusterLink(connectors::Configuration configuration, std::map<std::string, std::string> variables,
                         Listener listener)
    : configuration_(std::move(configuration)), variables_(std::move(variables)), listener_(std::move(listener)) {
  // The new thread inherits the mask, so no signal finds it between its start and its first line.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "stepop-link");
      run();
      // Its thread-local state would otherwise be freed by a destructor that dlclose has unmapped.
      OPENSSL_thread_stop();
    });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ClusterLink::~ClusterLink() {
  stopping_ = true;
  {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
  thread_.join();
}

void ClusterLink::run() {
  const double jitter = static_cast<double>(std::random_device{}()) / std::random_device::max();
  while (!stopping_) {
    try {
      obtain();
      failures_ = 0;
    } catch (const plugin::Error& error) {
      if (failures_++ == 0 && !stopping_) listener_.trouble(error);
    } catch (const std::exception& defect) {
      if (failures_++ == 0) listener_.trouble(plugin::Error(STEPOP_E_INTERNAL, defect.what()));
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto pause = connectors::time_to_renewal(now, expires_at_, failures_, jitter);
    std::unique_lock lock(mutex_);
    const auto stopped = [this] { return stopping_.load(); };
    if (pause)
      wake_.wait_for(lock, *pause, stopped);
    else
      wake_.wait(lock, stopped);
  }
}

void ClusterLink::obtain() {
  const auto around =
      connectors::surroundings_of_this_process(variables_, kPatience, [this] { return stopping_.load(); });
  const auto connector = connectors::make_connector(configuration_);
  connectors::Access obtained = connector->access(around, configuration_.resource_id);
  // By our own clock, which is the one that waits: the clouds' may be another.
  const auto ours = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (obtained.expires_at) expires_at_ = ours + (*obtained.expires_at - around.now());
  if (!obtained.access.token.empty()) {
    token_.write(obtained.access.token);
    obtained.access.token.clear();
    obtained.access.token_file = token_.path();
  }
  if (std::exchange(reached_, true)) return;
  listener_.reached(obtained.access);
}

}  // namespace stepop::abi
