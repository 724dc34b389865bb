#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <stepop/plugin.hpp>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/agenda.hpp"
#include "engine/namespace_view.hpp"
#include "engine/side_reads.hpp"
#include "engine/step_log.hpp"
#include "kube/client.hpp"
#include "lifecycle/step_machine.hpp"
#include "manifest/identity.hpp"

namespace stepop::engine {

// A step as it enters the engine: validated, and named.
struct Submission {
  std::string step_run_id;
  std::string step_hash;
  std::string request_hash;
  std::string namespace_;
  std::shared_ptr<const request::StepRequest> request;  // each attempt's pod is written from it
  lifecycle::Policy policy;
  bool report_lost_if_absent = false;
};

struct AttachFilter {
  std::vector<std::string> namespaces;  // not empty
  std::vector<std::string> step_run_ids;
  std::vector<std::pair<std::string, std::string>> labels;
};

// Carries out what the machines of the steps ask for, and feeds them what the cluster says. No policy is here.
// THREADS: the loop's alone, construction and destruction apart (then nothing runs on the loop).
class Engine {
 public:
  struct Self {
    std::string owner;
    std::string instance;  // of this open operator: who owns a step right now
    std::uint64_t seed = 1;
    // Told on the loop, just before the host is.
    std::function<void(const std::string& step_run_id)> forgotten = [](const std::string&) {};
  };

  // `io` and `events` must outlive the engine. `source` as kube::Client takes it. Throws kube::ConfigError.
  Engine(boost::asio::io_context& io, kube::ClusterAccess access, Self self, plugin::Events& events,
         std::unique_ptr<kube::CredentialSource> source = nullptr);
  ~Engine();

  // The step is known to `events` as accepted. An id that is here already is submitted again: it is owned again.
  void submit(Submission submission);
  void cancel(const std::string& step_run_id, std::optional<std::chrono::milliseconds> grace);
  void forget(const std::string& step_run_id, const std::string& namespace_, std::optional<lifecycle::Cleanup> cleanup);
  void attach(std::uint64_t ticket, AttachFilter filter, bool own);
  void open_logs(const std::string& step_run_id, const plugin::LogOptions& options,
                 std::shared_ptr<plugin::LogPipe> pipe);

  // `then` is called once everything that was acknowledged to the host is in the cluster, or was told.
  void when_idle(std::function<void()> then);
  kube::Client& client() { return client_; }
  // Nothing more is heard or sent.
  void stop();

 private:
  struct Step;
  struct Attachment {
    std::uint64_t ticket = 0;
    AttachFilter filter;
    bool own = false;
    std::unordered_set<std::string> waiting_for;  // namespaces
    std::vector<std::string> found;
  };

  NamespaceView& view_of(const std::string& namespace_);
  Step& add(std::string step_run_id, std::string step_hash, std::string namespace_, kube::Resource kind,
            lifecycle::StepMachine machine);
  void begin(Step& step);
  lifecycle::PodView read(const Step& step, Workload workload) const;
  // What the answer to a call says, which is of the workload's own object alone.
  lifecycle::PodView read_object(const Step& step, kube::Pod object) const;
  void shorten_grace(const Step& step, std::chrono::seconds grace);
  void look_at_job(Step& step, const std::string& name);
  std::string manifest_of(const Step& step, const lifecycle::CreatePod& create) const;
  std::string secret_of(const Step& step, const lifecycle::CreateSecret& create) const;
  std::string name_of(const Step& step, std::uint32_t attempt) const;
  void perform(Step& step, lifecycle::Actions actions);
  void carry_out(Step& step, const lifecycle::Action& action);
  // The server's warnings about a Secret may repeat what is in it.
  enum class Quote { warnings, nothing };
  void call(Step& step, kube::Request request, Quote quote = Quote::warnings);
  // The step's call, of which it has one at a time.
  void send(Step& step, kube::Request request, std::function<void(Step&, const kube::Outcome&)> then);
  void answer(Step& step, const kube::Outcome& outcome);
  void make_service(Step& step, const lifecycle::CreateService& create);
  void ask_ready(const std::string& step_run_id);
  void ask_why(const Step& step, const lifecycle::AskWhy& question);
  void drop(const std::string& step_run_id, bool deleted);
  // A step that ended badly is told of with the end of its log, which takes a moment.
  void announce(Step& step, const lifecycle::Report& report);
  void tell_end(Step& step, const std::string& log_tail);
  void tell_logs(Step& step);
  static void tell_log(StepLog& log, const lifecycle::PodView& view);
  static void tell_gone(StepLog& log, const lifecycle::PodView& view);
  bool idle() const;
  void tell_idle();

  Step* step_of(const std::string& step_hash, const std::string& namespace_);
  void on_applied(Step& step, const Workload& workload);
  void on_removed(Step& step, const std::string& uid, std::optional<Workload> last);
  void on_pod_applied(Step& step, const kube::Pod& pod);
  void on_pod_removed(Step& step, const kube::PodRemoved& removed);
  void on_gap(const std::string& namespace_, kube::Resource resource);
  void on_synced(const std::string& namespace_, kube::Resource resource);
  void on_trouble(const std::string& namespace_, kube::Resource resource, const kube::WatchTrouble& trouble);

  void take_in(Attachment& attachment, const std::string& namespace_);
  void take_in_whoever_waits(const std::string& namespace_);
  void tell_attached();
  Step* find(const std::string& step_run_id);
  std::vector<std::string> steps_in(const std::string& namespace_) const;

  boost::asio::io_context& io_;
  Self self_;
  plugin::Events& events_;
  kube::Client client_;
  Agenda agenda_;
  SideReads side_reads_;
  std::unordered_map<std::string, std::unique_ptr<NamespaceView>> namespaces_;
  std::unordered_map<std::string, std::unique_ptr<Step>> steps_;  // by step_run_id
  std::unordered_map<std::string, std::string> id_of_hash_;
  std::vector<std::unique_ptr<StepLog>> orphaned_logs_;  // of forgotten steps, reading what they still can
  std::vector<Attachment> attachments_;
  std::unordered_set<std::string> waiting_for_ready_;
  std::unordered_map<std::string, std::string> last_trouble_;  // by watch: what was told
  std::function<void()> when_idle_;
  std::uint64_t next_serial_ = 1;
};

}  // namespace stepop::engine
