#include "kube/timestamp.hpp"

#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

std::int64_t micros(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? time->time_since_epoch().count() : -1;
}

TEST(Timestamp, ReadsWholeSeconds) {
  EXPECT_EQ(micros("2024-05-06T07:08:09Z"), 1714979289'000000);
}

TEST(Timestamp, ReadsFractionsAndCutsBeyondMicroseconds) {
  EXPECT_EQ(micros("2024-05-06T07:08:09.5Z"), 1714979289'500000);
  EXPECT_EQ(micros("2024-05-06T07:08:09.123456789Z"), 1714979289'123456);
}

TEST(Timestamp, AppliesOffsets) {
  EXPECT_EQ(micros("2024-05-06T09:08:09+02:00"), 1714979289'000000);
  EXPECT_EQ(micros("2024-05-06T01:38:09-05:30"), 1714979289'000000);
}

TEST(Timestamp, RefusesWhatIsNotATime) {
  for (const char* text :
       {"", "null", "2024-05-06", "2024-13-06T07:08:09Z", "2024-02-30T07:08:09Z", "2024-05-06T24:08:09Z",
        "2024-05-06T07:08:09", "2024-05-06T07:08:09.Z", "2024-05-06T07:08:09Zx", "2024-05-06T07:08:09+2:00"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Timestamp, WritesWhatItReads) {
  for (const char* text : {"2024-05-06T07:08:09Z", "1969-12-31T23:59:59.000001Z"}) {
    EXPECT_EQ(format_rfc3339(*parse_rfc3339(text)), text);
  }
}

TEST(Timestamp, IsNeverWhatOurOwnClockCannotHold) {
  using std::chrono::hours;
  const auto now = to_wall_clock(*parse_rfc3339("2026-11-28T00:00:00Z"));
  EXPECT_EQ(now.time_since_epoch(), std::chrono::seconds{1795824000});
  for (const char* never : {"2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    EXPECT_GT(to_wall_clock(*parse_rfc3339(never)) - now, hours{24 * 365 * 100}) << never;
  }
  EXPECT_GT(now - to_wall_clock(*parse_rfc3339("0001-01-01T00:00:00Z")), hours{24 * 365 * 50});
}

TEST(Timestamp, ReadsHttpDates) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), parse_rfc3339("1994-11-06T08:49:37Z"));
  EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37"));
  EXPECT_FALSE(parse_http_date(""));
}

}  // namespace
}  // namespace stepop::kube
