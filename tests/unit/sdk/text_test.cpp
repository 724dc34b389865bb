// What comes in as text: JSON, options, ids, times, UTF-8.
#include <gmock/gmock.h>

#include <stepop/nearest_name.hpp>

#include "plugin/json_text.hpp"
#include "plugin/options.hpp"
#include "plugin/rfc3339.hpp"
#include "plugin/utf8.hpp"

namespace stepop::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// "code path" of every finding that `call` throws.
template <class Call>
std::vector<std::string> findings(Call&& call) {
  std::vector<std::string> out;
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), STEPOP_E_INVALID);
    for (const Finding& finding : error.findings()) out.push_back(finding.code + " " + finding.path);
  }
  return out;
}

auto parsing(std::string text) {
  return [text] { parse_object(text, "the request"); };
}

TEST(JsonText, IsAnObject) {
  EXPECT_EQ(parse_object(R"({"a":{"b":[1]}})", "x").at("a").at("b").at(0), 1);
}

TEST(JsonText, NamesThePlaceOfAMistake) {
  EXPECT_THAT(findings(parsing("{\n  \"a\": 1,,\n}")), ElementsAre("InvalidJson line 2, column 10"));
}

TEST(JsonText, IsNotCutOff) {
  EXPECT_THAT(findings(parsing(R"({"a":)")), ElementsAre("InvalidJson line 1, column 6"));
  EXPECT_THAT(findings(parsing("")), ElementsAre("InvalidJson line 1, column 1"));
}

TEST(JsonText, HasNothingBehindIt) {
  EXPECT_THAT(findings(parsing("{} x")), ElementsAre("InvalidJson line 1, column 4"));
}

TEST(JsonText, IsNoOtherKindOfValue) {
  EXPECT_THAT(findings(parsing("[]")), ElementsAre("WrongType "));
  EXPECT_THAT(findings(parsing("null")), ElementsAre("WrongType "));
}

TEST(JsonText, NamesEveryKeyThatIsGivenTwice) {
  EXPECT_THAT(findings(parsing(R"({"a":1,"b":[{},{"c":{"d":1,"d":2}}],"a":2})")),
              ElementsAre("DuplicateKey b[1].c.d", "DuplicateKey a"));
}

TEST(JsonText, MayHaveTheSameKeyInTwoObjects) {
  EXPECT_THAT(findings(parsing(R"({"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]})")), ElementsAre());
}

TEST(JsonText, SeesAKeyTwiceThatIsWrittenInTwoWays) {
  EXPECT_THAT(findings(parsing(R"({"a":1,"\u0061":2})")), ElementsAre("DuplicateKey a"));
}

