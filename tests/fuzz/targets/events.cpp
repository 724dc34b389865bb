// A pod's events: they explain, so whatever they are, at most one explanation is made of them, and it is one of ours.
#include <algorithm>

#include "input.hpp"
#include "kube/event.hpp"
#include "lifecycle/explanation.hpp"
#include "lifecycle/report.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop;
  using namespace stepop::fuzz;
  Input input(data, size);
  const auto events = kube::parse_event_list(input.text());
  if (!events) return 0;
  const auto explanation = lifecycle::explanation_of(*events);
  if (!explanation) return 0;
  const auto& reasons = lifecycle::all_reasons();
  require(std::find(reasons.begin(), reasons.end(), explanation->reason) != reasons.end(),
          "an explanation has a reason");
  require(!explanation->message.empty(), "an explanation says something");
  const auto warns = [&](const kube::Event& event) {
    return event.type == "Warning" && explanation->message.ends_with(event.message);
  };
  require(std::any_of(events->begin(), events->end(), warns), "an explanation is in a warning's words");
  return 0;
}
