#include "manifest/labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <random>

#include "asking.hpp"
#include "request/rule.hpp"

namespace stepop::manifest {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Key;
using testing::Not;
using testing::Pair;

const Identity someone{"me", "r1/train"};

struct Value {
  std::string name, value;
};

// The values that ZenML 0.98's sanitize_label_value gives.
TEST(LabelValue, IsZenmls) {
  const std::string x61(61, 'x'), x62(62, 'x'), x63(63, 'x');
  for (const Value& each : {
           Value{"", ""},
           Value{"plain", "plain"},
           Value{"Train Model", "Train-Model"},
           Value{"a b  c", "a-b-c"},
           Value{"a -b", "a--b"},
           Value{"a- b", "a--b"},
           Value{"__x__", "x"},
           Value{"--", ""},
           Value{"...", ""},
           Value{"a/b/c", "a-b-c"},
           Value{"\xC3\xBCn\xC3\xAF"
                 "c\xC3\xB6"
                 "d\xC3\xA9",
                 "n-c-d"},
           Value{"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", ""},
           Value{x63 + "xxxxxxx", x63},
           Value{x62 + "--y", x62},
           Value{x61 + "  yz", x61 + "-y"},
           Value{".a.", "a"},
           Value{"a.b_c-d", "a.b_c-d"},
           Value{"2026-11-24T02:22:40.123+00:00", "2026-11-24T02-22-40.123-00-00"},
           Value{"a\nb", "a-b"},
           Value{"-\xC3\xA9-a", "a"},
       }) {
    EXPECT_EQ(label_value(each.name), each.value) << each.name;
  }
}

TEST(LabelValue, IsValidForTenThousandNames) {
  std::mt19937 random(7);
  for (int i = 0; i < 10'000; ++i) {
    std::string name;
    for (std::size_t length = random() % 130; length > 0; --length) name += static_cast<char>(random() % 256);
    ASSERT_TRUE(request::rule::label_value.holds(label_value(name))) << testing::PrintToString(name);
  }
}

const request::StepRequest& whole() {
  static const auto whole = request(R"json({
    "step_run_id": "r1/train", "image": "i", "step_name": "Train Model", "pipeline": "digits (v2)",
    "run_id": "r1", "run_name": "digits of 24:11", "project_id": "0d4f",
    "settings": {"cleanup": "never", "pod_settings": {
      "labels": {"team": "ml", "example.com/Cost": "A_1"}, "annotations": {"note": "a b"}}}})json");
  return whole;
}

TEST(PodLabels, AreStepopsZenmlsAndTheUsers) {
  EXPECT_THAT(
      pod_labels(whole(), someone, "i-1", 2),
      ElementsAre(Pair("app.kubernetes.io/managed-by", "stepop"), Pair("example.com/Cost", "A_1"),
                  Pair("pipeline", "digits-v2"), Pair("project_id", "0d4f"), Pair("run", "digits-of-24-11"),
                  Pair("run_id", "r1"), Pair("run_name", "digits-of-24-11"), Pair("step_name", "Train-Model"),
                  Pair("step_run_id", "r1-train"), Pair("stepop.dev/attempt", "2"), Pair("stepop.dev/instance", "i-1"),
                  Pair("stepop.dev/owner", "me"), Pair("stepop.dev/step", "w2hbtgsjoxiimksp"), Pair("team", "ml")));
}

TEST(PodLabels, AreLeftOutWhereThereIsNoName) {
  const auto labels =
      pod_labels(request(R"({"step_run_id": "r1/train", "image": "i", "pipeline": "***"})"), someone, "i", 0);
  EXPECT_THAT(labels, Not(Contains(Key("pipeline"))));
  EXPECT_THAT(labels, Not(Contains(Key("run"))));
  EXPECT_THAT(labels, Contains(Pair("step_run_id", "r1-train")));
}

TEST(PodAnnotations, HoldTheFullTexts) {
  EXPECT_THAT(pod_annotations(whole()),
              ElementsAre(Pair("note", "a b"), Pair("stepop.dev/pipeline", "digits (v2)"),
                          Pair("stepop.dev/policy", json::serialize(request::to_json(whole().settings.policy))),
                          Pair("stepop.dev/project-id", "0d4f"), Pair("stepop.dev/request-hash", request_hash(whole())),
                          Pair("stepop.dev/run-id", "r1"), Pair("stepop.dev/run-name", "digits of 24:11"),
                          Pair("stepop.dev/step-name", "Train Model"), Pair("stepop.dev/step-run-id", "r1/train")));
}

TEST(Selectors, ChooseByOwnerAndStep) {
  EXPECT_EQ(owner_selector("me"), "app.kubernetes.io/managed-by=stepop,stepop.dev/owner=me");
  EXPECT_EQ(step_selector(someone),
            "app.kubernetes.io/managed-by=stepop,stepop.dev/owner=me,stepop.dev/step=w2hbtgsjoxiimksp");
}

// ---- Reading back

Lookup in(const request::StringMap& map) {
  return [&map](std::string_view key) -> std::optional<std::string_view> {
    const auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  };
}

TEST(Marks, AreReadAsTheyWereWritten) {
  const auto labels = pod_labels(whole(), someone, "i-1", 2);
  const auto annotations = pod_annotations(whole());
  const Marks marks = marks_of(in(labels), in(annotations));
  EXPECT_EQ(marks.owner, "me");
  EXPECT_EQ(marks.instance, "i-1");
  EXPECT_EQ(marks.attempt, 2u);
  EXPECT_EQ(marks.step_hash, step_hash(someone));
  EXPECT_EQ(marks.step_run_id, "r1/train");
  EXPECT_EQ(marks.request_hash, request_hash(whole()));
  EXPECT_EQ(marks.policy, whole().settings.policy);
  EXPECT_EQ(marks.policy->cleanup, request::Cleanup::never);
  EXPECT_FALSE(marks.cancelled_at);
}

TEST(Marks, TellThatAnEndWasAskedFor) {
  const request::StringMap annotations{{std::string(annotation::cancelled_at), "2026-01-01T00:00:00Z"}};
  EXPECT_EQ(marks_of(in({}), in(annotations)).cancelled_at, "2026-01-01T00:00:00Z");
}

TEST(Marks, AreEmptyOnAnObjectThatIsNotOurs) {
  const request::StringMap none;
  const Marks marks = marks_of(in(none), in(none));
  EXPECT_EQ(marks.owner, "");
  EXPECT_EQ(marks.step_hash, "");
  EXPECT_FALSE(marks.attempt);
  EXPECT_FALSE(marks.policy);
  EXPECT_FALSE(marks.cancelled_at);
}

TEST(Marks, AreEmptyWhereSomebodyWroteSomethingElse) {
  const request::StringMap none;
  for (const char* attempt : {"", "-1", "one", "1x", " 1", "4294967296"}) {
    const request::StringMap labels{{std::string(label::attempt), attempt}};
    EXPECT_FALSE(marks_of(in(labels), in(none)).attempt) << attempt;
  }
  for (const char* policy : {"", "{", "[]", "3"}) {
    const request::StringMap annotations{{std::string(annotation::policy), policy}};
    EXPECT_FALSE(marks_of(in(none), in(annotations)).policy) << policy;
  }
}

}  // namespace
}  // namespace stepop::manifest
