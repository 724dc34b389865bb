#include "kube/event.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "kube/targets.hpp"

namespace stepop::kube {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_answer = std::size_t{1} << 20;

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string();
}

std::optional<Timestamp> time_of(const json::object& object, std::string_view key) {
  return parse_rfc3339(text_of(object, key));
}

// Which of the times is set depends on which client library wrote the event.
std::optional<Timestamp> last_seen(const json::object& event) {
  std::optional<Timestamp> newest;
  const auto take = [&](std::optional<Timestamp> time) {
    if (time && (!newest || *time > *newest)) newest = time;
  };
  for (const auto* key : {"lastTimestamp", "eventTime", "firstTimestamp"}) take(time_of(event, key));
  if (const auto* series = event.if_contains("series"); series && series->is_object()) {
    take(time_of(series->get_object(), "lastObservedTime"));
  }
  return newest;
}

}  // namespace

Request get_events_of(std::string_view namespace_, std::string_view uid) {
  Request request;
  request.target = with_query(collection_target("", "v1", namespace_, "events"),
                              {{"fieldSelector", "involvedObject.uid=" + std::string(uid)}, {"limit", "100"}});
  request.max_response_bytes = longest_answer;
  return request;
}

std::optional<std::vector<Event>> parse_event_list(std::string_view text) {
  json::error_code error;
  const auto document = json::parse(text, error);
  if (error || !document.is_object() || text_of(document.get_object(), "kind") != "EventList") return std::nullopt;
  std::vector<Event> events;
  const auto* items = document.get_object().if_contains("items");
  if (!items || !items->is_array()) return events;
  for (const auto& item : items->get_array()) {
    const auto* event = item.if_object();
    if (!event) continue;
    events.push_back(
        {text_of(*event, "type"), text_of(*event, "reason"), text_of(*event, "message"), last_seen(*event)});
  }
  return events;
}

}  // namespace stepop::kube
