#include "input/did_you_mean.hpp"

#include <gtest/gtest.h>

namespace stepop::orchestrator {
namespace {

const std::vector<std::string> kKeys{"command", "args", "needs", "settings"};

TEST(DidYouMean, NamesTheNearest) {
  EXPECT_EQ(did_you_mean("comand", kKeys), "did you mean \"command\"?");
}

TEST(DidYouMean, CountsSwappedNeighboursAsOneMistake) {
  EXPECT_EQ(did_you_mean("agrs", kKeys), "did you mean \"args\"?");
}

TEST(DidYouMean, ListsAllWhenNothingIsNear) {
  EXPECT_EQ(did_you_mean("volumes", kKeys), "expected one of command, args, needs, settings");
}

TEST(DidYouMean, SaysNothingWithoutCandidates) {
  EXPECT_EQ(did_you_mean("a", {}), "");
}

}  // namespace
}  // namespace stepop::orchestrator
