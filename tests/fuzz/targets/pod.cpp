// Pods as they may never have been: what is read of each is the same wherever it stands, and the lifecycle says something
// that holds together.
#include <algorithm>
#include <boost/json.hpp>
#include <plugin/json_text.hpp>

#include "input.hpp"
#include "kube/pod_parser.hpp"
#include "lifecycle/log_machine.hpp"
#include "lifecycle/reading.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

using namespace lifecycle;
using kube::Pod;
using kube::PodPhase;

bool is_a_reason(std::string_view text) {
  const auto& all = all_reasons();
  return std::find(all.begin(), all.end(), text) != all.end();
}

void check_progress(const Pod& pod) {
  const Progress progress = read_progress(pod);
  require(progress.state == StepState::pending || progress.state == StepState::running, "what goes on is no end");
  require(progress.reason.empty() || is_a_reason(progress.reason), "a reason is one of the set");
  require(progress.reason.empty() || !progress.hint.empty(), "what holds a step up has a hint");
  require(progress.waiting_reason.empty() || progress.reason == reason_of_waiting(progress.waiting_reason),
          "a kubelet's word gives its reason");
  require(progress.state != StepState::running || progress.reason.empty(), "nothing holds up what is running");
}

void check_end(const Pod& pod, const Evidence& evidence) {
  const Report report = read_end(pod, evidence);
  require(report.state == StepState::succeeded || report.state == StepState::failed, "an end is one of two");
  const auto* main = pod.container_status(main_container);
  if (report.state == StepState::succeeded) {
    require(report.reason.empty() && report.message.empty(), "a success needs no excuse");
    require(!report.retryable, "a success is not tried again");
    require(!report.exit_code || *report.exit_code == 0, "a success has no other exit code");
    require(report.user_code_ran != UserCodeRan::no, "what succeeded may have run");
    require(pod.phase == PodPhase::Succeeded || (main && main->state.exit_code == 0), "the cluster said so");
  } else {
    require(is_a_reason(report.reason), "a failure has a reason of the set");
    require(!report.message.empty() && report.message.back() == '.', "a failure has a message, which is a sentence");
    require(!report.result, "a failure has no result");
    // A process of the container may have been killed, and its main process have taken it well.
    const bool other_process = report.reason == reason::out_of_memory;
    require(report.reason == reason::invalid_result || other_process || report.exit_code != 0 ||
                pod.phase == PodPhase::Failed,
            "who ended with 0 did not fail by that");
  }
  require(report.retryable == (report.state == StepState::failed && may_help_to_retry(report.reason)),
          "whether to try again follows from the reason");
  if (report.exit_code) {
    require(main && main->state.kind == kube::ContainerState::Kind::Terminated, "an exit code comes from an end");
    require(main->state.reason != "ContainerStatusUnknown", "a kubelet's filler is no exit code");
    require(report.user_code_ran != UserCodeRan::no, "what has an exit code may have run");
  }
  if (evidence.main_started()) require(report.user_code_ran == UserCodeRan::yes, "what was seen to run has run");
  if (report.result) boost::json::serialize(*report.result);
}

// Read alone, in a line of a watch, and as the only item of a list.
std::optional<Pod> read(const std::string& text) {
  std::string why;
  auto pod = kube::parse_pod(text, &why);
  require(pod.has_value() == why.empty(), "what cannot be read says why");
  if (!pod) return pod;
  const auto line = kube::parse_watch_line("{\"type\":\"MODIFIED\",\"object\":" + text + "}");
  // One level deeper, it may be too deep.
  if (line.type != kube::WatchLine::Type::Malformed) {
    require(line.type == kube::WatchLine::Type::Modified && line.pod == *pod, "a watch shows the same pod");
  }
  return pod;
}

// Written anew by another writer, it is the same pod.
void check_rewritten(const std::string& text, const Pod& pod) {
  boost::json::object object;
  try {
    object = plugin::parse_object(text, "the pod");
  } catch (const plugin::Error&) {
    return;  // a key that is given twice, or too deep: nobody writes such a pod
  }
  const auto again = kube::parse_pod(boost::json::serialize(object));
  require(again && *again == pod, "spaces, escapes and numbers can be written otherwise");
  boost::json::object list;
  list["kind"] = "PodList";
  list["items"] = boost::json::array{object};
  const auto listed = kube::parse_pod_list(boost::json::serialize(list));
  require(listed && listed->items.size() == 1 && listed->items.front() == pod, "a list shows the same pod");
}

}  // namespace
}  // namespace stepop::fuzz

// Several pods, a line each, are views of one pod.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  Input input(data, size);
  Evidence evidence;
  auto ran = UserCodeRan::no;
  for (std::string_view rest = input.text(); !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string text(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (input.decide()) evidence.gap();
    const auto pod = read(text);
    if (!pod) continue;
    check_rewritten(text, *pod);
    evidence.observe(*pod);
    require(evidence.so_far() >= ran, "what is known of user code never goes down");
    ran = evidence.so_far();
    require(!main_ended(*pod) || (has_ended(*pod) && kubelet_confirmed_end(*pod)), "a main container's end is an end");
    if (has_ended(*pod)) {
      check_end(*pod, evidence);
    } else {
      check_progress(*pod);
    }
    container_life(*pod, main_container);
    node_is_silent(*pod);
    if (const auto disruption = disruption_of(*pod)) require(is_a_reason(disruption->reason), "a disruption is known");
  }
  return 0;
}
