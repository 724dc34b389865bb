#include "engine/log_follower.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "kube/status.hpp"
#include "kube/targets.hpp"
#include "kube/timestamp.hpp"
#include "lifecycle/log_machine.hpp"

namespace stepop::engine {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

using std::chrono::milliseconds;

// A connection that died without a word is found after this long. A step that is silent for longer
// costs one small request each time.
constexpr milliseconds silence_of_follow{300'000};
// Without follow the kubelet sends as fast as it can read.
constexpr milliseconds silence_of_read{60'000};

lifecycle::LogWish wish_of(const plugin::LogOptions& options) {
  return {.follow = options.follow, .since = options.since, .tail_lines = options.tail_lines};
}

std::uint64_t seed_of(const LogSource& source) {
  return std::hash<std::string>{}(source.namespace_ + '/' + source.pod + '/' + source.uid);
}

// The JSON of stepop.h's STEPOP_LOG_GAP, with what is known.
std::string gap_text(const lifecycle::LogPiece& gap) {
  json::object text{{"message", gap.data}};
  if (gap.from) text["from"] = kube::format_rfc3339(*gap.from);
  if (gap.to) text["to"] = kube::format_rfc3339(*gap.to);
  return json::serialize(text);
}

plugin::LogRecord record_of(const LogSource& source, lifecycle::LogPiece piece) {
  using Kind = lifecycle::LogPiece::Kind;
  plugin::LogRecord record;
  record.attempt = source.attempt;
  record.index = source.index;
  record.partial = piece.partial;
  if (piece.time) record.time_us = piece.time->time_since_epoch().count();
  switch (piece.kind) {
    case Kind::data:
      record.data = std::move(piece.data);
      break;
    case Kind::gap:
      record.kind = plugin::LogRecord::Kind::gap;
      record.data = gap_text(piece);
      break;
    case Kind::end:
      record.kind = plugin::LogRecord::Kind::end;
      break;
  }
  return record;
}

// What the pipe calls, on any thread and for as long as the pipe lives, which may be longer than
// the loop.
class Doorbell {
 public:
  Doorbell(asio::io_context& io, std::function<void()> ring) : io_(&io), ring_(std::move(ring)) {}

  // [thread-safe]
  void press() {
    const std::lock_guard lock(mutex_);
    if (io_) asio::post(*io_, ring_);
  }
  // [thread-safe] Nothing is posted once it has returned.
  void take_down() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  asio::io_context* io_;
  const std::function<void()> ring_;
};

}  // namespace

class LogFollower::Impl : public std::enable_shared_from_this<LogFollower::Impl> {
 public:
  Impl(asio::io_context& io, kube::Client& client, LogSource source, const plugin::LogOptions& options,
       std::shared_ptr<plugin::LogPipe> pipe)
      : io_(io),
        client_(client),
        source_(std::move(source)),
        pipe_(std::move(pipe)),
        machine_(wish_of(options), seed_of(source_)),
        timer_(io) {}

  void listen_to_pipe() {
    doorbell_ = std::make_shared<Doorbell>(io_, [self = weak_from_this()] {
      if (const auto impl = self.lock()) impl->on_room();
    });
    pipe_->on_room([doorbell = doorbell_] { doorbell->press(); });
  }

  void on_pod(const kube::Pod& pod) {
    if (finished()) return;
    if (source_.uid.empty()) source_.uid = pod.metadata.uid;
    if (pod.metadata.uid != source_.uid) return on_gone();
    carry_out(machine_.on_container(lifecycle::container_life(pod, source_.container), now()));
  }

  void on_gone() {
    if (!finished()) carry_out(machine_.on_gone(now()));
  }

  bool finished() const { return stopped_ || machine_.finished(); }

  void stop() {
    stopped_ = true;
    hang_up();
    timer_.cancel();
    doorbell_->take_down();
  }

 private:
  static lifecycle::Instant now() { return std::chrono::steady_clock::now(); }

  void on_room() {
    if (stopped_) return;
    if (pipe_->closed()) return stop();
    if (!std::exchange(full_, false)) return;
    machine_.on_room(now());
    if (stream_) client_.resume(*stream_);
    arm();
  }

  void carry_out(lifecycle::LogActions actions) {
    if (stopped_) return;
    if (pipe_->closed()) return stop();
    if (actions.hang_up) hang_up();
    for (auto& piece : actions.pieces) {
      if (!pipe_->push(record_of(source_, std::move(piece)))) full_ = true;
    }
    if (machine_.finished()) return stop();
    if (actions.read) open(*actions.read);
    if (full_) {
      machine_.on_pause();
      if (stream_) client_.pause(*stream_);
    }
    arm();
  }

  void open(const lifecycle::LogRead& read) {
    kube::LogQuery query;
    query.container = source_.container;
    query.follow = read.follow;
    query.since_time = read.since;
    query.tail_lines = read.tail_lines;
    kube::Request request;
    request.target = kube::pod_log_target(source_.namespace_, source_.pod, query);
    refusal_.reset();
    // The Client calls nothing of a stream any more once it is closed, and stop() closes it.
    kube::StreamHandlers handlers;
    handlers.on_head = [this](const kube::Response& head) { on_head(head); };
    handlers.on_data = [this](std::string_view bytes) {
      const auto self = shared_from_this();
      carry_out(machine_.on_bytes(bytes, now()));
    };
    handlers.on_end = [this](const kube::Outcome& end) {
      const auto self = shared_from_this();
      on_end(end);
    };
    stream_ =
        client_.stream(std::move(request), std::move(handlers), read.follow ? silence_of_follow : silence_of_read);
  }

  void on_head(const kube::Response& head) {
    if (head.status / 100 == 2) return;
    refusal_ = lifecycle::LogReadEnd{.kind = lifecycle::LogReadEnd::Kind::refused,
                                     .status = kube::status_of(head.status, head.body),
                                     .retry_after = head.retry_after};
  }

  void on_end(const kube::Outcome& outcome) {
    stream_.reset();
    lifecycle::LogReadEnd end;
    if (refusal_) {
      end = std::move(*refusal_);
    } else if (const auto* error = std::get_if<kube::TransportError>(&outcome)) {
      end.kind = lifecycle::LogReadEnd::Kind::broken;
      end.message = error->message;
    }
    carry_out(machine_.on_end(end, now()));
  }

  void hang_up() {
    if (const auto stream = std::exchange(stream_, std::nullopt)) client_.close(*stream);
  }

  void arm() {
    const auto due = machine_.wake_at();
    if (due == armed_) return;
    armed_ = due;
    if (!due) {
      timer_.cancel();
      return;
    }
    timer_.expires_at(*due);
    timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      const auto impl = self.lock();
      if (!impl || error || impl->stopped_) return;
      impl->armed_.reset();
      impl->carry_out(impl->machine_.on_time(now()));
    });
  }

  asio::io_context& io_;
  kube::Client& client_;
  LogSource source_;
  std::shared_ptr<plugin::LogPipe> pipe_;
  lifecycle::LogMachine machine_;
  asio::steady_timer timer_;
  std::optional<lifecycle::Instant> armed_;
  std::shared_ptr<Doorbell> doorbell_;
  std::optional<kube::StreamId> stream_;
  std::optional<lifecycle::LogReadEnd> refusal_;
  bool full_ = false;
  bool stopped_ = false;
};

LogFollower::LogFollower(asio::io_context& io, kube::Client& client, LogSource source, plugin::LogOptions options,
                         std::shared_ptr<plugin::LogPipe> pipe)
    : impl_(std::make_shared<Impl>(io, client, std::move(source), options, std::move(pipe))) {
  impl_->listen_to_pipe();
}

LogFollower::~LogFollower() {
  impl_->stop();
}

void LogFollower::on_pod(const kube::Pod& pod) {
  impl_->on_pod(pod);
}

void LogFollower::on_gone() {
  impl_->on_gone();
}

bool LogFollower::finished() const {
  return impl_->finished();
}

}  // namespace stepop::engine
