// A credential plugin's bad days: a kubeconfig that has no end, and secrets in what a plugin says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/config_error.hpp"
#include "kube/exec_plugin.hpp"
#include "kube/kubeconfig.hpp"

namespace stepop::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

KubeconfigQuery with_extension(const std::string& extension, const std::string& server = "https://x") {
  KubeconfigQuery query;
  query.text =
      "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {"
      "server: '" +
      server + "', extensions: [{name: client.authentication.k8s.io/exec, extension: " + extension +
      "}]}}]\nusers: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, "
      "command: x, provideClusterInfo: true}}}]\n";
  return query;
}

std::string problem(const std::string& extension) {
  try {
    exec_info(*load_kubeconfig(with_extension(extension)).exec);
  } catch (const ConfigError& mistake) {
    return mistake.what();
  }
  return "none";
}

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
}

TEST(ExecExtension, ThatHoldsItselfIsRefused) {
  EXPECT_THAT(problem("&a [*a]"), HasSubstr("clusters[0].cluster.extensions: found something nested too deep"));
}

TEST(ExecExtension, MayBeAsDeepAsIsPromised) {
  EXPECT_EQ(problem(nested(17)), "none");
  EXPECT_THAT(problem(nested(18)), HasSubstr("nested too deep"));
  EXPECT_THAT(problem(nested(40)), HasSubstr("nested too deep"));
}

TEST(ExecExtension, ThatGrowsByItsAnchorsIsRefused) {
  std::string text = "[&a0 [" + std::string(100, 'x') + "]";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += ", &a" + std::to_string(i) + " [";
    for (int n = 0; n < 9; ++n) text += last + ", ";
    text += last + "]";
  }
  EXPECT_THAT(problem(text + "]"), HasSubstr("found something too long"));
}

TEST(ExecExtension, ThatIsNotUtf8IsRefused) {
  EXPECT_THAT(problem("\"\xff\""), HasSubstr("a text that is not UTF-8"));
}

ExecPlugin kubelogin() {
  ExecPlugin out;
  out.command = "kubelogin";
  out.arguments = {"get-token", "--client-secret", "hunter2-hunter2", "--password=correct-horse",
                   "--tenant",  "contoso-com"};
  out.environment = {"AWS_SECRET_ACCESS_KEY=wJ/lr/XU/tnFE/MI/K7", "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/token",
                     "REGION=eu-west-1"};
  return out;
}

TEST(ExecStderr, HidesWhatAnOptionSaysIsSecret) {
  const auto said = exec_stderr(kubelogin(), "usage: --client-secret hunter2-hunter2 --password=correct-horse");
  EXPECT_EQ(said, "usage: --client-secret (hidden) --password=(hidden)");
}

TEST(ExecStderr, HidesWhatAVariableSaysIsSecret) {
  EXPECT_EQ(exec_stderr(kubelogin(), "signing with wJ/lr/XU/tnFE/MI/K7 failed"), "signing with (hidden) failed");
}

TEST(ExecStderr, KeepsWhatAPersonNeeds) {
  const std::string said = "eu-west-1: tenant contoso-com: cannot read /var/run/token";
  EXPECT_EQ(exec_stderr(kubelogin(), said), said);
}

}  // namespace
}  // namespace stepop::kube
