#include "kube/server_version.hpp"

#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

TEST(ServerVersion, IsReadFromTheServersWords) {
  const auto version = parse_server_version(R"({"major":"1","minor":"34","gitVersion":"v1.34.2","platform":"linux"})");
  ASSERT_TRUE(version);
  EXPECT_EQ(version->minor, 34);
  EXPECT_EQ(version->text, "v1.34.2");
  EXPECT_TRUE(is_supported(*version));
}

TEST(ServerVersion, MayCarryAProvidersPlus) {
  EXPECT_EQ(parse_server_version(R"({"major":"1","minor":"35+","gitVersion":"v1.35.1-eks-1"})")->minor, 35);
  EXPECT_EQ(parse_server_version(R"({"major":"1","minor":"35"})")->text, "v1.35");
}

TEST(ServerVersion, IsSupportedFromTheOldestToTheNewest) {
  EXPECT_FALSE(is_supported({1, oldest_supported_minor - 1}));
  EXPECT_TRUE(is_supported({1, oldest_supported_minor}));
  EXPECT_TRUE(is_supported({1, newest_supported_minor}));
  EXPECT_FALSE(is_supported({1, newest_supported_minor + 1}));
  EXPECT_FALSE(is_supported({2, oldest_supported_minor}));
  EXPECT_EQ(newest_supported_minor - oldest_supported_minor, 3) << "the four newest";
}

TEST(ServerVersion, IsNothingInOtherWords) {
  EXPECT_FALSE(parse_server_version(""));
  EXPECT_FALSE(parse_server_version("[]"));
  EXPECT_FALSE(parse_server_version(R"({"gitVersion":"v1.34.2"})"));
  EXPECT_FALSE(parse_server_version(R"({"major":1,"minor":34})"));
}

}  // namespace
}  // namespace stepop::kube
