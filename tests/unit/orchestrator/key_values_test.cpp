#include "input/key_values.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>

#include "input/finding.hpp"
#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

const std::vector<std::string> kKnown{"flavor", "stack", "help"};

SplitArguments split(const std::vector<std::string>& arguments) {
  return split_key_values(arguments, kKnown);
}

std::string error_of_split(const std::vector<std::string>& arguments) {
  try {
    split(arguments);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

const boost::json::object& schema() {
  static const boost::json::object schema = boost::json::parse(R"({"properties": {
      "text": {"type": "string"}, "number": {"type": "integer"}, "flag": {"type": "boolean"},
      "either": {"type": ["integer", "string"]}, "object": {"type": "object"}, "list": {"type": "array"},
      "word": {"enum": ["a", "b"]}}})")
                                                .as_object();
  return schema;
}

boost::json::value typed(const std::string& key, const std::string& value) {
  return typed_values({{key, value}}, schema()).at(key);
}

TEST(KeyValues, AreTakenInBothFormsFromAnywhere) {
  const SplitArguments found =
      split({"--context=a", "name", "--flavor", "kubernetes", "--namespace", "b", "-o", "json"});
  EXPECT_EQ(found.known, (std::vector<std::string>{"name", "--flavor", "kubernetes", "-o", "json"}));
  EXPECT_EQ(found.settings, (std::vector<KeyValue>{{"context", "a"}, {"namespace", "b"}}));
}

TEST(KeyValues, LeaveKnownOptionsWithTheirValues) {
  const std::vector<std::string> arguments{"--flavor=x", "--stack", "s.yaml", "--help"};
  EXPECT_EQ(split(arguments).known, arguments);
}

TEST(KeyValues, MayHoldEqualsSignsDashesAndNothing) {
  EXPECT_EQ(split({"--a=b=c", "--d", "-5", "--e="}).settings,
            (std::vector<KeyValue>{{"a", "b=c"}, {"d", "-5"}, {"e", ""}}));
}

TEST(KeyValues, AreAllComplainedAboutTogether) {
  EXPECT_EQ(
      error_of_split({"--a", "--b=1", "--b=2", "--c"}),
      "--a: it has no value, expected --a VALUE\n--b: it is given twice\n--c: it has no value, expected --c VALUE");
}

TEST(KeyValues, EndAtTwoDashes) {
  EXPECT_EQ(split({"--", "--a", "b"}).known, (std::vector<std::string>{"--", "--a", "b"}));
}

TEST(KeyValues, StayAsTypedWhereTextIsWanted) {
  EXPECT_EQ(typed("text", "007"), "007");
  EXPECT_EQ(typed("text", "no"), "no");
  EXPECT_EQ(typed("text", "{a: b}"), "{a: b}");
  EXPECT_EQ(typed("word", "a"), "a");
  EXPECT_EQ(typed("unknown", "5"), "5");
}

TEST(KeyValues, AreReadAsYamlWhereSomethingElseIsWanted) {
  EXPECT_EQ(typed("number", "600"), 600);
  EXPECT_EQ(typed("flag", "true"), true);
  EXPECT_EQ(typed("either", "5"), 5);
  EXPECT_EQ(typed("either", "5m"), "5m");
  EXPECT_EQ(typed("list", "[a, 1]"), boost::json::parse(R"(["a",1])"));
  EXPECT_EQ(typed("object", R"({"a": {"b": "c"}})"), boost::json::parse(R"({"a":{"b":"c"}})"));
  EXPECT_EQ(typed("object", "a: {b: c}"), boost::json::parse(R"({"a":{"b":"c"}})"));
}

TEST(KeyValues, DoNotTakeWhatOnlyOldYamlTakesForABoolean) {
  EXPECT_EQ(typed("flag", "yes"), "yes");
}

TEST(KeyValues, SayWhereTheyAreNoYaml) {
  try {
    typed_values({{"object", "{a: [1}"}, {"list", "{x: 1, x: 2}"}}, schema());
    FAIL() << "it was read";
  } catch (const BadInput& bad) {
    ASSERT_EQ(bad.findings().size(), 2u);
    EXPECT_EQ(bad.findings()[0].file, "--object");
    EXPECT_EQ(to_text(bad.findings()[1]), "--list:1:8: x: duplicate key; it is already at line 1");
  }
}

TEST(KeyValues, TakeWhatIsInAFile) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "value";
  std::ofstream(file) << "a: 1\n";
  EXPECT_EQ(typed("object", "@" + file.string()), boost::json::parse(R"({"a":1})"));
  EXPECT_EQ(typed("text", "@@home"), "@home");
  EXPECT_THROW(typed("text", "@/nowhere/x"), BadInput);
}

}  // namespace
}  // namespace stepop::orchestrator
