#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agenda.hpp"
#include "api_server.hpp"
#include "faults.hpp"
#include "lifecycle/action.hpp"
#include "trace.hpp"

namespace stepop::simulation {

class Operator;

enum class CallKind : std::uint8_t {
  create,
  create_secret,
  create_service,
  adopt_service,  // one of that name was there
  get,
  list_pods,  // of a Job that a get has found
  mark_cancelled,
  mark_given_up,
  mark_replaced,
  take_over,
  remove,
  remove_pod  // of a Job, for its grace; nobody waits for the answer
};
std::string_view name_of(CallKind kind);

// One API call of a step.
struct Call {
  CallKind kind = CallKind::get;
  kube::Resource resource = kube::Resource::Pods;  // of the workload
  Operator* from = nullptr;
  std::uint32_t step = 0;
  std::uint64_t serial = 0;  // of the step in its operator
  std::uint32_t attempt = 0;
  std::string name{}, uid{}, resource_version{};
  std::string text{};  // to write on it
  std::optional<std::int64_t> grace{};
  std::optional<kube::Pod> object{};                  // to create
  Propagation propagation = Propagation::foreground;  // of a Job's removal
  std::shared_ptr<const lifecycle::PodView> found{};  // of list_pods: the Job as the get before it showed it
  Reply reply{};
  bool lose_answer = false;
  bool served = false;
  Instant sent_at{};
  Instant served_at{};
};

// Who hears what the network did.
class NetworkObserver {
 public:
  // A fault has struck a step, or all of them.
  virtual void on_hit(FaultKind kind, std::uint32_t step) = 0;
  virtual void on_hit_all(FaultKind kind) = 0;
  // A call took effect on the server.
  virtual void on_served(const Call& call) = 0;

 protected:
  ~NetworkObserver() = default;
};

// What lies between an operator and the API server, and what the API server does to requests before it looks at
// them: delays, losses, refusals, streams. Calls and streams are delivered independently of one another.
class Network : public Handler {
 public:
  Network(Agenda& agenda, ApiServer& api, NetworkObserver& observer, Trace& trace, Random random);

  // What an operator asks for. Answers come to its on_answer, on_ready, on_head, on_line, on_end, on_list_page.
  void send(Call call);
  void ask_ready(Operator& from);
  std::uint32_t open_stream(Operator& from, const std::string& target);
  std::uint32_t get_list(Operator& from, const std::string& target);
  void close_stream(std::uint32_t stream);

  void on_change(kube::Resource resource, std::size_t index);
  void on_event(const Event& event) override;

  // A create of the step that has not arrived yet.
  bool create_under_way(std::uint32_t step) const;
  bool create_under_way_of_another(std::uint32_t step, const Operator* than) const;
  // A list has shown the past, which the API promises it does not.
  bool stale_lists() const { return stale_lists_; }

  // Faults.
  void arm(const Fault& fault);  // strikes the step's next call that it fits
  void go_away(Duration how_long, bool refuses_at_return);
  void revoke_access(Duration how_long, bool unauthorized);
  void break_streams();
  void end_streams();
  void expire_streams();
  void fail_streams();
  void silence_streams();
  void refuse_streams(std::uint64_t dice);
  void garble_streams();
  void repeat_events(std::uint32_t how_many);
  void stall_streams(Duration how_long);
  void relist(FaultKind how, std::uint64_t dice);
  // Everything works from now on.
  void recover();

 private:
  enum What : std::uint32_t {
    call_arrives,
    call_answered,
    ready_answered,
    stream_opens,
    stream_item,
    stream_bookmark,
    stream_ends,
    list_arrives,
    list_answered,
    back_again,
  };
  enum class Access : std::uint8_t { open, away, unauthorized, forbidden };

  struct Item {
    enum class Kind : std::uint8_t { head, pod, bookmark, initial_end, expired, error, malformed, closed, broken };
    Kind kind = Kind::head;
    kube::WatchLine::Type type = kube::WatchLine::Type::Added;
    int status = 200;
    std::uint64_t revision = 0;
    std::shared_ptr<const kube::Pod> pod{};
    Instant made_at{};
  };
  struct Stream {
    Operator* from = nullptr;
    kube::Resource resource = kube::Resource::Pods;
    bool open = false;
    bool live = false;  // the server follows it
    bool list = false;
    bool silent = false;
    bool without_initial_end = false;
    std::uint64_t revision = 0;  // of a resume, or of a page's list
    std::size_t page_offset = 0;
    std::size_t first = 0;     // history before this index was listed
    std::size_t followed = 0;  // history before this index is told, or about to be
    std::int64_t lifetime_seconds = 0;
    Instant last{};
    Instant stalled_until{};
    std::vector<Item> items{};
    std::size_t next = 0;  // to tell; what is before it was told, or lost with the connection
    std::string body{};
    Instant made_at{};
  };

  Duration latency();
  void serve(Call& call);
  Reply act(Call& call);
  void answer(Call& call);
  void push(std::uint32_t stream, Item item, Duration delay);
  void open(std::uint32_t number);
  void tell(std::uint32_t number, const Item& item);
  void follow(std::uint32_t number, std::size_t from);
  void answer_list(std::uint32_t number);
  bool usable(const Stream& stream) const;
  template <class Act>
  void each_live_stream(Act&& act);
  void cut(std::uint32_t number, Item::Kind how);
  void send_to_streams(Item::Kind kind);
  std::uint64_t listed_revision();

  Agenda& agenda_;
  ApiServer& api_;
  NetworkObserver& observer_;
  Trace& trace_;
  Random random_;
  std::deque<Call> calls_;
  std::vector<std::pair<Operator*, bool>> ready_;
  std::deque<Stream> streams_;
  std::vector<Fault> armed_;
  std::vector<Random> random_of_step_;

  Access access_ = Access::open;
  Access access_at_return_ = Access::open;
  Instant changed_at_{};  // when access last changed
  std::uint32_t changes_ = 0;
  bool hangs_ = false;  // while away: connections are not refused, they hang
  int next_head_status_ = 0;
  std::uint32_t refusals_left_ = 0;
  bool streaming_list_unknown_ = false;
  bool next_initial_end_missing_ = false;
  Duration list_lag_{0};
  bool stale_lists_ = false;
};

}  // namespace stepop::simulation
