#include "kube/watch_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// An action as a short text, so that a test compares what happens in one line.
std::string told(const WatchAction& action, Instant zero) {
  const auto at = [zero](Instant time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time - zero).count());
  };
  if (const auto* open = std::get_if<OpenStream>(&action)) return "open " + open->target;
  if (const auto* get = std::get_if<GetList>(&action)) return "get " + get->target;
  if (std::get_if<CloseStream>(&action)) return "close";
  if (std::get_if<WaitUntil>(&action)) return "wait";
  const WatchNotice& notice = std::get<Deliver>(action).notice;
  if (const auto* n = std::get_if<PodApplied>(&notice)) {
    return "applied " + n->pod.metadata.uid + '@' + n->pod.metadata.resource_version;
  }
  if (const auto* n = std::get_if<PodRemoved>(&notice)) {
    return "removed " + n->uid + (n->last ? " seen" : " vanished");
  }
  if (std::get_if<RelistBegan>(&notice)) return "relist";
  if (const auto* n = std::get_if<Synced>(&notice)) return "synced " + at(n->time);
  if (std::get_if<Unsynced>(&notice)) return "unsynced";
  return "trouble " + std::to_string(std::get<WatchTrouble>(notice).status);
}

std::string pod_json(const std::string& uid, const std::string& version) {
  return R"({"metadata":{"name":"pod-)" + uid + R"(","namespace":"dev","uid":")" + uid + R"(","resourceVersion":")" +
         version + R"("}})";
}

class WatchMachineTest : public ::testing::Test {
 protected:
  WatchMachineTest() {
    options.namespace_ = "dev";
    options.label_selector = "app=x";
  }

  using Told = std::vector<std::string>;

  /// What people hear and the streams do; without "wait".
  Told hear(const WatchActions& actions) {
    Told out;
    for (const WatchAction& action : actions) {
      if (const auto* wait = std::get_if<WaitUntil>(&action)) timer = wait->time;
      if (const auto* open = std::get_if<OpenStream>(&action)) last_target = open->target;
      if (const auto* get = std::get_if<GetList>(&action)) last_target = get->target;
      if (const auto* deliver = std::get_if<Deliver>(&action)) {
        if (const auto* t = std::get_if<WatchTrouble>(&deliver->notice)) trouble = *t;
      }
      std::string text = told(action, zero);
      if (text != "wait") out.push_back(text.substr(0, text.find('?')));
    }
    return out;
  }

  Told start() { return hear(machine().start(now)); }
  Told head(int status, std::string body = {}) {
    Response response;
    response.status = status;
    response.body = std::move(body);
    return hear(machine().on_head(now, response));
  }
  Told line(const std::string& json) { return hear(machine().on_line(now, parse_watch_line(json))); }
  Told event(const std::string& type, const std::string& uid, const std::string& version) {
    return line(R"({"type":")" + type + R"(","object":)" + pod_json(uid, version) + "}");
  }
  Told bookmark(const std::string& version) {
    return line(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" + version + R"("}}})");
  }
  Told initial_events_end(const std::string& version) {
    return line(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" + version +
                R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})");
  }
  Told error_event(int code, const std::string& reason) {
    return line(R"({"type":"ERROR","object":{"kind":"Status","code":)" + std::to_string(code) + R"(,"reason":")" +
                reason + R"(","message":"m"}})");
  }
  Told page(const std::string& version, const std::string& items, const std::string& next = {}) {
    Response response;
    response.status = 200;
    response.body = R"({"kind":"PodList","metadata":{"resourceVersion":")" + version + R"(","continue":")" + next +
                    R"("},"items":[)" + items + "]}";
    return hear(machine().on_list_page(now, response));
  }
  Told clean_end() { return hear(machine().on_end(now, nullptr)); }
  Told broken() {
    const TransportError error{TransportError::Kind::Reset, true, "reset by peer"};
    return hear(machine().on_end(now, &error));
  }
  /// Lets time pass to the armed timer.
  Told timer_fires() {
    now = std::max(now, timer);
    return hear(machine().on_timer(now));
  }

  /// A machine that watches, having listed pod `a` at version 5; the stream's version is 10.
  void watch_one_pod() {
    start();
    head(200);
    event("ADDED", "a", "5");
    initial_events_end("10");
    ASSERT_EQ(machine().state(), WatchState::Watching);
  }

  WatchMachine& machine() {
    if (!machine_) machine_.emplace(options);
    return *machine_;
  }

  WatchOptions options;
  const Instant zero{};
  Instant now = zero;
  Instant timer{};
  std::string last_target;
  WatchTrouble trouble;
  std::optional<WatchMachine> machine_;
};

