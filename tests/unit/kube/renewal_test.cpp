#include "kube/renewal.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace stepop::kube {
namespace {

using namespace std::chrono_literals;
using Answer = Renewal::Answer;

// A machine and a virtual clock.
struct RenewalTest : ::testing::Test {
  Renewal renewal;
  Renewal::Steady now{1h};
  Renewal::Wall wall{std::chrono::hours{24 * 365 * 50}};

  void pass(std::chrono::seconds time) {
    now += time;
    wall += time;
  }
  void renew(std::optional<std::chrono::seconds> life, double random = 0.5) {
    renewal.started();
    renewal.renewed(now, wall, life ? std::optional(wall + *life) : std::nullopt, random);
  }
  void fail() {
    renewal.started();
    renewal.failed(now, "the source is away", 0.5);
  }
  /// Goes to the moment of the next renewal, and says how far it was.
  std::chrono::seconds go_to_next() {
    const auto next = renewal.next();
    if (!next) return -1s;
    const auto delay = std::chrono::ceil<std::chrono::seconds>(*next - now);
    pass(delay);
    return delay;
  }
};

TEST_F(RenewalTest, BeginsWithARenewalForWhichRequestsWait) {
  EXPECT_EQ(renewal.ask(now), Answer::Wait);
  EXPECT_TRUE(renewal.due(now));
  renewal.started();
  EXPECT_FALSE(renewal.due(now));
  EXPECT_EQ(renewal.ask(now), Answer::Wait);
  renewal.renewed(now, wall, wall + 60s, 0);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
}

TEST_F(RenewalTest, RenewsWithAMarginAndAJitterWhileTheOldAreUsed) {
  renew(600s, 0.0);
  EXPECT_EQ(go_to_next(), 450s);
  renew(600s, 0.999);
  EXPECT_NEAR(static_cast<double>(go_to_next().count()), 510, 1);
  EXPECT_TRUE(renewal.due(now));
  EXPECT_EQ(renewal.ask(now), Answer::Use);
  renewal.started();
  EXPECT_EQ(renewal.ask(now), Answer::Use) << "requests go on with the old ones";
  pass(80s);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
  pass(20s);
  EXPECT_EQ(renewal.ask(now), Answer::Wait) << "they have ended, and the new ones are being made";
}

TEST_F(RenewalTest, TriesAgainAndAgainWhileTheOldLive) {
  renew(600s, 0.0);
  go_to_next();
  unsigned tries = 0;
  while (renewal.ask(now) == Answer::Use) {
    fail();
    ++tries;
    EXPECT_LE(go_to_next(), 38s);
    ASSERT_LT(tries, 100u);
  }
  EXPECT_GE(tries, 6u);
  EXPECT_EQ(renewal.problem(), "the source is away");
  renew(600s);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
  EXPECT_EQ(renewal.problem(), "");
}

TEST_F(RenewalTest, WithoutAnyThatLiveSaysWhyUntilItIsTimeToTryAgain) {
  fail();
  EXPECT_EQ(renewal.ask(now), Answer::Fail);
  EXPECT_EQ(renewal.problem(), "the source is away");
  EXPECT_EQ(go_to_next(), 1s);
  EXPECT_EQ(renewal.ask(now), Answer::Wait);
  fail();
  EXPECT_EQ(go_to_next(), 2s);
  fail();
  EXPECT_EQ(go_to_next(), 4s);
}

TEST_F(RenewalTest, RefusedOnesAreRenewedOnce) {
  renew(600s);
  pass(60s);
  const auto sent_with = renewal.generation();
  EXPECT_TRUE(renewal.refused(now, sent_with));
  EXPECT_TRUE(renewal.due(now));
  EXPECT_EQ(renewal.ask(now), Answer::Wait) << "nothing more is sent with what was refused";
  EXPECT_TRUE(renewal.refused(now, sent_with)) << "another request was on its way";
  renew(600s);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
  EXPECT_TRUE(renewal.refused(now, sent_with)) << "newer ones are there";
  EXPECT_FALSE(renewal.due(now));
  EXPECT_FALSE(renewal.refused(now, renewal.generation())) << "fresh ones are refused for what they are";
  EXPECT_EQ(renewal.ask(now), Answer::Use);
}

TEST_F(RenewalTest, WhatDoesNotEndIsRenewedOnlyWhenRefused) {
  renew(std::nullopt);
  EXPECT_FALSE(renewal.next());
  pass(24h * 30);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
  EXPECT_FALSE(renewal.due(now));
  EXPECT_TRUE(renewal.refused(now, renewal.generation()));
  EXPECT_TRUE(renewal.due(now));
}

TEST_F(RenewalTest, ReckonsByTheServersClock) {
  renewal.server_said(wall + 300s, wall);
  EXPECT_EQ(renewal.skew(), 300s);
  renew(600s, 0.0);
  EXPECT_EQ(go_to_next(), 225s) << "of 600 s the server's clock has passed 300 already";
  renewal.server_said(wall - 300s, wall);
  renew(600s, 0.0);
  EXPECT_EQ(go_to_next(), 675s);
}

TEST_F(RenewalTest, TakesADateThatIsASecondOffForARightOne) {
  renewal.server_said(wall + 2s, wall);
  EXPECT_EQ(renewal.skew(), 0s);
}

TEST_F(RenewalTest, UsesWhatHasEndedAlreadyForAMomentAndDoesNotSpin) {
  renew(-3600s);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
  EXPECT_FALSE(renewal.due(now));
  EXPECT_EQ(go_to_next(), 5s);
}

TEST_F(RenewalTest, HoldsALifeThatNoClockCan) {
  renewal.started();
  renewal.renewed(now, wall, Renewal::Wall::max(), 0.5);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
  ASSERT_TRUE(renewal.next());
  EXPECT_GT(*renewal.next(), now);
}

TEST_F(RenewalTest, WhatHadEndedAlreadyAndIsRefusedIsNoRefusalButWaitsForTheNextRenewal) {
  renew(-3600s);
  pass(1s);
  EXPECT_TRUE(renewal.refused(now, renewal.generation()));
  EXPECT_EQ(renewal.ask(now), Answer::Fail);
  EXPECT_EQ(renewal.problem(), "the credentials that were given had expired already");
  EXPECT_FALSE(renewal.due(now)) << "a source that gives such is not asked without a pause";
  EXPECT_EQ(go_to_next(), 4s);
  renew(600s);
  EXPECT_EQ(renewal.ask(now), Answer::Use);
}

// A source that is away for two minutes, asked once a second by a request: how often each answer was given.
struct Away {
  int used = 0, held_up = 0;
  std::chrono::seconds late{0};  // from its return to the next request that could be sent
};
Away away_for_two_minutes(RenewalTest& test, std::chrono::seconds life, double random) {
  constexpr int from = 20, until = 140;
  test.renew(life, random);
  Away away;
  for (int second = 1; second < 400; ++second) {
    test.pass(1s);
    if (test.renewal.due(test.now)) {
      if (second >= from && second < until) {
        test.fail();
      } else {
        test.renew(life, random);
      }
    }
    const bool sent = test.renewal.ask(test.now) == Answer::Use;
    ++(sent ? away.used : away.held_up);
    if (!sent && second >= until) ++away.late;
  }
  return away;
}

TEST_F(RenewalTest, ASourceThatIsAwayForTwoMinutesWhileTheOldLiveIsMissedByNobody) {
  EXPECT_EQ(away_for_two_minutes(*this, 600s, 0.9).held_up, 0);
}

TEST_F(RenewalTest, ASourceThatIsAwayBeyondTheirEndHoldsRequestsUpAndNotMuchLonger) {
  const Away away = away_for_two_minutes(*this, 60s, 0.5);
  EXPECT_GE(away.held_up, 140 - 60);
  EXPECT_LE(away.late, 38s) << "the longest pause between two tries";
  EXPECT_EQ(away.used + away.held_up, 399);
}

TEST_F(RenewalTest, AMinutesLifeOverAQuarterOfAnHourNeverLeavesARequestWithout) {
  renew(60s, 0.3);
  for (int second = 0; second < 900; ++second) {
    pass(1s);
    if (renewal.due(now)) {
      // Away for two minutes in the middle would be longer than a life: here for 10 s, again and again.
      if (second % 100 < 10) {
        fail();
      } else {
        renew(60s, std::fmod(second * 0.37, 1.0));
      }
    }
    ASSERT_EQ(renewal.ask(now), Answer::Use) << second;
  }
}

}  // namespace
}  // namespace stepop::kube
