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

TEST(Objects, OfAStepWithSecretsHaveThemByNameAlone) {
  const auto step =
      request(R"({"step_run_id": "a", "image": "busybox", "settings": {"secrets": {"TOKEN": "hunter2"}}})");
  const auto objects = objects_of(step, {"me", "a"}, "i");
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[1].at("kind"), "Secret");
  EXPECT_EQ(objects[1].at("metadata").at("name"), objects[0].at("metadata").at("name"));
  EXPECT_EQ(objects[1].at("stringData"), (json::object{{"TOKEN", hidden_value}}));
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
