// A YAML file as a tree in which every value still knows its place, so that a mistake found later
// can be shown there.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "input/finding.hpp"

namespace stepop::orchestrator {

struct YamlMember;

struct YamlValue {
  enum class Kind { scalar, sequence, mapping };
  Kind kind = Kind::scalar;
  Place place;
  boost::json::value scalar;  // null, bool, number or string, by the core schema
  std::string written;        // the scalar's text in the file: for "found 1e3"
  bool plain = false;         // of a scalar: without quotes and tag
  std::vector<YamlValue> items;
  std::vector<YamlMember> members;  // in the file's order, no name twice
};

struct YamlMember {
  std::string name;
  Place place;
  YamlValue value;
};

struct YamlDocument {
  std::string file;  // as it is shown in findings
  YamlValue root;
};

// Reads one document. Throws BadInput with every duplicate key, unknown tag and number out of
// range, or with the one syntax error at which reading ended. Aliases are expanded, up to a bound;
// there are no merge keys (YAML 1.2).
YamlDocument parse_yaml(std::string file, const std::string& text);

// Throws BadInput when it cannot be read.
std::string read_text_file(const std::string& file);
YamlDocument read_yaml_file(const std::string& file);

// What it says, references as they are written.
boost::json::value to_json(const YamlValue&);

// "a number (5)", "a mapping", "nothing": for "found ..., expected ...".
std::string what_it_is(const YamlValue&);

}  // namespace stepop::orchestrator
