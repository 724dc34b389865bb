#include "manifest/objects.hpp"

#include <gtest/gtest.h>

#include "asking.hpp"
#include "manifest/pod.hpp"

namespace stepop::manifest {
namespace {

TEST(Objects, OfAStepAreItsPodAlone) {
  const auto step = request(R"({"step_run_id": "a", "image": "busybox"})");
  const Identity identity{"me", "a"};
  EXPECT_EQ(objects_of(step, identity, "i"), std::vector<json::object>{pod_manifest(step, identity, "i", 0)});
}

TEST(Objects, AreShownWithoutTheValuesOfASecret) {
  const auto shown = without_secret_values(
      json::parse(R"({"kind":"Secret","metadata":{"name":"s"},"data":{"A":"c2VjcmV0"},"stringData":{"B":"secret"}})")
          .as_object());
  EXPECT_EQ(shown,
            json::parse(R"({"kind":"Secret","metadata":{"name":"s"},"data":{"A":"***"},"stringData":{"B":"***"}})"));
}

TEST(Objects, AreShownAsTheyAreWhenTheyHoldNoSecret) {
  const auto pod = json::parse(R"({"kind":"Pod","data":{"A":"x"}})").as_object();
  EXPECT_EQ(without_secret_values(pod), pod);
}

}  // namespace
}  // namespace stepop::manifest
