#include "request/rule.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

namespace stepop::request {
namespace {

struct Texts {
  const char* name;
  const Rule& rule;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

std::string times(std::size_t count, const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

// Good and bad by Kubernetes 1.34's validation.
const std::vector<Texts>& texts() {
  static const std::vector<Texts> all{
      {"dns_label",
       rule::dns_label,
       {"a", "0", "zenml", "ml-pipelines", "1-a", times(63, "a")},
       {"", "A", "a.b", "a_b", "-a", "a-", "a b", "\xC3\xA9", times(64, "a")}},
      {"dns_subdomain",
       rule::dns_subdomain,
       {"a", "a.b", "zenml-pipeline-runner", "0.1", times(126, "a.") + "a"},
       {"", "A", "a..b", ".a", "a_b", "-a", "a-.b", times(127, "a.") + "a"}},
      {"word", rule::word, {"a", "A_b:c"}, {"", "a b", "a\n", times(254, "a")}},
      {"secret_key", rule::secret_key, {"A", "a.b-c_D", ".x"}, {"", "A B", "A=B", "a/b", "\xC3\xA9", times(254, "a")}},
      {"label_key",
       rule::label_key,
       {"a", "A", "a.b", "a_b", "example.com/team", "a/b", "1/2", times(63, "a"),
        times(126, "a.") + "a/" + times(63, "b")},
       {"", "/", "a/", "/a", "a/b/c", "Example.com/a", "a b", "-a", "a-", "a..b/c", ".a/c", "a_b/c", times(64, "a"),
        times(127, "a.") + "a/b"}},
      {"annotation_key",
       rule::annotation_key,
       {"a", "Example.com/a", "prometheus.io/scrape"},
       {"", "a b", "a/b/c", "a_b/c", times(64, "a")}},
      {"label_value",
       rule::label_value,
       {"", "a", "A.b_c-d", "1", times(63, "a")},
       {" ", "a b", "-a", "a-", ".a", "a/b", "a\n", "\xC3\xA9", times(64, "a")}},
      {"owner", rule::owner, {"a", "host-1.Team_A", times(63, "a")}, {"", " ", "a/b", "-a", times(64, "a")}},
      {"environment_name",
       rule::environment_name,
       {"A", "my.name", "1A", "with space", "a-b", "~", "!"},
       {"", "A=B", "=", "a\n", "\x7F", "\xC3\xA9"}},
      {"resource_name",
       rule::resource_name,
       {"cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "nvidia.com/gpu", "example.com/a_b.c",
        "kubernetes.io/x"},
       {"", "gpu", "Memory", "storage", "pods", "requests.cpu", "requests.nvidia.com/gpu", "nvidia.com/", "a/b/c",
        "hugepages-2Mi/x y"}},
      {"image",
       rule::image,
       {"busybox", "registry.example:5000/a/b:1.0@sha256:abc", times(4096, "a")},
       {"", " ", "a b", " a", "a\t", "a\n", times(4097, "a")}},
      {"waiting_reason", rule::waiting_reason, {"ErrImagePull"}, {"", "Err Image", times(64, "a")}},
      {"context", rule::context, {"a", "arn:aws:eks:eu/x", "with space"}, {"", "a\nb", times(4097, "a")}},
  };
  return all;
}

TEST(Rule, HoldsForWhatKubernetesTakes) {
  for (const auto& entry : texts()) {
    for (const auto& text : entry.good) EXPECT_TRUE(entry.rule.holds(text)) << entry.name << ": " << text;
  }
}

TEST(Rule, DoesNotHoldForWhatKubernetesRefuses) {
  for (const auto& entry : texts()) {
    for (const auto& text : entry.bad) EXPECT_FALSE(entry.rule.holds(text)) << entry.name << ": " << text;
  }
}

// What a JSON Schema says of it: pattern and length.
bool schema_takes(const Rule& rule, const std::string& text) {
  if (text.size() < rule.least || (rule.most != 0 && text.size() > rule.most)) return false;
  return std::regex_search(text, std::regex(std::string(rule.pattern), std::regex::ECMAScript));
}

TEST(Rule, TakesNothingThatItsSchemaRefuses) {
  for (const auto& entry : texts()) {
    for (const auto& text : entry.good) EXPECT_TRUE(schema_takes(entry.rule, text)) << entry.name << ": " << text;
  }
}

TEST(Rule, SchemaRefusesWhatTheRuleRefusesWhereOnePatternCanSayIt) {
  for (const auto& entry : texts()) {
    // Lengths of parts, and names that are refused one by one, are beyond the pattern.
    if (&entry.rule == &rule::label_key || &entry.rule == &rule::annotation_key ||
        &entry.rule == &rule::resource_name) {
      continue;
    }
    for (const auto& text : entry.bad) EXPECT_FALSE(schema_takes(entry.rule, text)) << entry.name << ": " << text;
  }
}

TEST(ResourceNames, OnlyTheNodesOwnCanBeOvercommitted) {
  EXPECT_TRUE(can_be_overcommitted("cpu"));
  EXPECT_TRUE(can_be_overcommitted("memory"));
  EXPECT_TRUE(can_be_overcommitted("ephemeral-storage"));
  EXPECT_FALSE(can_be_overcommitted("hugepages-2Mi"));
  EXPECT_FALSE(can_be_overcommitted("nvidia.com/gpu"));
}

TEST(ResourceNames, AreExtendedWhenTheyHaveAVendor) {
  EXPECT_TRUE(is_extended_resource("nvidia.com/gpu"));
  EXPECT_FALSE(is_extended_resource("cpu"));
  EXPECT_FALSE(is_extended_resource("kubernetes.io/x"));
  EXPECT_FALSE(is_extended_resource("requests.nvidia.com/gpu"));
}

}  // namespace
}  // namespace stepop::request
