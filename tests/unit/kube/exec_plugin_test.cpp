#include "kube/exec_plugin.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace stepop::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ExecPlugin plugin() {
  ExecPlugin out;
  out.command = "login";
  out.api_version = exec_v1;
  return out;
}

std::string credential(const std::string& status) {
  return R"({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": )" + status + "}";
}

std::string problem_of(const std::string& printed) {
  try {
    read_exec_credential(plugin(), printed);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(ExecCredential, GivesATokenAndItsEnd) {
  const auto read =
      read_exec_credential(plugin(), credential(R"({"token": "t", "expirationTimestamp": "2030-01-02T03:04:05Z"})"));
  EXPECT_EQ(read.token, "t");
  ASSERT_TRUE(read.expires_at);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*read.expires_at), 1893553445);
}

TEST(ExecCredential, GivesACertificateWithoutEnd) {
  const auto read =
      read_exec_credential(plugin(), credential(R"({"clientCertificateData": "C", "clientKeyData": "K"})"));
  EXPECT_EQ(read.client_certificate_pem, "C");
  EXPECT_EQ(read.client_key_pem, "K");
  EXPECT_FALSE(read.expires_at);
}

TEST(ExecCredential, ThatIsNoneIsRefusedWithoutQuotingIt) {
  EXPECT_THAT(problem_of(""), HasSubstr("printed nothing"));
  EXPECT_THAT(problem_of("secret"), HasSubstr("printed no JSON object"));
  EXPECT_THAT(problem_of("secret"), Not(HasSubstr("secret")));
  EXPECT_THAT(problem_of(R"({"kind": "Secret"})"), HasSubstr("no ExecCredential"));
  EXPECT_THAT(problem_of(R"({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1"})"),
              HasSubstr("another version than client.authentication.k8s.io/v1"));
  EXPECT_THAT(problem_of(credential("null")), HasSubstr("without a status"));
  EXPECT_THAT(problem_of(credential("{}")), HasSubstr("neither a token nor a client certificate"));
  EXPECT_THAT(problem_of(credential(R"({"clientKeyData": "K"})")), HasSubstr("only one of"));
  EXPECT_THAT(problem_of(credential(R"({"token": 1})")), HasSubstr("token that is no string"));
  EXPECT_THAT(problem_of(credential(R"({"token": "a\r\nb"})")), HasSubstr("no header can hold"));
  EXPECT_THAT(problem_of(credential(R"({"token": "t", "expirationTimestamp": "soon"})")), HasSubstr("RFC 3339"));
}

TEST(ExecInfo, TellsOfTheClusterOnlyWhenAsked) {
  ExecPlugin asked = plugin();
  EXPECT_EQ(exec_info(asked), R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",)"
                              R"("spec":{"interactive":false}})");
  asked.cluster_json = R"({"server":"https://x"})";
  EXPECT_THAT(exec_info(asked), HasSubstr(R"("cluster":{"server":"https://x"})"));
}

TEST(ExecStderr, IsOneLineAndItsEnd) {
  EXPECT_EQ(exec_stderr(plugin(), "Error:\n\tnot logged in\n"), "Error: not logged in");
  const std::string shortened = exec_stderr(plugin(), std::string(5000, 'x') + ' ' + "the reason");
  EXPECT_LT(shortened.size(), 700u);
  EXPECT_THAT(shortened, HasSubstr("the reason"));
}

TEST(ExecStderr, HoldsNoSecret) {
  ExecPlugin with_secret = plugin();
  with_secret.environment = {"PASSWORD=correct horse", "HOME=/home/somebody"};
  with_secret.added_names = {"PASSWORD"};
  EXPECT_EQ(exec_stderr(with_secret, "no entry for correct horse in /home/somebody/.config"),
            "no entry for (hidden) in /home/somebody/.config");
  EXPECT_EQ(exec_stderr(plugin(), "refused: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2ln"), "refused: (hidden)");
  EXPECT_EQ(exec_stderr(plugin(), "key 0123456789abcdef0123456789abcdef0123456789"), "key (hidden)");
}

}  // namespace
}  // namespace stepop::kube
