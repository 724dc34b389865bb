#include "engine/quota.hpp"

#include <gtest/gtest.h>

namespace stepop::engine {
namespace {

TEST(Quota, IsAskedForMoreThanItHasWhenOneResourceIs) {
  EXPECT_TRUE(asks_for_more_than_the_quota(
      "exceeded quota: q, requested: limits.cpu=1,limits.memory=2Gi, used: limits.cpu=0,limits.memory=0, limited: "
      "limits.cpu=2,limits.memory=1024Mi"));
}

TEST(Quota, HasRoomLaterWhenOthersUseItUp) {
  EXPECT_FALSE(asks_for_more_than_the_quota(
      "exceeded quota: q, requested: limits.memory=1Gi, used: limits.memory=512Mi, limited: limits.memory=1024Mi"));
}

TEST(Quota, IsNotJudgedInOtherWords) {
  EXPECT_FALSE(asks_for_more_than_the_quota(""));
  EXPECT_FALSE(asks_for_more_than_the_quota("failed quota: q: must specify limits.memory"));
  EXPECT_FALSE(asks_for_more_than_the_quota("exceeded quota: q, requested: pods=x, used: , limited: pods"));
  EXPECT_FALSE(asks_for_more_than_the_quota("exceeded quota: q, requested: pods=3"));
}

}  // namespace
}  // namespace stepop::engine
