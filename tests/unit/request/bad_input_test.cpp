// Each mistake that a host or a user can make, and the words that they get: bad_inputs.jsonl, one input a line.
//
//   name      of the test
//   request, settings, pod_settings, config    the members of the input that are wrong, at that place of an input
//   text, config_text                          a whole request or configuration as text
//   mistakes  all of them: "code path: message (hint)"
//   beyond_schema  why the JSON Schema cannot refuse it; those without, it does (tests/integration/settings/schema)
//
// `<x*80>` stands for 80 times x, so that a megabyte is a few characters here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <plugin/json_text.hpp>
#include <regex>
#include <set>

#include "asking.hpp"

namespace stepop::request {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

struct BadInput {
  std::string name;
  bool is_config = false;
  std::string text;
  std::vector<std::string> mistakes;
};
void PrintTo(const BadInput& input, std::ostream* out) {
  *out << input.name;
}
std::string name_of(const testing::TestParamInfo<BadInput>& info) {
  return info.param.name;
}

std::string expanded(const std::string& text) {
  static const std::regex repeated("<(.)\\*([0-9]+)>");
  std::string result;
  auto end = text.cbegin();
  for (std::sregex_iterator match(text.begin(), text.end(), repeated), none; match != none; ++match) {
    result.append(end, (*match)[0].first);
    result.append(std::stoul((*match)[2]), (*match)[1].str()[0]);
    end = (*match)[0].second;
  }
  return result.append(end, text.cend());
}

std::string request_with(const char* place, const json::value& value) {
  json::object asked{{"step_run_id", "a"}, {"image", "i"}};
  if (std::string_view(place) == "request") {
    for (const auto& [key, member] : value.as_object()) asked[key] = member;
  } else if (std::string_view(place) == "settings") {
    asked["settings"] = value;
  } else {
    asked["settings"] = json::object{{"pod_settings", value}};
  }
  return json::serialize(asked);
}

BadInput bad_input(const json::object& line) {
  BadInput input;
  input.name = line.at("name").as_string();
  for (const auto& mistake : line.at("mistakes").as_array()) {
    input.mistakes.push_back(expanded(std::string(mistake.as_string())));
  }
  for (const char* place : {"request", "settings", "pod_settings"}) {
    if (const auto* value = line.if_contains(place)) input.text = request_with(place, *value);
  }
  if (const auto* text = line.if_contains("text")) input.text = text->as_string();
  input.is_config = line.contains("config") || line.contains("config_text");
  if (const auto* text = line.if_contains("config_text")) input.text = text->as_string();
  if (const auto* members = line.if_contains("config")) {
    json::object configured{{"owner", "me"}};
    for (const auto& [key, member] : members->as_object()) configured[key] = member;
    input.text = json::serialize(configured);
  }
  input.text = expanded(input.text);
  return input;
}

const std::vector<BadInput>& bad_inputs() {
  static const auto all = [] {
    std::vector<BadInput> inputs;
    std::ifstream file(BAD_INPUTS);
    for (std::string line; std::getline(file, line);) inputs.push_back(bad_input(json::parse(line).as_object()));
    return inputs;
  }();
  return all;
}

class BadInputs : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputs, AreRefusedWithEveryMistakeInTheseWords) {
  std::vector<std::string> mistakes;
  try {
    const auto read = plugin::parse_object(GetParam().text, "the input");
    mistakes = GetParam().is_config ? mistakes_in_config(read) : mistakes_in_request(read);
  } catch (const plugin::Error& error) {
    mistakes = lines(error);
  }
  EXPECT_THAT(mistakes, ElementsAreArray(GetParam().mistakes));
}
INSTANTIATE_TEST_SUITE_P(Table, BadInputs, testing::ValuesIn(bad_inputs()), name_of);

TEST(BadInputsTable, HasHundredsOfDifferentInputs) {
  std::set<std::string> texts;
  for (const auto& input : bad_inputs()) texts.insert(input.text);
  EXPECT_GT(texts.size(), 300u);
}

TEST(Mistakes, NeverShowASecretsValue) {
  const auto mistakes = mistakes_in_request(asking(
      R"("settings": {"secrets": {"A": ["s3cret"], "B": "s3cret\u0000", "STEPOP_ATTEMPT": "s3cret", "C D": "s3cret"},
                      "pod_settings": {"env": [{"name": "A", "value": {"s3cret": 1}}, {"name": "A B=", "value": "s3cret\u0000"}]}})"));
  EXPECT_THAT(mistakes, SizeIs(7));
  for (const auto& line : mistakes) EXPECT_THAT(line, Not(HasSubstr("s3cret"))) << line;
}

TEST(Mistakes, AreOneErrorOfInvalidInput) {
  try {
    parse_request(object(R"({"image": 3, "args": 4})"), config());
    FAIL() << "it was taken";
  } catch (const plugin::Error& error) {
    EXPECT_EQ(error.code(), STEPOP_E_INVALID);
    EXPECT_THAT(error.findings(), SizeIs(3));
    for (const auto& finding : error.findings()) {
      EXPECT_EQ(finding.level, plugin::Finding::Level::error);
      EXPECT_FALSE(finding.retryable);
    }
  }
}

TEST(Mistakes, NeverShowWhatACommandOrAVariableHolds) {
  const auto mistakes = mistakes_in_request(asking(
      R"("command": "run --token s3cret", "args": ["s3cret\u0000"], "environment": {"TOKEN": ["s3cret"], "T": "s3cret\u0000"})"));
  EXPECT_THAT(mistakes, SizeIs(4));
  for (const auto& line : mistakes) EXPECT_THAT(line, Not(HasSubstr("s3cret")));
}

TEST(Mistakes, ShowALongTextCutShort) {
  const std::string megabyte(1 << 20, 'x');
  auto asked = asking();
  asked["image"] = "two words " + megabyte;
  asked["step_name"] = megabyte;
  asked["settings"] = {{"kubernetes_namespace", megabyte}, {megabyte, 1}};
  asked["settings"].get_object()["pod_settings"] =
      json::object{{"labels", json::object{{"a", megabyte}, {megabyte, "b"}}},
                   {"resources", json::object{{"limits", json::object{{"cpu", megabyte}}}}}};
  const auto mistakes = mistakes_in_request(asked);
  EXPECT_THAT(mistakes, SizeIs(7));
  for (const auto& line : mistakes) EXPECT_LT(line.size(), 700u) << line;
}

TEST(Mistakes, CutATextBetweenTheCharactersOfUtf8) {
  std::string text(79, 'x');
  text += "\u00e9\u00e9";
  const auto mistakes = mistakes_in_request(asking(R"("settings": {"kubernetes_namespace": ")" + text + "\"}"));
  EXPECT_THAT(mistakes, ElementsAre(HasSubstr(std::string(79, 'x') + "\"... (83 bytes)")));
}

}  // namespace
}  // namespace stepop::request
