#include "kube/event.hpp"

#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

TEST(EventList, OfOneObjectIsAskedForByItsUid) {
  EXPECT_EQ(get_events_of("dev", "4-2").target,
            "/api/v1/namespaces/dev/events?fieldSelector=involvedObject.uid%3D4-2&limit=100");
}

TEST(EventList, TellsWhenEachWasLastSeenWhoeverWroteIt) {
  const auto events = parse_event_list(R"({"kind":"EventList","apiVersion":"v1","metadata":{},"items":[
    {"type":"Warning","reason":"FailedMount","message":"no map","firstTimestamp":"2026-11-20T10:00:00Z",
     "lastTimestamp":"2026-11-20T10:00:07Z","eventTime":null,"count":4},
    {"type":"Normal","reason":"Scheduled","message":"assigned","firstTimestamp":null,"lastTimestamp":null,
     "eventTime":"2026-11-20T10:00:01.250000Z"},
    {"type":"Warning","reason":"Odd","eventTime":"2026-11-20T10:00:01.000000Z",
     "series":{"count":2,"lastObservedTime":"2026-11-20T10:00:09.000000Z"}}]})");
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].reason, "FailedMount");
  EXPECT_EQ((*events)[0].message, "no map");
  EXPECT_EQ((*events)[0].last_seen, parse_rfc3339("2026-11-20T10:00:07Z"));
  EXPECT_EQ((*events)[1].type, "Normal");
  EXPECT_EQ((*events)[1].last_seen, parse_rfc3339("2026-11-20T10:00:01.25Z"));
  EXPECT_EQ((*events)[2].last_seen, parse_rfc3339("2026-11-20T10:00:09Z"));
}

TEST(EventList, ThatIsNoneIsNothing) {
  EXPECT_FALSE(parse_event_list(""));
  EXPECT_FALSE(parse_event_list("<html>"));
  EXPECT_FALSE(parse_event_list(R"({"kind":"Status","code":403})"));
  EXPECT_FALSE(parse_event_list(R"({"kind":"EventList","items":[)"));
}

TEST(EventList, LeavesOutWhatIsOfTheWrongType) {
  const auto events = parse_event_list(
      R"({"kind":"EventList","items":[3,{"type":1,"reason":null,"lastTimestamp":"yesterday","series":7}]})");
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0].type, "");
  EXPECT_FALSE((*events)[0].last_seen);
  EXPECT_TRUE(parse_event_list(R"({"kind":"EventList","items":7})")->empty());
}

}  // namespace
}  // namespace stepop::kube