TEST(JsonText, IsNotNestedWithoutEnd) {
  const std::string open(100'000, '[');
  EXPECT_THAT(findings(parsing("{\"a\":" + open)), ElementsAre(HasSubstr("TooDeep")));
}

TEST(JsonText, IsUtf8) {
  EXPECT_EQ(findings(parsing("{\"a\":\"\xff\"}")).size(), 1U);
}

TEST(StepRunId, IsAShortStringWithoutControlCharacters) {
  const auto of = [](json::object request) { return findings([request] { step_run_id_of(request); }); };
  EXPECT_THAT(of({{"step_run_id", "run/1 ä"}}), ElementsAre());
  EXPECT_THAT(of({{"step_run_id", std::string(512, 'x')}}), ElementsAre());
  EXPECT_THAT(of({{"step_run_id", std::string(513, 'x')}}), ElementsAre("InvalidStepRunId step_run_id"));
  EXPECT_THAT(of({{"step_run_id", ""}}), ElementsAre("InvalidStepRunId step_run_id"));
  EXPECT_THAT(of({{"step_run_id", "a\nb"}}), ElementsAre("InvalidStepRunId step_run_id"));
  EXPECT_THAT(of({{"step_run_id", 7}}), ElementsAre("WrongType step_run_id"));
  EXPECT_THAT(of({}), ElementsAre("MissingKey step_run_id"));
}

TEST(LogOptions, AreReadFromJson) {
  const LogOptions options = log_options({{"follow", false}, {"since", "1970-01-01T00:00:02Z"}, {"tail_lines", 3}});
  EXPECT_FALSE(options.follow);
  EXPECT_EQ(options.since->time_since_epoch(), std::chrono::seconds(2));
  EXPECT_EQ(options.tail_lines, 3);
  EXPECT_TRUE(log_options({}).follow);
}

TEST(LogOptions, AreRefusedWithEveryMistake) {
  EXPECT_THAT(findings([] {
                log_options({{"folow", true}, {"follow", 1}, {"since", "today"}, {"tail_lines", -1}});
              }),
              ElementsAre("UnknownKey folow", "WrongType follow", "WrongType since", "WrongType tail_lines"));
}

TEST(AttachFilter, IsRefusedWithEveryMistake) {
  EXPECT_THAT(
      findings([] {
        check_filter({{"namespaces", "a"},
                      {"step_run_ids", json::array{"a", 1}},
                      {"labels", {{"a", "b"}, {"c", 1}}},
                      {"label", "x"}});
      }),
      ElementsAre("UnknownKey label", "WrongType namespaces", "WrongType step_run_ids[1]", "WrongType labels.c"));
  EXPECT_NO_THROW(check_filter({}));
}

TEST(ForgetOptions, AreRefusedWithEveryMistake) {
  EXPECT_THAT(findings([] {
                check_forget_options({{"namespace", 1}, {"cleanup", "x"}, {"y", 1}});
              }),
              ElementsAre("UnknownKey y", "WrongType namespace"));
}

TEST(Rfc3339, IsReadWithFractionAndOffset) {
  const auto us = [](std::string_view text) { return parse_rfc3339(text)->time_since_epoch().count(); };
  EXPECT_EQ(us("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(us("1970-01-02t00:00:00.5z"), 86'400'500'000);
  EXPECT_EQ(us("1970-01-01T01:00:00.000001999+01:00"), 1);
  EXPECT_EQ(us("2024-02-29T12:30:45-00:30"), 1'709'211'645'000'000);
}

TEST(Rfc3339, IsNothingElse) {
  for (const std::string_view text :
       {"", "today", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00Zx", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00+1:00"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Utf8, KeepsValidTextAsItIs) {
  const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(with_valid_utf8(text), text);
}

TEST(Utf8, ReplacesEachByteThatIsNotPartOfACharacter) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(with_valid_utf8("a\xff"), "a" + r);
  EXPECT_EQ(with_valid_utf8("\xC3"), r) << "cut off";
  EXPECT_EQ(with_valid_utf8("\xC0\xAF"), r + r) << "overlong";
  EXPECT_EQ(with_valid_utf8("\xED\xA0\x80"), r + r + r) << "a surrogate";
  EXPECT_EQ(with_valid_utf8("\xF4\x90\x80\x80"), r + r + r + r) << "beyond U+10FFFF";
}

TEST(NearestName, IsTheOneThatWasMeant) {
  EXPECT_EQ(nearest_name("resorces", {"requests", "resources"}), "resources");
  EXPECT_EQ(nearest_name("kubernets", {"local", "kubernetes"}), "kubernetes");
  EXPECT_EQ(nearest_name("zzz", {"local", "kubernetes"}), "");
}

TEST(NearestName, CountsSwappedNeighboursAsOneMistake) {
  EXPECT_EQ(nearest_name("agrs", {"command", "args"}), "args");
}

TEST(DidYouMean, ListsAllWhenNothingIsNear) {
  EXPECT_EQ(did_you_mean("zzz", {"local", "kubernetes"}), "expected one of local, kubernetes");
}

TEST(DidYouMean, SaysNothingWithoutCandidates) {
  EXPECT_EQ(did_you_mean("a", {}), "");
}

}  // namespace
}  // namespace stepop::plugin
