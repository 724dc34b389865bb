// What a step wrote to STEPOP_RESULT_PATH, or to its termination message when it failed.
#include <boost/json.hpp>

#include "input.hpp"
#include "lifecycle/reading.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

using namespace lifecycle;
namespace json = boost::json;

kube::Pod ended_with(const std::string& message, int exit_code) {
  kube::Pod pod;
  pod.node_name = "node";
  pod.phase = exit_code == 0 ? kube::PodPhase::Succeeded : kube::PodPhase::Failed;
  kube::ContainerStatus main;
  main.name = main_container;
  main.state.kind = kube::ContainerState::Kind::Terminated;
  main.state.exit_code = exit_code;
  main.state.message = message;
  main.state.started_at = kube::Timestamp{std::chrono::hours{24}};
  pod.container_statuses.push_back(main);
  return pod;
}

Report report_of(const std::string& message, int exit_code) {
  const auto pod = ended_with(message, exit_code);
  Evidence evidence;
  evidence.observe(pod);
  return read_end(pod, evidence);
}

bool has_a_fraction(const json::value& value) {
  if (value.is_double()) return true;
  if (value.is_array()) {
    for (const auto& item : value.get_array()) {
      if (has_a_fraction(item)) return true;
    }
  }
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      if (has_a_fraction(member.value())) return true;
    }
  }
  return false;
}

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  Input input(data, size);
  const auto success = report_of(input.text(), 0);
  require(success.exit_code == 0 && success.user_code_ran == UserCodeRan::yes, "it ended with 0, and ran");
  if (success.state == StepState::succeeded) {
    require(success.result.has_value() == !input.text().empty(), "what was written is the result");
    if (success.result) {
      const auto text = json::serialize(*success.result);
      const auto again = report_of(text, 0);
      require(again.result.has_value(), "a result can be written again");
      // Numbers with a fraction may come back a last digit apart.
      require(has_a_fraction(*success.result) || *again.result == *success.result, "a result is what was written");
    }
  } else {
    require(success.reason == reason::invalid_result && !success.retryable, "no JSON is no result");
  }
  const auto failure = report_of(input.text(), 3);
  require(failure.state == StepState::failed && failure.reason == reason::non_zero_exit && failure.exit_code == 3,
          "a message does not change how it ended");
  return 0;
}
