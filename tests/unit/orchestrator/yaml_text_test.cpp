#include "input/yaml_text.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "input/yaml_document.hpp"

namespace stepop::orchestrator {
namespace {

boost::json::value json(const char* text) {
  return boost::json::parse(text);
}

TEST(YamlText, WritesAListOfMappingsAsPeopleDo) {
  EXPECT_EQ(to_yaml(json(R"([{"name":"a","labels":{"x":"y"},"none":{}},{"name":"b","list":["c",1,null,true]}])")),
            "- name: a\n  labels:\n    x: \"y\"\n  none: {}\n- name: b\n  list: [c, 1, null, true]\n");
}

TEST(YamlText, WritesALongListALineAnItem) {
  boost::json::array items;
  for (int i = 0; i < 30; ++i) items.emplace_back("item-" + std::to_string(i));
  const std::string text = to_yaml(boost::json::object{{"items", items}});
  EXPECT_EQ(text.substr(0, 30), "items:\n  - item-0\n  - item-1\n ");
}

TEST(YamlText, WritesWhatIsNoCollection) {
  EXPECT_EQ(to_yaml(json("[]")), "[]\n");
  EXPECT_EQ(to_yaml(json("{}")), "{}\n");
  EXPECT_EQ(to_yaml(json("null")), "null\n");
  EXPECT_EQ(to_yaml(json("\"no\"")), "\"no\"\n");
}

TEST(YamlText, ReadsBackAsWhatItWas) {
  for (const char* text : {
           R"({"a":{"b":[[1,2],[[3]],{"c":[{"d":[]}]}]},"":"","- x":"#","k: v":["a: b","\u0007\n\u0085"]})",
           R"([[],[[]],[{}],[[{"a":1},{"b":[2]}]],1.5,-3,1e300,18446744073709551615,"x"])",
           R"({"no":"no","1":"1","null":null,"~":"~","{":"}","*":"&","é":"日本語 \\ \" '"})",
       }) {
    const boost::json::value value = json(text);
    EXPECT_EQ(to_json(parse_yaml("f.yaml", to_yaml(value)).root), value) << to_yaml(value);
    EXPECT_EQ(to_json(parse_yaml("f.yaml", flow_text(value)).root), value) << flow_text(value);
  }
}

}  // namespace
}  // namespace stepop::orchestrator
