#include "connectors/blocking_source.hpp"

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>

#include <boost/asio/post.hpp>
#include <system_error>
#include <utility>

namespace stepop::connectors {

BlockingSource::BlockingSource(boost::asio::io_context& io, Flow flow,
                               std::function<void(const plugin::Error&)> trouble)
    : io_(io), flow_(std::move(flow)), trouble_(std::move(trouble)) {}

BlockingSource::~BlockingSource() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void BlockingSource::fetch(std::function<void(kube::Fetched)> done) {
  done_ = std::move(done);
  // The new thread inherits the mask, so no signal finds it between its start and its first line.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this, alive = std::weak_ptr<int>(alive_)] {
      pthread_setname_np(pthread_self(), "stepop-access");
      boost::asio::post(io_, [this, alive, brought = run()]() mutable {
        if (!alive.expired()) tell(std::move(brought));
      });
      // Its thread-local state would otherwise be freed by a destructor that dlclose has unmapped.
      OPENSSL_thread_stop();
    });
  } catch (const std::system_error& none) {
    boost::asio::post(io_, [this, alive = std::weak_ptr<int>(alive_), said = std::string(none.what())] {
      if (!alive.expired()) tell(plugin::Error(STEPOP_E_UNAVAILABLE, "there is no thread to be had: " + said));
    });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BlockingSource::Brought BlockingSource::run() const {
  try {
    return flow_([this] { return stopping_.load(); });
  } catch (const plugin::Error& error) {
    return error;
  } catch (const std::exception& defect) {
    return plugin::Error(STEPOP_E_INTERNAL, defect.what());
  }
}

void BlockingSource::tell(Brought brought) {
  if (thread_.joinable()) thread_.join();  // its last line is under way
  const auto done = std::exchange(done_, nullptr);
  if (const auto* error = std::get_if<plugin::Error>(&brought)) {
    if (!std::exchange(failing_, true) && trouble_) trouble_(*error);
    return done(std::string(error->what()));
  }
  failing_ = false;
  done(std::get<kube::FreshAccess>(std::move(brought)));
}

}  // namespace stepop::connectors
