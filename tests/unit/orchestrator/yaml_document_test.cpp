#include "input/yaml_document.hpp"

#include <gtest/gtest.h>

namespace stepop::orchestrator {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_yaml("f.yaml", text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

TEST(YamlDocument, KnowsThePlaceOfEachMember) {
  const YamlDocument document = parse_yaml("f.yaml", "a: 1\nb:\n  c: [x, y]\n");
  const YamlMember& b = document.root.members.at(1);
  EXPECT_EQ(b.place, (Place{2, 1}));
  EXPECT_EQ(b.value.members.at(0).place, (Place{3, 3}));
  EXPECT_EQ(b.value.members.at(0).value.items.at(1).place, (Place{3, 10}));
}

TEST(YamlDocument, KeepsQuotedTextAsAString) {
  const YamlDocument document = parse_yaml("f.yaml", "[\"1\", 'true', !!str 2]");
  for (const YamlValue& item : document.root.items) EXPECT_TRUE(item.scalar.is_string());
}

TEST(YamlDocument, ExpandsAliases) {
  const YamlDocument document = parse_yaml("f.yaml", "a: &x {k: v}\nb: *x\n");
  EXPECT_EQ(document.root.members.at(1).value.members.at(0).name, "k");
}

TEST(YamlDocument, ReportsEveryDuplicateKey) {
  EXPECT_EQ(error_of("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
            "f.yaml:2:11: b.c: duplicate key; it is already at line 2\n"
            "f.yaml:3:1: a: duplicate key; it is already at line 1");
}

TEST(YamlDocument, PointsToWhereTheSyntaxEnds) {
  EXPECT_EQ(error_of("a: [1, 2\nb: 3\n").substr(0, 9), "f.yaml:2:");
}

TEST(YamlDocument, NamesATabWhereOneIndents) {
  EXPECT_EQ(
      error_of("a:\n\tb: 1\n"),
      "f.yaml:2:3: this is not YAML: illegal map value; its line is indented with a tab, which YAML does not take: "
      "write spaces");
}

TEST(YamlDocument, SaysThatAMergeKeyIsNone) {
  EXPECT_EQ(error_of("a: &x {b: 1}\nc:\n  <<: *x\n"),
            "f.yaml:3:3: c: found a merge key (<<), which YAML 1.2 does not have; write its members here; *alias alone "
            "stands for a whole value");
  EXPECT_EQ(parse_yaml("f.yaml", "'<<': 1\n").root.members.at(0).name, "<<");
}

TEST(YamlDocument, RefusesAnEmptyFile) {
  EXPECT_EQ(error_of(""), "f.yaml:1:1: the file is empty, expected a YAML mapping");
}

TEST(YamlDocument, RefusesASecondDocument) {
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"),
            "f.yaml:3:1: found a second document, expected one document in the file; remove the "
            "\"---\" before it");
}

TEST(YamlDocument, RefusesAnAliasInsideItsOwnAnchor) {
  EXPECT_EQ(error_of("a: &x [*x]\n"), "f.yaml:1:8: a[0]: this alias stands inside its own anchor");
}

TEST(YamlDocument, RefusesAliasesThatExpandWithoutBound) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j) text += ", " + last;
    text += "]\n";
  }
  EXPECT_EQ(error_of(text), "f.yaml: its aliases expand to more than a million values");
}

TEST(YamlDocument, SurvivesDeepNesting) {
  EXPECT_NE(error_of(std::string(100'000, '[')), "no error");
}

TEST(YamlDocument, ReadsEveryEscapeAsUtf8) {
  const YamlDocument document = parse_yaml("f.yaml", R"(["\N", "a\_b\N\_", "\xe9\L\P"])");
  EXPECT_EQ(document.root.items.at(0).scalar.as_string(), "\xC2\x85");
  EXPECT_EQ(document.root.items.at(1).scalar.as_string(),
            "a\xC2\xA0"
            "b\xC2\x85\xC2\xA0");
  EXPECT_EQ(document.root.items.at(2).scalar.as_string(), "\xC3\xA9\xE2\x80\xA8\xE2\x80\xA9");
}

TEST(YamlDocument, RefusesANulCharacter) {
  EXPECT_EQ(error_of(std::string("a: 1\nb: x\0y\n", 12)), "f.yaml:2:1: found a NUL character, expected text");
}

TEST(YamlDocument, RefusesBytesThatAreNoUtf8) {
  EXPECT_EQ(error_of("a: 1\nb: \xff\n"), "f.yaml:2:1: found bytes that are not UTF-8, expected UTF-8");
}

TEST(YamlDocument, RefusesNumbersThatJsonCannotHold) {
  EXPECT_EQ(error_of("a: [.inf]\n"),
            "f.yaml:1:5: a[0]: found .inf: this number is not finite; quote it to have a string");
}

TEST(YamlDocument, RefusesTagsOfOthers) {
  EXPECT_EQ(error_of("a: !python x\n"),
            "f.yaml:1:4: a: unknown tag !python; only YAML's own tags are known (!!str, !!int, ...)");
}

TEST(YamlDocument, RefusesAListAsAKey) {
  EXPECT_EQ(error_of("? [a]\n: 1\n"), "f.yaml:1:3: found a list as a key, expected a string");
}

TEST(YamlDocument, SaysWhyAFileCannotBeRead) {
  try {
    read_yaml_file("/nowhere/f.yaml");
    FAIL() << "it was read";
  } catch (const BadInput& bad) {
    EXPECT_STREQ(bad.what(), "/nowhere/f.yaml: cannot read the file: No such file or directory");
  }
}

}  // namespace
}  // namespace stepop::orchestrator