constexpr const char* pods = "/api/v1/namespaces/dev/pods";

TEST_F(WatchMachineTest, AsksForAStreamingListAtFirst) {
  EXPECT_THAT(start(), ElementsAre("relist", std::string("open ") + pods));
  EXPECT_THAT(last_target, HasSubstr("watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                     "&allowWatchBookmarks=true&timeoutSeconds="));
  EXPECT_THAT(last_target, HasSubstr("labelSelector=app%3Dx"));
  EXPECT_THAT(last_target, Not(HasSubstr("resourceVersion=")));
  EXPECT_EQ(machine().state(), WatchState::OpeningStreamingList);
  EXPECT_FALSE(machine().synced_since());
}

TEST_F(WatchMachineTest, DeliversInitialEventsAndIsSyncedAtTheirEndAsOfWhenTheListWasAskedFor) {
  start();
  now += 1s;
  EXPECT_THAT(head(200), IsEmpty());
  EXPECT_THAT(event("ADDED", "a", "5"), ElementsAre("applied a@5"));
  EXPECT_THAT(bookmark("6"), IsEmpty());
  EXPECT_FALSE(machine().synced_since());
  now += 1s;
  EXPECT_THAT(initial_events_end("10"), ElementsAre("synced 0"));
  EXPECT_TRUE(machine().unbroken());
  EXPECT_EQ(machine().synced_since(), zero);
}

TEST_F(WatchMachineTest, IsSyncedAsOfEachLineOfALiveStream) {
  watch_one_pod();
  now += 3s;
  EXPECT_THAT(event("MODIFIED", "a", "11"), ElementsAre("applied a@11"));
  EXPECT_EQ(machine().synced_since(), zero + 3s);
  now += 3s;
  EXPECT_THAT(bookmark("12"), ElementsAre("synced 6"));
}

TEST_F(WatchMachineTest, FallsBackToPagesWhenStreamingListsAreInvalidHere) {
  for (const int status : {400, 422, 500}) {
    machine_.reset();
    start();
    EXPECT_THAT(head(status), ElementsAre(std::string("get ") + pods)) << status;
    EXPECT_EQ(last_target, std::string(pods) + "?limit=500&labelSelector=app%3Dx");
    EXPECT_THAT(page("20", pod_json("a", "5"), "tok"), ElementsAre("applied a@5", std::string("get ") + pods));
    EXPECT_THAT(last_target, HasSubstr("continue=tok"));
    EXPECT_THAT(page("20", pod_json("b", "6")), ElementsAre("applied b@6", "synced 0", std::string("open ") + pods));
    EXPECT_THAT(last_target, HasSubstr("watch=true&resourceVersion=20&allowWatchBookmarks=true"));
    EXPECT_THAT(head(200), IsEmpty());
    EXPECT_TRUE(machine().unbroken());
    // And ever after.
    error_event(410, "Expired");
    EXPECT_EQ(machine().state(), WatchState::ListingPages);
  }
}

// Else whoever comes between the list and the live watch would believe in a gap until the next bookmark, a minute later.
TEST_F(WatchMachineTest, MissesNothingBetweenTheListAndTheWatchThatGoesOnFromIt) {
  start();
  EXPECT_FALSE(machine().unbroken());
  head(400);
  EXPECT_FALSE(machine().unbroken());
  page("20", pod_json("a", "5"));
  EXPECT_EQ(machine().state(), WatchState::OpeningWatch);
  EXPECT_TRUE(machine().unbroken());
  broken();
  EXPECT_EQ(machine().state(), WatchState::WaitingToResume);
  EXPECT_TRUE(machine().unbroken());
  timer_fires();
  EXPECT_THAT(head(410), ElementsAre("relist", std::string("get ") + pods));
  EXPECT_FALSE(machine().unbroken());
}

TEST_F(WatchMachineTest, FallsBackToPagesWhenTheLastBookmarkDoesNotCome) {
  start();
  head(200);
  now += 15s;
  event("ADDED", "a", "5");
  // A new object extends the deadline; a change of a known one does not.
  EXPECT_THAT(timer_fires(), IsEmpty());
  now = zero + 30s;
  event("MODIFIED", "a", "6");
  EXPECT_THAT(timer_fires(), ElementsAre("close", std::string("get ") + pods));
  EXPECT_EQ(now, zero + 35s);
  EXPECT_THAT(page("20", pod_json("a", "6")), ElementsAre("synced 35", std::string("open ") + pods));
}

TEST_F(WatchMachineTest, ResumesFromTheLastVersionWhenTheServerEndsTheStreamAsPlanned) {
  watch_one_pod();
  now += 300s;
  bookmark("77");
  EXPECT_THAT(clean_end(), ElementsAre(std::string("open ") + pods));
  EXPECT_THAT(last_target, HasSubstr("resourceVersion=77&"));
  EXPECT_EQ(machine().state(), WatchState::OpeningWatch);
  head(200);
  EXPECT_THAT(bookmark("78"), ElementsAre("synced 300"));
}

TEST_F(WatchMachineTest, ResumesAfterABrokenStreamAndTellsOfTheGapOnce) {
  watch_one_pod();
  now += 10s;
  EXPECT_THAT(broken(), ElementsAre("unsynced", "trouble 0"));
  EXPECT_EQ(machine().state(), WatchState::WaitingToResume);
  EXPECT_EQ(machine().synced_since(), zero);
  EXPECT_THAT(timer_fires(), ElementsAre(std::string("open ") + pods));
  EXPECT_THAT(broken(), ElementsAre("trouble 0"));
  timer_fires();
  EXPECT_THAT(last_target, HasSubstr("resourceVersion=10&"));
  head(200);
  EXPECT_FALSE(machine().synced_since() > zero) << "no line has come yet";
  EXPECT_THAT(event("MODIFIED", "a", "11"), ElementsAre("applied a@11", ::testing::StartsWith("synced")));
}

TEST_F(WatchMachineTest, RelistsAndReportsVanishedPodsAfter410InTheStream) {
  watch_one_pod();
  event("ADDED", "b", "11");
  EXPECT_THAT(error_event(410, "Expired"), ElementsAre("close", "unsynced", "relist", std::string("open ") + pods));
  EXPECT_THAT(last_target, HasSubstr("sendInitialEvents=true"));
  head(200);
  EXPECT_THAT(event("ADDED", "b", "11"), IsEmpty()) << "unchanged since";
  EXPECT_THAT(initial_events_end("30"), ElementsAre("removed a vanished", "synced 0"));
  EXPECT_EQ(machine().known_pods(), 1u);
}

TEST_F(WatchMachineTest, RelistsAfter410AsAStatus) {
  watch_one_pod();
  now += 300s;
  clean_end();
  EXPECT_THAT(head(410), ElementsAre("unsynced", "relist", std::string("open ") + pods));
  EXPECT_EQ(machine().state(), WatchState::OpeningStreamingList);
}

TEST_F(WatchMachineTest, BacksOffWhenARelistExpiresToo) {
  watch_one_pod();
  error_event(410, "Expired");
  EXPECT_THAT(head(410), ElementsAre("trouble 410"));
  EXPECT_EQ(machine().state(), WatchState::WaitingToRelist);
}

TEST_F(WatchMachineTest, BeginsWithTheFirstPageWhenAContinueTokenExpired) {
  options.streaming_list = false;
  start();
  page("20", pod_json("a", "5"), "tok");
  Response gone;
  gone.status = 410;
  EXPECT_THAT(hear(machine().on_list_page(now, gone)), ElementsAre(std::string("get ") + pods));
  EXPECT_THAT(last_target, Not(HasSubstr("continue")));
  EXPECT_THAT(page("21", pod_json("a", "5")), ElementsAre("synced 0", std::string("open ") + pods));
}

TEST_F(WatchMachineTest, FollowsJobsAsItFollowsPods) {
  options.resource = Resource::Jobs;
  EXPECT_THAT(start(), ElementsAre("relist", "open /apis/batch/v1/namespaces/dev/jobs"));
  head(200);
  const auto line = R"({"type":"ADDED","object":{"kind":"Job","metadata":{"uid":"j","resourceVersion":"5"}}})";
  EXPECT_THAT(hear(machine().on_line(now, parse_watch_line(line, Resource::Jobs))), ElementsAre("applied j@5"));
}

TEST_F(WatchMachineTest, TakesAResourceVersionThatWentBackAfterARelistForAChange) {
  watch_one_pod();
  error_event(410, "Expired");
  head(200);
  EXPECT_THAT(event("ADDED", "a", "3"), ElementsAre("applied a@3"));
}

TEST_F(WatchMachineTest, IgnoresAnEventThatItHasSeen) {
  watch_one_pod();
  EXPECT_THAT(event("MODIFIED", "a", "5"), IsEmpty());
}

TEST_F(WatchMachineTest, KeepsTwoPodsOfOneNameApartByUid) {
  watch_one_pod();
  EXPECT_THAT(event("ADDED", "a2", "5"), ElementsAre("applied a2@5"));
  EXPECT_THAT(event("DELETED", "a", "12"), ElementsAre("removed a seen"));
  EXPECT_EQ(machine().known_pods(), 1u);
}

TEST_F(WatchMachineTest, DeliversTheLastStateOfADeletedPodEvenIfItNeverSawIt) {
  watch_one_pod();
  EXPECT_THAT(event("DELETED", "z", "12"), ElementsAre("removed z seen"));
}

TEST_F(WatchMachineTest, FindsASilentConnectionByItsDeadlineWithoutATimerForEachLine) {
  watch_one_pod();
  now += 60s;
  EXPECT_THAT(machine().on_line(now, parse_watch_line(R"({"type":"BOOKMARK","object":{}})")), ::testing::SizeIs(1))
      << "only Synced, no WaitUntil";
  EXPECT_THAT(timer_fires(), IsEmpty());
  EXPECT_THAT(timer_fires(), ElementsAre("close", "unsynced", "trouble 0"));
  EXPECT_EQ(now, zero + 150s);
  EXPECT_EQ(trouble.kind, WatchTrouble::Kind::Silent);
  EXPECT_EQ(machine().state(), WatchState::WaitingToResume);
}

TEST_F(WatchMachineTest, RelistsWhenAResumedStreamBringsNothingAtAllAsAfterAnEtcdRestore) {
  watch_one_pod();
  broken();
  timer_fires();
  head(200);
  EXPECT_THAT(timer_fires(), ElementsAre("close", "trouble 0"));
  EXPECT_EQ(machine().state(), WatchState::WaitingToRelist);
}

TEST_F(WatchMachineTest, ReportsAndRetriesForbiddenAndUnauthorizedForEver) {
  start();
  for (const int status : {403, 401, 403}) {
    EXPECT_THAT(head(status, R"({"kind":"Status","code":403,"message":"pods is forbidden"})"),
                ElementsAre("trouble " + std::to_string(status)));
    EXPECT_EQ(trouble.kind, status == 401 ? WatchTrouble::Kind::Unauthorized : WatchTrouble::Kind::Forbidden);
    EXPECT_THAT(trouble.message, HasSubstr("pods is forbidden"));
    EXPECT_THAT(timer_fires(), ElementsAre(std::string("open ") + pods));
  }
  EXPECT_EQ(trouble.failures, 3);
}

TEST_F(WatchMachineTest, HonoursRetryAfter) {
  watch_one_pod();
  now += 60s;
  clean_end();
  Response busy;
  busy.status = 429;
  busy.retry_after = 17s;
  hear(machine().on_head(now, busy));
  EXPECT_EQ(trouble.kind, WatchTrouble::Kind::Throttled);
  const Instant retry = now + 17s;
  EXPECT_EQ(trouble.next_try, retry);
  EXPECT_THAT(timer_fires(), IsEmpty()) << "the timer of before comes early";
  EXPECT_EQ(timer, retry);
  EXPECT_THAT(timer_fires(), ElementsAre(StartsWith("open")));
}

TEST_F(WatchMachineTest, BacksOffLongerWithEachFailureUpToABound) {
  start();
  std::chrono::nanoseconds longest{0};
  for (int i = 0; i < 20; ++i) {
    broken();
    const auto delay = trouble.next_try - now;
    const auto full =
        std::min<std::chrono::nanoseconds>(options.first_backoff * (1 << std::min(i, 15)), options.max_backoff);
    EXPECT_GE(delay, full / 2 - 1ms);
    EXPECT_LE(delay, full);
    longest = std::max<std::chrono::nanoseconds>(longest, delay);
    timer_fires();
  }
  EXPECT_GT(longest, 15s);
}

TEST_F(WatchMachineTest, ForgetsFormerFailuresOnceAStreamHasSettled) {
  watch_one_pod();
  broken();
  timer_fires();
  broken();
  timer_fires();
  head(200);
  now += 6s;
  bookmark("12");
  broken();
  EXPECT_EQ(trouble.failures, 1);
}

TEST_F(WatchMachineTest, DoesNotReopenInATightLoopWhenStreamsEndAtOnce) {
  watch_one_pod();
  EXPECT_THAT(clean_end(), ElementsAre("unsynced", "trouble 200"));
  EXPECT_EQ(machine().state(), WatchState::WaitingToResume);
}

TEST_F(WatchMachineTest, ListsAnewAfterALineThatCannotBeRead) {
  watch_one_pod();
  EXPECT_THAT(line("{nonsense"), ElementsAre("close", "unsynced", "trouble 200"));
  EXPECT_EQ(trouble.kind, WatchTrouble::Kind::Malformed);
  EXPECT_EQ(machine().state(), WatchState::WaitingToRelist);
}

TEST_F(WatchMachineTest, TellsOfAGapOnceHoweverOftenTheRelistFails) {
  EXPECT_THAT(start(), ElementsAre("relist", StartsWith("open")));
  broken();
  EXPECT_THAT(timer_fires(), ElementsAre(StartsWith("open")));
  head(200);
  broken();
  EXPECT_THAT(timer_fires(), ElementsAre(StartsWith("open")));
  head(200);
  EXPECT_THAT(initial_events_end("3"), ElementsAre(StartsWith("synced")));
}

TEST_F(WatchMachineTest, KeepsWhatItKnowsThroughAListThatBreaksHalfWay) {
  watch_one_pod();
  error_event(410, "Gone");
  head(200);
  event("ADDED", "b", "20");
  broken();
  timer_fires();
  head(200);
  EXPECT_THAT(event("ADDED", "a", "5"), IsEmpty());
  EXPECT_THAT(initial_events_end("30"), ElementsAre("removed b vanished", StartsWith("synced")));
}

TEST_F(WatchMachineTest, IgnoresWhatBelongsToNoStream) {
  EXPECT_THAT(head(200), IsEmpty());
  EXPECT_THAT(event("ADDED", "a", "1"), IsEmpty());
  EXPECT_THAT(clean_end(), IsEmpty());
  EXPECT_THAT(page("1", ""), IsEmpty());
  EXPECT_THAT(hear(machine().on_timer(now)), IsEmpty());
  watch_one_pod();
  EXPECT_THAT(page("1", pod_json("z", "1")), IsEmpty());
  EXPECT_THAT(head(500), IsEmpty());
}

TEST_F(WatchMachineTest, SpreadsTheLifetimesOfItsStreams) {
  options.random_seed = 1;
  start();
  const std::string first = last_target;
  machine_.reset();
  options.random_seed = 2;
  start();
  EXPECT_NE(first, last_target);
}

}  // namespace
}  // namespace stepop::kube
