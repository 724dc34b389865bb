#include "kube/authorization.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "kube/config_error.hpp"

namespace stepop::kube {
namespace {

using namespace std::chrono_literals;

class AuthorizationTest : public ::testing::Test {
 protected:
  AuthorizationTest()
      : path(std::filesystem::temp_directory_path() / ("stepop-authorization-" + std::to_string(::getpid()))) {}
  ~AuthorizationTest() override { std::filesystem::remove(path); }

  void write(const std::string& token, std::chrono::seconds age) {
    std::ofstream(path) << token;
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
  }

  std::filesystem::path path;
  ClusterAccess access;
  const Authorization::Clock::time_point start = Authorization::Clock::now();
};

TEST_F(AuthorizationTest, SendsNothingWithoutCredentials) {
  EXPECT_EQ(Authorization(access).header(start), "");
}

TEST_F(AuthorizationTest, EncodesBasicCredentials) {
  access.username = "Aladdin";
  access.password = "open sesame";
  EXPECT_EQ(Authorization(access).header(start), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_F(AuthorizationTest, ReadsAChangedTokenFileWithinSeconds) {
  write("one\n", 100s);
  access.token_file = path;
  Authorization authorization(access);
  EXPECT_EQ(authorization.header(start), "Bearer one");
  write("two", 50s);
  EXPECT_EQ(authorization.header(start + 1s), "Bearer one");
  EXPECT_EQ(authorization.header(start + 5s), "Bearer two");
}

TEST_F(AuthorizationTest, ReadsTheTokenFileEveryMinuteWhateverItsTimeSays) {
  write("one", 100s);
  const auto time = std::filesystem::last_write_time(path);
  access.token_file = path;
  Authorization authorization(access);
  authorization.header(start);
  write("two", 100s);
  std::filesystem::last_write_time(path, time);
  EXPECT_EQ(authorization.header(start + 30s), "Bearer one");
  EXPECT_EQ(authorization.header(start + 60s), "Bearer two");
}

TEST_F(AuthorizationTest, KeepsTheLastTokenWhileTheFileIsAway) {
  write("one", 100s);
  access.token_file = path;
  Authorization authorization(access);
  authorization.header(start);
  std::filesystem::remove(path);
  EXPECT_EQ(authorization.header(start + 10s), "Bearer one");
  EXPECT_NE(authorization.problem(), "");
}

TEST_F(AuthorizationTest, HasNoHeaderUntilTheFileCanBeRead) {
  access.token_file = path;
  Authorization authorization(access);
  EXPECT_EQ(authorization.header(start), std::nullopt);
  EXPECT_NE(authorization.problem().find("cannot be read"), std::string::npos);
  write("two\r\nlines", 0s);
  EXPECT_EQ(authorization.header(start + 5s), std::nullopt);
  write("good", 0s);
  EXPECT_EQ(authorization.header(start + 10s), "Bearer good");
}

TEST_F(AuthorizationTest, RefusesATokenThatWouldBreakTheHeader) {
  access.token = "a\r\nX: y";
  EXPECT_THROW(Authorization{access}, ConfigError);
}

}  // namespace
}  // namespace stepop::kube
