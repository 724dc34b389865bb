#include "kube/in_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace stepop::kube {
namespace {

using ::testing::HasSubstr;

class InClusterTest : public ::testing::Test {
 protected:
  InClusterTest() { std::filesystem::create_directories(folder); }
  ~InClusterTest() override { std::filesystem::remove_all(folder); }
  void write(const char* name, const char* text) { std::ofstream(folder / name) << text; }
  std::string problem(const std::vector<std::string>& environment) {
    try {
      in_cluster_access(environment, folder);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "nothing";
  }

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("stepop-in-cluster-" + std::to_string(::getpid()));
  std::vector<std::string> pod{"KUBERNETES_SERVICE_HOST=10.0.0.1", "KUBERNETES_SERVICE_PORT=443"};
};

TEST_F(InClusterTest, UsesThePodsServiceAccount) {
  write("token", "t");
  write("ca.crt", "CA");
  write("namespace", "team\n");
  const auto access = in_cluster_access(pod, folder);
  EXPECT_EQ(access.server, "https://10.0.0.1:443");
  EXPECT_EQ(access.token_file, (folder / "token").string()) << "read again as it rotates";
  EXPECT_EQ(access.ca_pem, "CA");
  EXPECT_EQ(access.ca_file, (folder / "ca.crt").string());
  EXPECT_EQ(access.default_namespace, "team");
}

TEST_F(InClusterTest, PutsAnIpv6AddressIntoBrackets) {
  for (const char* name : {"token", "ca.crt", "namespace"}) write(name, "x");
  EXPECT_EQ(in_cluster_access({"KUBERNETES_SERVICE_HOST=fd00::1", "KUBERNETES_SERVICE_PORT=443"}, folder).server,
            "https://[fd00::1]:443");
}

TEST_F(InClusterTest, OutsideAPodSaysWhatIsMissing) {
  EXPECT_THAT(problem({}), HasSubstr("found no KUBERNETES_SERVICE_HOST in the environment, expected a pod"));
  EXPECT_THAT(problem(pod), HasSubstr("token, expected the pod's service account; is the pod's automount"));
}

}  // namespace
}  // namespace stepop::kube
