#include <gmock/gmock.h>

#include <stepop/schema.hpp>

namespace stepop::plugin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "code path" of every finding.
std::vector<std::string> check(std::string_view value, std::string_view schema, std::string_view path = "") {
  std::vector<std::string> out;
  for (const Finding& finding : validate(json::parse(value), json::parse(schema).as_object(), path))
    out.push_back(finding.code + " " + finding.path);
  return out;
}

TEST(Schema, ReportsEveryMistakeWithItsPath) {
  EXPECT_THAT(check(R"({"nam":1,"list":["a",2],"deep":{"x":true}})", R"({
                "type":"object","additionalProperties":false,"required":["name"],
                "properties":{
                  "name":{"type":"string"},
                  "list":{"type":"array","items":{"type":"string"}},
                  "deep":{"type":"object","properties":{"x":{"type":"integer"}}}}})",
                    "settings"),
              ElementsAre("UnknownKey settings.nam", "WrongType settings.list[1]", "WrongType settings.deep.x",
                          "MissingKey settings.name"));
}

TEST(Schema, SaysWhichKeyWasMeant) {
  const auto found = validate(json::object{{"nam", 1}},
                              json::parse(R"({"additionalProperties":false,"properties":{"name":{}}})").as_object());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].hint, "did you mean \"name\"?");
}

TEST(Schema, NeverRepeatsAValue) {
  for (const Finding& finding : validate(json::object{{"token", "hunter2"}},
                                         json::parse(R"({"properties":{"token":{"type":"integer"}}})").as_object()))
    EXPECT_EQ(finding.message.find("hunter2"), std::string::npos);
}

TEST(Schema, TellsIntegersFromOtherNumbers) {
  EXPECT_THAT(check("1", R"({"type":"number"})"), IsEmpty());
  EXPECT_THAT(check("1", R"({"type":"integer"})"), IsEmpty());
  EXPECT_THAT(check("1.5", R"({"type":"integer"})"), ElementsAre("WrongType "));
}

TEST(Schema, TakesOneOfSeveralTypes) {
  EXPECT_THAT(check("null", R"({"type":["string","null"]})"), IsEmpty());
  EXPECT_THAT(check("1", R"({"type":["string","null"]})"), ElementsAre("WrongType "));
}

TEST(Schema, KeepsBounds) {
  EXPECT_THAT(check("-1", R"({"minimum":0})"), ElementsAre("InvalidValue "));
  EXPECT_THAT(check("1.5", R"({"maximum":1})"), ElementsAre("InvalidValue "));
  EXPECT_THAT(check(R"("")", R"({"minLength":1})"), ElementsAre("InvalidValue "));
  EXPECT_THAT(check(R"("abc")", R"({"maxLength":2})"), ElementsAre("InvalidValue "));
  EXPECT_THAT(check("[]", R"({"minItems":1})"), ElementsAre("InvalidValue "));
  EXPECT_THAT(check(R"("x")", R"({"enum":["a","b"]})"), ElementsAre("InvalidValue "));
  EXPECT_THAT(check(R"("b")", R"({"enum":["a","b"]})"), IsEmpty());
}

TEST(Schema, ChecksMembersThatAreNotNamed) {
  EXPECT_THAT(check(R"({"A":"x","B":1})", R"({"additionalProperties":{"type":"string"}})"), ElementsAre("WrongType B"));
}

TEST(Schema, IsNotPassedOverInSilence) {
  EXPECT_THROW(check("1", R"({"patern":"x"})"), std::logic_error);
}

}  // namespace
}  // namespace stepop::plugin
