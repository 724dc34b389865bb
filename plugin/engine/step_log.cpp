#include "engine/step_log.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/log_follower.hpp"
#include "lifecycle/evidence.hpp"
#include "lifecycle/log_sequence.hpp"
#include "lifecycle/reading.hpp"
#include "lifecycle/workload.hpp"

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

  void expect(std::size_t pods) { expected_ = pods; }

  void on_pod(std::uint32_t attempt, const kube::Pod& pod) {
    if (stopped_) return;
    const auto& uid = pod.metadata.uid;
    if (sequence_.current() == attempt) {
      const auto known = followed_.find(uid);
      if (known == followed_.end()) {
        follow({pod, false});
      } else if (known->second.follower && !known->second.gone) {
        // After on_gone nothing of it is news.
        known->second.over = lifecycle::has_ended(pod);
        known->second.follower->on_pod(pod);
      }
      carry_out(sequence_.on_pod(attempt, all_over(followed_)));
    } else {
      waiting_[attempt].insert_or_assign(uid, Waiting{pod, false});
      carry_out(sequence_.on_pod(attempt, all_over(waiting_[attempt])));
    }
  }

  void start() { carry_out(sequence_.start()); }

  void on_gone(const std::string& uid) {
    if (stopped_) return;
    if (const auto known = followed_.find(uid); known != followed_.end()) return give_up(known->second);
    for (auto& [attempt, pods] : waiting_) {
      if (const auto known = pods.find(uid); known != pods.end()) known->second.gone = true;
    }
  }

  void on_step_ended() {
    step_ended_ = true;
    tell_if_read();
    carry_out(sequence_.on_step_ended());
  }
  bool finished() const { return stopped_ || pipe_->closed(); }

  void stop() {
    stopped_ = true;
    followed_.clear();
  }

 private:
  struct Waiting {
    kube::Pod pod;
    bool gone = false;
  };
  struct Followed {
    std::unique_ptr<LogFollower> follower;  // null when its log has been read to its end
    std::uint32_t index = 0;
    bool gone = false;
    bool over = false;
  };

  static bool is_over(const Waiting& waiting) { return lifecycle::has_ended(waiting.pod); }
  static bool is_over(const Followed& followed) { return followed.over; }
  // All that there will be are there, and have ended.
  template <class Pods>
  bool all_over(const Pods& pods) const {
    return pods.size() >= expected_ &&
           std::all_of(pods.begin(), pods.end(), [](const auto& pod) { return is_over(pod.second); });
  }

  void carry_out(const lifecycle::LogSequence::Actions& actions) {
    using Kind = lifecycle::LogSequence::Action::Kind;
    for (const auto& action : actions) {
      if (stopped_) return;
      switch (action.kind) {
        case Kind::follow:
          follow_all(action.attempt);
          break;
        case Kind::lost:
          push({.kind = plugin::LogRecord::Kind::gap, .attempt = action.attempt, .data = lost_text(action.attempt)});
          break;
        case Kind::give_up:
          for (auto& [uid, followed] : followed_) give_up(followed);
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

  void follow_all(std::uint32_t attempt) {
    attempt_ = attempt;
    followed_.clear();
    auto node = waiting_.extract(attempt);
    waiting_.erase(waiting_.begin(), waiting_.lower_bound(attempt));
    for (auto& [uid, pod] : node.mapped()) follow(std::move(pod));
  }

  void follow(Waiting found) {
    const auto& meta = found.pod.metadata;
    const auto index = lifecycle::completion_index(found.pod);
    LogSource source{meta.namespace_, meta.name, meta.uid, std::string(lifecycle::main_container), attempt_, index};
    // The follower is inside its own call when it tells its end: what follows waits for the loop.
    auto at_end = [this, weak = weak_from_this(), uid = meta.uid] {
      asio::post(io_, [weak, uid] {
        if (const auto self = weak.lock()) self->on_read(uid);
      });
    };
    auto& followed = followed_[meta.uid];
    followed.index = index;
    followed.over = lifecycle::has_ended(found.pod);
    followed.follower = std::make_unique<LogFollower>(io_, client_, std::move(source), options_,
                                                      std::make_shared<AttemptPipe>(pipe_, std::move(at_end)));
    followed.follower->on_pod(found.pod);
    if (found.gone) give_up(followed);
  }

  static void give_up(Followed& followed) {
    followed.gone = true;
    if (followed.follower) followed.follower->on_gone();
  }

  void on_read(const std::string& uid) {
    if (stopped_) return;
    if (const auto known = followed_.find(uid); known != followed_.end()) known->second.follower.reset();
    tell_if_read();
  }

  // The attempt's logs have all been read, and no further pod of it comes.
  void tell_if_read() {
    if (stopped_ || !sequence_.current() || followed_.empty()) return;
    std::set<std::uint32_t> indices;
    for (const auto& [uid, followed] : followed_) {
      if (followed.follower) return;
      indices.insert(followed.index);
    }
    const bool replaced = waiting_.upper_bound(attempt_) != waiting_.end();
    if (indices.size() < expected_ && !step_ended_ && !replaced) return;
    followed_.clear();
    carry_out(sequence_.on_read());
  }

  asio::io_context& io_;
  kube::Client& client_;
  plugin::LogOptions options_;
  std::shared_ptr<plugin::LogPipe> pipe_;
  lifecycle::LogSequence sequence_;
  std::size_t expected_ = 1;                  // pods of an attempt
  std::uint32_t attempt_ = 0;                 // the current one
  std::map<std::string, Followed> followed_;  // its pods, by uid
  std::map<std::uint32_t, std::map<std::string, Waiting>>
      waiting_;  // the last views of attempts that are not followed yet
  bool step_ended_ = false;
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

void StepLog::expect(std::size_t pods) {
  impl_->expect(pods);
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
