#include "input/stack_edit.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <functional>

#include "input/finding.hpp"
#include "input/yaml_document.hpp"

namespace stepop::orchestrator {
namespace {

boost::json::value json(const char* text) {
  return boost::json::parse(text);
}

std::string set(const std::string& text, const MemberPath& path, const boost::json::value& value) {
  return edited_stack("s.yaml", text, {{path, value}});
}

std::string removed(const std::string& text, const MemberPath& path) {
  return edited_stack("s.yaml", text, {{path, std::nullopt}});
}

std::string error_of_set(const std::string& text, const MemberPath& path, const boost::json::value& value) {
  try {
    set(text, path, value);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

// As people write them.
constexpr const char* kByHand = R"(# Ours.
name: demo     # short

step_operators:
  # Cheap.
  here: { flavor: local }   # this machine

  cluster:
    flavor: kubernetes
    configuration:          # for all its steps
      kubernetes_context: a # the old one
      kubernetes_namespace: zenml
# The end.
)";

const MemberPath kHere{"step_operators", "here"};
const MemberPath kCluster{"step_operators", "cluster"};

MemberPath in_cluster(std::vector<std::string> more) {
  MemberPath path = kCluster;
  path.insert(path.end(), more.begin(), more.end());
  return path;
}

std::string with(std::string text, const std::string& old, const std::string& fresh) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, text.npos) << old;
  return text.replace(at, old.size(), fresh);
}

// ---- Values that are there -----------------------------------------------------------------------

TEST(StackEdit, ReplacesAValueAndKeepsTheCommentBehindIt) {
  EXPECT_EQ(set(kByHand, in_cluster({"configuration", "kubernetes_context"}), "b"),
            with(kByHand, "kubernetes_context: a # the old one", "kubernetes_context: b # the old one"));
}

TEST(StackEdit, ReplacesAValueInBrackets) {
  EXPECT_EQ(set(kByHand, {"step_operators", "here", "flavor"}, "other"),
            with(kByHand, "{ flavor: local }", "{ flavor: other }"));
}

TEST(StackEdit, ReplacesAQuotedValueWithAHashAndAColonInIt) {
  EXPECT_EQ(set("name: \"a # b: c\" # d\nx: 1\n", {"name"}, "e"), "name: e # d\nx: 1\n");
  EXPECT_EQ(set("name: 'it''s # b'\nx: 1\n", {"name"}, "e"), "name: e\nx: 1\n");
}

TEST(StackEdit, ReplacesAPlainValueOfSeveralLines) {
  EXPECT_EQ(set("name: one\n  two\n  three # d\nx: 1\n", {"name"}, "e"), "name: e # d\nx: 1\n");
}

TEST(StackEdit, ReplacesTextOfSeveralLines) {
  EXPECT_EQ(set("a:\n  name: |\n    one\n\n    two\n\n  x: 1\n", {"a", "name"}, "e"), "a:\n  name: e\n\n  x: 1\n");
}

TEST(StackEdit, ReplacesAValueThatIsMissing) {
  EXPECT_EQ(set("name:   # none yet\nx: 1\n", {"name"}, "e"), "name: e   # none yet\nx: 1\n");
}

TEST(StackEdit, ReplacesANullThatIsWritten) {
  EXPECT_EQ(set("name: ~ # none\nx: null\n", {"name"}, "e"), "name: e # none\nx: null\n");
  EXPECT_EQ(set("name: ~ # none\nx: null\n", {"x"}, 1), "name: ~ # none\nx: 1\n");
}

TEST(StackEdit, ReplacesAValueThatHasAnAnchorNobodyUses) {
  EXPECT_EQ(set("name: &n !!str 5\nx: 1\n", {"name"}, "e"), "name: e\nx: 1\n");
}

TEST(StackEdit, ReplacesAMappingInBlockStyleByAnother) {
  EXPECT_EQ(set("a:\n  # says\n  b:   # what\n    c: 1\n    d: 2\n  e: 3\n", {"a", "b"}, json(R"({"f":{"g":4}})")),
            "a:\n  # says\n  b:   # what\n    f:\n      g: 4\n  e: 3\n");
}

TEST(StackEdit, ReplacesAMappingInBlockStyleByAScalar) {
  EXPECT_EQ(set("a:\n  b:   # what\n    c: 1\n    d: 2\n  e: 3\n", {"a", "b"}, 7), "a:\n  b: 7   # what\n  e: 3\n");
}

TEST(StackEdit, ReplacesAScalarByAMapping) {
  EXPECT_EQ(set("a:\n  b: 1   # what\n  e: 3\n", {"a", "b"}, json(R"({"c":1})")),
            "a:\n  b:   # what\n    c: 1\n  e: 3\n");
}

TEST(StackEdit, ReplacesAListThatIsIndentedNoMoreThanItsKey) {
  EXPECT_EQ(set("a:\n- x\n- y: 1\n  z: 2\n-\nb: 1\n", {"a"}, json(R"(["w"])")), "a: [w]\nb: 1\n");
}

// ---- Values that are new -------------------------------------------------------------------------

TEST(StackEdit, AddsAMemberBehindTheLastOneOfItsMapping) {
  EXPECT_EQ(set(kByHand, in_cluster({"configuration", "cleanup"}), "never"),
            with(kByHand, "kubernetes_namespace: zenml\n", "kubernetes_namespace: zenml\n      cleanup: never\n"));
}

TEST(StackEdit, AddsAStepOperatorInBlockStyle) {
  EXPECT_EQ(set(kByHand, {"step_operators", "gpu"},
                json(R"({"flavor":"kubernetes","configuration":{"pod_settings":{"node_selectors":{"gpu":"yes"}}}})")),
            with(kByHand, "kubernetes_namespace: zenml\n",
                 "kubernetes_namespace: zenml\n"
                 "  gpu:\n    flavor: kubernetes\n    configuration:\n      pod_settings:\n"
                 "        node_selectors:\n          gpu: \"yes\"\n"));
}

TEST(StackEdit, AddsToAMappingInBrackets) {
  EXPECT_EQ(set(kByHand, {"step_operators", "here", "configuration", "cleanup"}, "never"),
            with(kByHand, "{ flavor: local }", "{ flavor: local, configuration: {cleanup: never} }"));
}

TEST(StackEdit, AddsToAMappingInBracketsOfSeveralLines) {
  EXPECT_EQ(set("a: {\n  b: 1, # one\n  c: 2  # two\n}\n", {"a", "d"}, 3),
            "a: {\n  b: 1, # one\n  c: 2,  # two\n  d: 3\n}\n");
  EXPECT_EQ(set("a: {\n  b: 1,\n  c: 2, # two\n}\n", {"a", "d"}, 3), "a: {\n  b: 1,\n  c: 2, # two\n  d: 3,\n}\n");
  EXPECT_EQ(set("a: {\n  b: 1,\n  c: 2 }\n", {"a", "d"}, 3), "a: {\n  b: 1,\n  c: 2,\n  d: 3 }\n");
}

TEST(StackEdit, OpensAnEmptyMapping) {
  EXPECT_EQ(set("name: d\nstep_operators: {}  # none yet\nx: 1\n", kHere, json(R"({"flavor":"local"})")),
            "name: d\nstep_operators:  # none yet\n  here:\n    flavor: local\nx: 1\n");
}

TEST(StackEdit, OpensAnEmptyMappingInBrackets) {
  EXPECT_EQ(set("{name: d, step_operators: {}}\n", kHere, json(R"({"flavor":"local"})")),
            "{name: d, step_operators: {here: {flavor: local}}}\n");
}

TEST(StackEdit, FillsAKeyWithoutAValue) {
  EXPECT_EQ(set("name: d\nstep_operators:   # none yet\nx: 1\n", kHere, json(R"({"flavor":"local"})")),
            "name: d\nstep_operators:   # none yet\n  here:\n    flavor: local\nx: 1\n");
}

TEST(StackEdit, AddsBehindALastValueOfSeveralLines) {
  EXPECT_EQ(set("a:\n  b: >-\n    one\n    two\n\nc: 1\n", {"a", "d"}, 2),
            "a:\n  b: >-\n    one\n    two\n  d: 2\n\nc: 1\n");
}

TEST(StackEdit, TakesTheFilesOwnIndentation) {
  EXPECT_EQ(set("step_operators:\n    here:\n        flavor: local\n", {"step_operators", "there"},
                json(R"({"flavor":"local"})")),
            "step_operators:\n    here:\n        flavor: local\n    there:\n        flavor: local\n");
}

TEST(StackEdit, KeepsJsonJson) {
  EXPECT_EQ(set(R"({"name": "d", "step_operators": {"here": {"flavor": "local"}}})", {"step_operators", "a"},
                json(R"({"flavor":"x"})")),
            R"({"name": "d", "step_operators": {"here": {"flavor": "local"}, "a": {"flavor":"x"}}})");
}

// ---- Values that go ------------------------------------------------------------------------------

TEST(StackEdit, RemovesAMemberWithItsLine) {
  EXPECT_EQ(removed(kByHand, in_cluster({"configuration", "kubernetes_context"})),
            with(kByHand, "      kubernetes_context: a # the old one\n", ""));
}

TEST(StackEdit, RemovesAStepOperatorWithAllItsLines) {
  EXPECT_EQ(removed(kByHand, kCluster),
            with(kByHand,
                 "  cluster:\n    flavor: kubernetes\n    configuration:          # for all its steps\n"
                 "      kubernetes_context: a # the old one\n      kubernetes_namespace: zenml\n",
                 ""));
}

TEST(StackEdit, KeepsTheCommentAboveWhatGoes) {
  EXPECT_EQ(removed(kByHand, kHere), with(kByHand, "  here: { flavor: local }   # this machine\n", ""));
}

TEST(StackEdit, LeavesAnEmptyMappingWhereTheOnlyMemberGoes) {
  EXPECT_EQ(removed("name: d\nstep_operators:  # all\n  here:\n    flavor: local\nx: 1\n", kHere),
            "name: d\nstep_operators: {}  # all\nx: 1\n");
  EXPECT_EQ(removed("a: { b: { c: 1 } }\n", {"a", "b", "c"}), "a: { b: {} }\n");
}

TEST(StackEdit, RemovesFromBracketsWithOneComma) {
  const std::string text = "a: { b: 1, c: [x, y], d: 3 } # end\n";
  EXPECT_EQ(removed(text, {"a", "b"}), "a: { c: [x, y], d: 3 } # end\n");
  EXPECT_EQ(removed(text, {"a", "c"}), "a: { b: 1, d: 3 } # end\n");
  EXPECT_EQ(removed(text, {"a", "d"}), "a: { b: 1, c: [x, y] } # end\n");
}

// ---- Files as other editors leave them -----------------------------------------------------------

TEST(StackEdit, KeepsTheLineEndsOfWindows) {
  const std::string text = "name: d # x\r\na:\r\n  b: 1\r\nc: 2\r\n";
  EXPECT_EQ(set(text, {"a", "e"}, json(R"({"f":1})")), "name: d # x\r\na:\r\n  b: 1\r\n  e:\r\n    f: 1\r\nc: 2\r\n");
  EXPECT_EQ(set(text, {"name"}, "e"), "name: e # x\r\na:\r\n  b: 1\r\nc: 2\r\n");
  EXPECT_EQ(removed(text, {"a"}), "name: d # x\r\nc: 2\r\n");
}

TEST(StackEdit, TakesAFileWithoutAFinalNewline) {
  EXPECT_EQ(set("a:\n  b: 1", {"a", "c"}, 2), "a:\n  b: 1\n  c: 2");
  EXPECT_EQ(set("a:\n  b: 1", {"a", "b"}, 2), "a:\n  b: 2");
  EXPECT_EQ(removed("a: 1\nb: 2", {"b"}), "a: 1");
  EXPECT_EQ(set("a:", {"a", "c"}, 2), "a:\n  c: 2");
}

TEST(StackEdit, TakesAByteOrderMark) {
  EXPECT_EQ(set("\xEF\xBB\xBF"
                "name: d\nx: 1\n",
                {"name"}, "e"),
            "\xEF\xBB\xBF"
            "name: e\nx: 1\n");
}

TEST(StackEdit, CountsBytesAndNotLetters) {
  EXPECT_EQ(set("# Größe – für später\nname: \"ä€😀\" # ü\nx: 1\n", {"name"}, "ß"),
            "# Größe – für später\nname: \"ß\" # ü\nx: 1\n");
}

TEST(StackEdit, TakesADocumentThatBeginsAndEndsWithMarks) {
  EXPECT_EQ(set("%YAML 1.2\n---\nname: d\n...\n", {"a"}, 1), "%YAML 1.2\n---\nname: d\na: 1\n...\n");
}

TEST(StackEdit, MakesSeveralChangesAtOnce) {
  EXPECT_EQ(edited_stack("s.yaml", kByHand,
                         {{in_cluster({"configuration", "kubernetes_context"}), std::nullopt},
                          {in_cluster({"configuration", "incluster"}), boost::json::value(true)}}),
            with(with(kByHand, "      kubernetes_context: a # the old one\n", ""), "kubernetes_namespace: zenml\n",
                 "kubernetes_namespace: zenml\n      incluster: true\n"));
}

TEST(StackEdit, WritesANewFileThatCanBeEdited) {
  EXPECT_EQ(set(new_stack_text("demo"), kHere, json(R"({"flavor":"local"})")),
            "name: demo\nstep_operators:\n  here:\n    flavor: local\n");
}

// ---- Values that YAML could take for something else ----------------------------------------------

TEST(StackEdit, QuotesWhatWouldReadAsSomethingElse) {
  for (const char* text :
       {"no", "Yes", "off",  "~",    "null", "true", "1e3", "0777", "0x1F", "1_000", ".5",   "12:30:00", "2026-01-01",
        "",   " ",   "a: b", "a #b", "#a",   "[a",   "{a",  "*a",   "&a",   "!a",    "- a",  "a:",       "@a",
        "%a", "`a",  "\"",   "'",    "a\nb", "\t",   "-",   "?",    "<<",   "=",     ".inf", "\xC2\x85"}) {
    const std::string quoted = set("name: d\nx: 1\n", {"name"}, text);
    EXPECT_EQ(quoted.substr(0, 7), "name: \"") << quoted;
  }
}

TEST(StackEdit, LeavesPlainWhatIsPlain) {
  for (const char* text : {"zenml", "my-cluster", "a b", "gke_project_zone_name", "registry.example:5000/a/b:1.2",
                           "/usr/lib", "500m", "1.5Gi", "arn:aws:eks:eu:1:cluster/x", "user@host", "a=b"}) {
    EXPECT_EQ(set("name: d\nx: 1\n", {"name"}, text), std::string("name: ") + text + "\nx: 1\n");
  }
}

TEST(StackEdit, WritesNumbersThatStayWhatTheyAre) {
  EXPECT_EQ(set("a: 0\n", {"a"}, 1.5), "a: 1.5\n");
  EXPECT_EQ(set("a: 0\n", {"a"}, 3.0), "a: 3.0\n");
  EXPECT_EQ(set("a: 0\n", {"a"}, 1e300), "a: 1e+300\n");
  EXPECT_EQ(set("a: 0\n", {"a"}, std::uint64_t{18446744073709551615u}), "a: 18446744073709551615\n");
}

TEST(StackEdit, WritesListsOfMappings) {
  EXPECT_EQ(set("a:\n  b: 1\n", {"a", "tolerations"}, json(R"([{"key":"gpu","values":["v","w"]},{"key":"b"},3,[]])")),
            "a:\n  b: 1\n  tolerations:\n    - key: gpu\n      values: [v, w]\n    - key: b\n    - 3\n    - []\n");
}

TEST(StackEdit, ChangesAndRemovesEveryMemberOfAFile) {
  const std::string text = R"(# one
a: 1 # x
b: {c: {d: [1, {e: 2}], "f g": 'h'}, i: , j}
k:
  - l: |
      m

    n: >-
      o
      p
  -
  - [q, r]
"s":   # y
    t: "u \" v"
    w:

    x: plain text
      of two lines
    # z
'y''z': ~
last:
    - a
    -   - b
        - c: d
)";
  const boost::json::value whole = to_json(parse_yaml("f.yaml", text).root);
  std::vector<MemberPath> paths;
  const std::function<void(const boost::json::value&, const MemberPath&)> walk = [&](const boost::json::value& at,
                                                                                     const MemberPath& path) {
    if (!path.empty()) paths.push_back(path);
    if (!at.is_object()) return;
    for (const auto& member : at.get_object()) {
      MemberPath deeper = path;
      deeper.emplace_back(member.key());
      walk(member.value(), deeper);
    }
  };
  walk(whole, {});
  ASSERT_GT(paths.size(), 12u);
  for (const MemberPath& path : paths) {
    // The edit itself compares what it wrote with what was meant.
    for (const char* value : {"1", "\"no\"", "[]", "{}", R"({"A":{"B":[{"C":1}]},"D":""})", R"(["x",{"y":"z"}])"})
      EXPECT_NO_THROW(set(text, path, json(value))) << path.back() << " to " << value;
    EXPECT_NO_THROW(removed(text, path)) << path.back();
    MemberPath fresh = path;
    fresh.emplace_back("new");
    fresh.emplace_back("newer");
    const bool mapping = [&] {
      const boost::json::value* at = &whole;
      for (const std::string& name : path) at = &at->as_object().at(name);
      return at->is_object();
    }();
    if (mapping) {
      EXPECT_NO_THROW(set(text, fresh, 1)) << path.back();
    }
  }
}

