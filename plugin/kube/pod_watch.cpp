#include "kube/pod_watch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "kube/line_splitter.hpp"

namespace stepop::kube {

namespace {

// etcd holds no object above 1.5 MiB by default, 10 MiB at most; its JSON is longer than that.
constexpr std::size_t longest_line = 16u << 20;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

Instant now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

class PodWatch::Impl : public std::enable_shared_from_this<PodWatch::Impl> {
 public:
  Impl(boost::asio::io_context& io, Client& client, WatchOptions options, Consumer consumer)
      : io_(io),
        client_(client),
        resource_(options.resource),
        machine_(std::move(options)),
        consumer_(std::move(consumer)),
        timer_(io),
        lines_(longest_line) {}

  void start() {
    boost::asio::post(io_, [weak = weak_from_this()] {
      if (auto self = weak.lock(); self && !self->stopped_) {
        self->carry_out(self->machine_.start(now()));
      }
    });
  }

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    close_stream();
    timer_.cancel();
  }

  const WatchMachine& machine() const { return machine_; }

 private:
  void carry_out(WatchActions actions) {
    for (WatchAction& action : actions) {
      if (stopped_) return;
      std::visit(Overloaded{
                     [this](OpenStream& open) { open_stream(std::move(open.target)); },
                     [this](GetList& get) { get_list(std::move(get.target)); },
                     [this](CloseStream&) { close_stream(); },
                     [this](WaitUntil& wait) { wait_until(wait.time); },
                     [this](Deliver& deliver) { consumer_(std::move(deliver.notice)); },
                 },
                 action);
    }
  }

  void open_stream(std::string target) {
    close_stream();
    const auto on_head = [this](Response head) {
      // Of an error answer the machine needs nothing more than the head.
      if (head.status != 200) close_stream();
      const auto self = shared_from_this();
      carry_out(machine_.on_head(now(), head));
    };
    const auto on_data = [this](std::string_view bytes) { read_lines(bytes); };
    const auto on_end = [this](Outcome outcome) {
      stream_.reset();
      const auto self = shared_from_this();
      carry_out(machine_.on_end(now(), std::get_if<TransportError>(&outcome)));
    };
    Request request;
    request.target = std::move(target);
    // The handlers are not called after close(), and stop() closes: `this` is safe.
    stream_ = client_.stream(std::move(request), {on_head, on_data, on_end});
  }

  void read_lines(std::string_view bytes) {
    const auto self = shared_from_this();
    const std::optional<StreamId> stream = stream_;
    const bool readable = lines_.feed(bytes, [&](std::string_view line) {
      carry_out(machine_.on_line(now(), parse_watch_line(line, resource_)));
      return !stopped_ && stream_ == stream;  // else the rest is of a stream that is closed
    });
    if (readable || stopped_) return;
    WatchLine too_long;
    too_long.problem = "a line longer than " + std::to_string(longest_line) + " bytes";
    carry_out(machine_.on_line(now(), std::move(too_long)));
  }

  void get_list(std::string target) {
    Request request;
    request.target = std::move(target);
    call_ = client_.call(std::move(request), [this](Outcome outcome) {
      call_.reset();
      const auto self = shared_from_this();
      carry_out(machine_.on_list_page(now(), outcome));
    });
  }

  void close_stream() {
    if (stream_) client_.close(*stream_);
    stream_.reset();
    if (call_) client_.cancel(*call_);
    call_.reset();
    lines_.reset();
  }

  void wait_until(Instant time) {
    timer_.expires_at(time);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self || self->stopped_) return;
      self->carry_out(self->machine_.on_timer(now()));
    });
  }

  boost::asio::io_context& io_;
  Client& client_;
  Resource resource_;
  WatchMachine machine_;
  Consumer consumer_;
  boost::asio::steady_timer timer_;
  LineSplitter lines_;
  std::optional<StreamId> stream_;
  std::optional<CallId> call_;
  bool stopped_ = false;
};

PodWatch::PodWatch(boost::asio::io_context& io, Client& client, WatchOptions options, Consumer consumer)
    : impl_(std::make_shared<Impl>(io, client, std::move(options), std::move(consumer))) {}

PodWatch::~PodWatch() {
  impl_->stop();
}

void PodWatch::start() {
  impl_->start();
}
void PodWatch::stop() {
  impl_->stop();
}
std::optional<Instant> PodWatch::synced_since() const noexcept {
  return impl_->machine().synced_since();
}
bool PodWatch::unbroken() const noexcept {
  return impl_->machine().unbroken();
}
WatchState PodWatch::state() const noexcept {
  return impl_->machine().state();
}
std::size_t PodWatch::known_pods() const noexcept {
  return impl_->machine().known_pods();
}

}  // namespace stepop::kube
