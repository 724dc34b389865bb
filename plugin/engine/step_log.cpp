#include "engine/step_log.hpp"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/log_follower.hpp"
#include "lifecycle/evidence.hpp"
#include "lifecycle/log_sequence.hpp"
#include "lifecycle/reading.hpp"

namespace stepop::engine {
namespace {

namespace asio = boost::asio;

// The host's pipe, as one attempt's follower sees it: that attempt's end is not the step's.
class AttemptPipe : public plugin::LogPipe {
 public:
  AttemptPipe(std::shared_ptr<plugin::LogPipe> whole, std::function<void()> at_end)
      : whole_(std::move(whole)), at_end_(std::move(at_end)) {}

  bool push(plugin::LogRecord record) override {
    if (record.kind != plugin::LogRecord::Kind::end) return whole_->push(std::move(record));
    at_end_();
    return true;
  }
  bool closed() const override { return whole_->closed(); }
  void on_room(std::function<void()> then) override { whole_->on_room(std::move(then)); }

 private:
  std::shared_ptr<plugin::LogPipe> whole_;
  std::function<void()> at_end_;
};

}  // namespace

class StepLog::Impl : public std::enable_shared_from_this<StepLog::Impl> {
 public:
  Impl(asio::io_context& io, kube::Client& client, plugin::LogOptions options, std::shared_ptr<plugin::LogPipe> pipe)
      : io_(io),
        client_(client),
        options_(std::move(options)),
        pipe_(std::move(pipe)),
        sequence_(options_.tail_lines.has_value()) {}

  void on_pod(std::uint32_t attempt, const kube::Pod& pod) {
    if (stopped_) return;
    if (sequence_.current() == attempt) {
      // After on_gone nothing of it is news.
      if (follower_ && !gone_ && pod.metadata.uid == uid_) follower_->on_pod(pod);
    } else {
      waiting_[attempt] = {pod, false};
    }
    carry_out(sequence_.on_pod(attempt, lifecycle::has_ended(pod)));
  }

  void start() { carry_out(sequence_.start()); }

  void on_gone(const std::string& uid) {
    if (stopped_) return;
    if (uid == uid_ && follower_) {
      give_up();
      return;
    }
    for (auto& [attempt, waiting] : waiting_) waiting.gone |= waiting.pod.metadata.uid == uid;
  }

  void on_step_ended() { carry_out(sequence_.on_step_ended()); }
  bool finished() const { return stopped_ || pipe_->closed(); }

  void stop() {
    stopped_ = true;
    follower_.reset();
  }

 private:
  struct Waiting {
    kube::Pod pod;
    bool gone = false;
  };

  void carry_out(const lifecycle::LogSequence::Actions& actions) {
    using Kind = lifecycle::LogSequence::Action::Kind;
    for (const auto& action : actions) {
      if (stopped_) return;
      switch (action.kind) {
        case Kind::follow:
          follow(action.attempt);
          break;
        case Kind::lost:
          push({.kind = plugin::LogRecord::Kind::gap, .attempt = action.attempt, .data = lost_text(action.attempt)});
          break;
        case Kind::give_up:
          give_up();
          break;
        case Kind::end:
          push({.kind = plugin::LogRecord::Kind::end, .data = {}});
          stop();
          break;
      }
    }
  }

  void push(plugin::LogRecord record) { pipe_->push(std::move(record)); }

  static std::string lost_text(std::uint32_t attempt) {
    return boost::json::serialize(
        boost::json::object{{"message", "The log of attempt " + std::to_string(attempt) + " went with its pod."}});
  }

  void follow(std::uint32_t attempt) {
    auto node = waiting_.extract(attempt);
    waiting_.erase(waiting_.begin(), waiting_.lower_bound(attempt));
    const auto& pod = node.mapped().pod;
    const auto& meta = pod.metadata;
    uid_ = meta.uid;
    gone_ = false;
    LogSource source{meta.namespace_, meta.name, meta.uid, std::string(lifecycle::main_container), attempt, 0};
    // The follower is inside its own call when it tells its end: what follows waits for the loop.
    auto at_end = [this, weak = weak_from_this()] {
      asio::post(io_, [weak] {
        if (const auto self = weak.lock()) self->on_read();
      });
    };
    follower_ = std::make_unique<LogFollower>(io_, client_, std::move(source), options_,
                                              std::make_shared<AttemptPipe>(pipe_, std::move(at_end)));
    follower_->on_pod(pod);
    if (node.mapped().gone) give_up();
  }

  void give_up() {
    gone_ = true;
    follower_->on_gone();
  }

  void on_read() {
    if (stopped_) return;
    follower_.reset();
    uid_.clear();
    carry_out(sequence_.on_read());
  }

  asio::io_context& io_;
  kube::Client& client_;
  plugin::LogOptions options_;
  std::shared_ptr<plugin::LogPipe> pipe_;
  lifecycle::LogSequence sequence_;
  std::unique_ptr<LogFollower> follower_;  // of the current attempt
  std::string uid_;                        // its pod's
  bool gone_ = false;
  std::map<std::uint32_t, Waiting> waiting_;  // the last view of each attempt that is not followed yet
  bool stopped_ = false;
};

StepLog::StepLog(asio::io_context& io, kube::Client& client, const plugin::LogOptions& options,
                 std::shared_ptr<plugin::LogPipe> pipe)
    : impl_(std::make_shared<Impl>(io, client, options, std::move(pipe))) {}

StepLog::~StepLog() {
  impl_->stop();
}

void StepLog::on_pod(std::uint32_t attempt, const kube::Pod& pod) {
  impl_->on_pod(attempt, pod);
}

void StepLog::start() {
  impl_->start();
}

void StepLog::on_gone(const std::string& uid) {
  impl_->on_gone(uid);
}

void StepLog::on_step_ended() {
  impl_->on_step_ended();
}

bool StepLog::finished() const {
  return impl_->finished();
}

}  // namespace stepop::engine
