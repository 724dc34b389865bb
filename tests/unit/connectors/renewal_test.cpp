#include "connectors/renewal.hpp"

#include <gtest/gtest.h>

namespace stepop::connectors {
namespace {

using namespace std::chrono_literals;

const Time kNow{1'000'000s};

TEST(Renewal, ComesAfterTwoThirdsOfALifeOrALittleEarlier) {
  EXPECT_EQ(time_to_renewal(kNow, kNow + 900s, 0, 0), 600s);
  EXPECT_EQ(time_to_renewal(kNow, kNow + 900s, 0, 1), 510s);
  EXPECT_EQ(time_to_renewal(kNow, kNow + 60s, 0, 0), 40s);
}

TEST(Renewal, IsNotNeededForWhatDoesNotEnd) {
  EXPECT_EQ(time_to_renewal(kNow, std::nullopt, 0, 0.5), std::nullopt);
}

TEST(Renewal, AsksAgainEverMoreSlowlyAfterFailures) {
  EXPECT_EQ(time_to_renewal(kNow, kNow + 900s, 1, 0), 2s);
  EXPECT_EQ(time_to_renewal(kNow, kNow + 900s, 3, 0), 8s);
  EXPECT_EQ(time_to_renewal(kNow, std::nullopt, 1000, 0), 60s);
}

TEST(Renewal, PausesForCredentialsThatHaveEndedAlready) {
  EXPECT_EQ(time_to_renewal(kNow, kNow - 900s, 0, 0), 1s);
}

}  // namespace
}  // namespace stepop::connectors