// ---- What is not edited --------------------------------------------------------------------------

TEST(StackEdit, DoesNotReachThroughAnAlias) {
  EXPECT_EQ(
      error_of_set("a: &x {k: v}\nb: *x\n", {"b", "k"}, 1),
      "s.yaml: b is an alias: what it stands for is used elsewhere too; edit it by hand; nothing was changed; edit "
      "it by hand");
}

TEST(StackEdit, ReplacesAnAliasItself) {
  EXPECT_EQ(set("a: &x {k: v}\nb: *x # y\n", {"b"}, 1), "a: &x {k: v}\nb: 1 # y\n");
}

TEST(StackEdit, DoesNotTakeAnAnchorAwayThatIsUsed) {
  EXPECT_EQ(
      error_of_set("a: &x 1\nb: *x\n", {"a"}, 2),
      "s.yaml: with this change it would say something else than was meant; nothing was changed; edit it by hand");
}

TEST(StackEdit, DoesNotChangeWhatAnAliasElsewhereSays) {
  EXPECT_EQ(
      error_of_set("a: &x {k: v}\nb: *x\n", {"a", "k"}, "w"),
      "s.yaml: with this change it would say something else than was meant; nothing was changed; edit it by hand");
}

TEST(StackEdit, RefusesWhatIsNoMapping) {
  EXPECT_EQ(error_of_set("a: [1]\n", {"a", "b"}, 1), "s.yaml: a is no mapping; nothing was changed; edit it by hand");
}

TEST(StackEdit, RefusesExplicitKeys) {
  EXPECT_EQ(
      error_of_set("? a\n: 1\n", {"b"}, 1),
      "s.yaml: \"a\" is written as an explicit key (`? key`), which is not edited here; nothing was changed; edit "
      "it by hand");
}

}  // namespace
}  // namespace stepop::orchestrator
