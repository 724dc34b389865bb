// What is declared once says the same to the parser, the JSON Schema and the documentation.
#include "request/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <functional>

#include "asking.hpp"
#include "request/declarations.hpp"

namespace stepop::request {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const json::object& at(const json::object& schema, std::initializer_list<const char*> path) {
  const json::object* here = &schema;
  for (const char* name : path) here = &here->at("properties").as_object().at(name).as_object();
  return *here;
}

// Every property of every object in a schema, but for Kubernetes' own, which its API reference describes.
void each_property(const json::object& schema, const std::string& path,
                   const std::function<void(const std::string&, const json::object&)>& visit) {
  if (const auto* properties = schema.if_contains("properties")) {
    for (const auto& [name, property] : properties->get_object()) {
      const std::string here = path + "." + std::string(name);
      visit(here, property.get_object());
      if (name == "additional_pod_spec_args") continue;
      each_property(property.get_object(), here, visit);
    }
  }
  if (const auto* items = schema.if_contains("items")) each_property(items->get_object(), path + "[]", visit);
}

template <class Owner>
void expect_declared(const Object<Owner>& object, const json::object& schema) {
  const auto& properties = schema.at("properties").as_object();
  for (const auto& member : object.members()) {
    ASSERT_TRUE(properties.contains(member.name)) << member.name;
    EXPECT_EQ(properties.at(member.name).at("description").as_string(), member.description);
    EXPECT_THAT(documentation(), HasSubstr("| `" + member.name + "`"));
    EXPECT_THAT(documentation(), HasSubstr("| " + member.description + " |"));
  }
  EXPECT_EQ(properties.size(), object.members().size());
}

TEST(Schemas, HaveEveryDeclaredMemberAndNoOther) {
  expect_declared(config_object(), config_schema());
  expect_declared(request_object(), request_schema());
  expect_declared(settings_object(), settings_schema());
  expect_declared(settings_object(), at(request_schema(), {"settings"}));
  expect_declared(pod_settings_object(), at(settings_schema(), {"pod_settings"}));
  expect_declared(pod_settings_object(), at(config_schema(), {"pod_settings"}));
}

TEST(Schemas, AreOfDraft202012) {
  for (const auto& schema : {config_schema(), settings_schema(), request_schema()}) {
    EXPECT_EQ(schema.at("$schema").as_string(), "https://json-schema.org/draft/2020-12/schema");
  }
}

TEST(Schemas, DescribeEveryPropertyAtEveryDepth) {
  int seen = 0;
  for (const auto& schema : {config_schema(), request_schema()}) {
    each_property(schema, "", [&](const std::string& path, const json::object& property) {
      ++seen;
      ASSERT_TRUE(property.contains("description")) << path;
      EXPECT_GT(property.at("description").as_string().size(), 10u) << path;
    });
  }
  EXPECT_GT(seen, 40);
}

TEST(Schemas, RefuseUnknownKeysAtEveryDepth) {
  for (const auto& schema : {config_schema(), settings_schema(), request_schema()}) {
    EXPECT_EQ(schema.at("additionalProperties"), json::value(false));
    each_property(schema, "", [&](const std::string& path, const json::object& property) {
      if (!property.contains("properties")) return;
      EXPECT_EQ(property.at("additionalProperties"), json::value(false)) << path;
    });
  }
}

TEST(Schemas, NameWhatIsRequired) {
  EXPECT_EQ(json::serialize(config_schema().at("required")), R"(["owner"])");
  EXPECT_EQ(json::serialize(request_schema().at("required")), R"(["step_run_id","image"])");
  EXPECT_FALSE(settings_schema().contains("required"));
}

// The default that a schema tells is the one that a parser gives: stating it changes nothing.
TEST(Schemas, TellTheDefaultsThatParsingGives) {
  json::object stated;
  const auto schema = settings_schema();
  for (const auto& [name, property] : schema.at("properties").as_object()) {
    if (const auto* default_ = property.get_object().if_contains("default")) stated[name] = *default_;
  }
  EXPECT_EQ(stated.size(), 15u);
  stated["owner"] = "me";
  const auto explicit_config = parse_config(stated);
  EXPECT_EQ(settings_object().write(explicit_config.settings), settings_object().write(Settings{}));
  EXPECT_EQ(stated.at("fail_on_container_waiting_reasons").as_array().size(), 4u);
  EXPECT_EQ(stated.at("startup_timeout_seconds").as_int64(), 600);
}

// A value of each member that its kind takes reads; null never does.
TEST(Declarations, RefuseNullEverywhere) {
  for (const auto& member : request_object().members()) {
    auto asked = asking();
    asked[member.name] = nullptr;
    EXPECT_THAT(mistakes_in_request(asked), ElementsAre(HasSubstr(member.name + ": found null"))) << member.name;
  }
  for (const auto& member : config_object().members()) {
    auto configured = object(R"({"owner": "me"})");
    configured[member.name] = nullptr;
    EXPECT_THAT(mistakes_in_config(configured), ElementsAre(HasSubstr(member.name + ": found null"))) << member.name;
  }
}

// As it would be written: what is not given is null in the normal form.
json::value given(const json::value& written) {
  if (!written.is_object()) return written;
  json::object members;
  for (const auto& [key, value] : written.get_object()) {
    if (!value.is_null()) members[key] = given(value);
  }
  return members;
}

TEST(Declarations, WriteWhatTheyRead) {
  for (const auto& member : settings_object().members()) {
    const Settings defaults;
    if (!member.write || member.write(defaults).is_null()) continue;
    Settings read;
    std::vector<plugin::Finding> findings;
    member.read(given(member.write(defaults)), read, Reader(findings));
    EXPECT_THAT(findings, IsEmpty()) << member.name;
    EXPECT_EQ(member.write(read), member.write(defaults)) << member.name;
  }
}

TEST(Schemas, BoundNumbersAsTheParserDoes) {
  const auto schema = settings_schema();
  for (const auto& member : policy_object().members()) {
    const auto& property = at(schema, {member.name.c_str()});
    if (!property.contains("minimum")) continue;
    const auto least = property.at("minimum").as_int64(), most = property.at("maximum").as_int64();
    const auto mistakes_with = [&](std::int64_t value) {
      auto asked = asking();
      asked["settings"] = {{member.name, value}};
      return mistakes_in_request(asked).size();
    };
    EXPECT_EQ(mistakes_with(least), 0u) << member.name;
    EXPECT_EQ(mistakes_with(least - 1), 1u) << member.name;
    EXPECT_EQ(mistakes_with(most), 0u) << member.name;
    EXPECT_EQ(mistakes_with(most + 1), 1u) << member.name;
  }
}

TEST(Schemas, DefineTheTypesThatTheyReferTo) {
  const auto schema = settings_schema();
  const auto& definitions = schema.at("$defs").as_object();
  const std::string text = json::serialize(schema);
  std::size_t references = 0;
  for (std::size_t at = 0; (at = text.find("\"#/$defs/", at)) != std::string::npos; ++references) {
    at += std::string_view("\"#/$defs/").size();
    EXPECT_TRUE(definitions.contains(text.substr(at, text.find('"', at) - at)));
  }
  EXPECT_GT(references, 100u);
}

TEST(Schemas, RefuseBothSpellingsOfOneField) {
  const auto schema = settings_schema();
  const auto& toleration = schema.at("$defs").at("Toleration").as_object();
  EXPECT_EQ(json::serialize(toleration.at("not")),
            R"({"anyOf":[{"required":["tolerationSeconds","toleration_seconds"]}]})");
}

// What is checked in is what is declared: `stepop-ask page > plugin/request/SETTINGS.md` makes it so again.
TEST(Documentation, IsThePageInTheRepository) {
  std::ifstream file(SETTINGS_PAGE);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(page, documentation());
}

TEST(Documentation, TellsDefaultsAndWhatIsRequired) {
  EXPECT_THAT(documentation(), HasSubstr("| `startup_timeout_seconds` | a whole number of seconds from 1 to 315360000 "
                                         "(ten years) | `600` |"));
  EXPECT_THAT(documentation(), HasSubstr("with a letter or digit at both ends | required | Whose steps"));
}

}  // namespace
}  // namespace stepop::request
