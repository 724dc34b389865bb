#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/http.hpp"
#include "kube/timestamp.hpp"

namespace stepop::kube {

/// What some part of the cluster says of an object (API reference, Event v1). Events are best effort: they may be
/// missing, late or dropped, so they explain, and decide nothing.
struct Event {
  std::string type{};    ///< Normal, Warning
  std::string reason{};  ///< one word: FailedMount, Pulling, …
  std::string message{};
  std::optional<Timestamp> last_seen{};
};

/// The events of the object with this uid. One page of the newest objects' worth: a pod has a few dozen at most.
Request get_events_of(std::string_view namespace_, std::string_view uid);

/// Reads an EventList. Nothing when it is not JSON or another kind; what is of the wrong type is left out. Pure.
std::optional<std::vector<Event>> parse_event_list(std::string_view json);

}  // namespace stepop::kube
