// `--KEY VALUE` and `--KEY=VALUE` of a command line, where KEY is a plugin's word that no command line parser knows.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace stepop::orchestrator {

struct KeyValue {
  std::string key;
  std::string value;
  bool operator==(const KeyValue&) const = default;
};

struct SplitArguments {
  std::vector<std::string> known;  // the rest, in their order
  std::vector<KeyValue> settings;
};

// Takes every long option that is not among `known` (names without "--") out of `arguments`, with the argument behind it
// as its value. `--` ends it. Throws BadInput for a key without a value, and one that is given twice.
SplitArguments split_key_values(const std::vector<std::string>& arguments, const std::vector<std::string>& known);

// The settings as a configuration's members. `schema`: the flavor's JSON Schema of it. A value whose schema is a string
// stays as it was typed; any other is read as YAML (so also as JSON): `600`, `true`, `[a, b]`, `{"requests": {...}}`.
// `@FILE` stands for what is in FILE, `@@` for `@`. Throws BadInput with every mistake.
boost::json::object typed_values(const std::vector<KeyValue>&, const boost::json::object& schema);

}  // namespace stepop::orchestrator
