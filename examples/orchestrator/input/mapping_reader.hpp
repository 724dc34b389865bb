// Takes the members of a YAML mapping one by one, collects every mistake instead of stopping at the
// first, and at the end complains about the members that nobody took.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "input/template.hpp"
#include "input/yaml_document.hpp"

namespace stepop::orchestrator {

// What all readers of one file share.
struct FileReading {
  std::string file;
  Environment environment;
  std::vector<Finding> findings;
  std::filesystem::path directory = "/";  // where the file is

  void complain(Place place, std::string path, std::string message, std::string hint = "");
};

// "parent.name"; a name that is not a plain word is quoted: `labels."app.kubernetes.io/name"`.
std::string child_path(const std::string& parent, const std::string& name);

class MappingReader {
 public:
  // A value that is no mapping is a mistake, and then it reads like an empty one.
  MappingReader(const YamlValue&, std::string path, FileReading&);

  bool is_mapping() const { return is_mapping_; }
  const std::string& path() const { return path_; }
  Place place() const { return value_.place; }

  // The member, or null when it is absent. Whoever takes it judges it.
  const YamlMember* take(const std::string& name);
  // As `take`; its absence is a mistake. `expected`: "a string", "a mapping of ...".
  const YamlMember* take_required(const std::string& name, const std::string& expected);

  // Not empty, with the environment's references resolved.
  std::optional<std::string> take_string(const std::string& name);
  std::optional<std::string> take_required_string(const std::string& name);

  // Unknown keys. Call it after the last `take`.
  void finish();

 private:
  std::optional<std::string> as_string(const YamlMember*);

  const YamlValue& value_;
  std::string path_;
  FileReading& reading_;
  bool is_mapping_;
  std::vector<std::string> known_;
};

// A string in which references to the environment are resolved and those to results are mistakes.
// None after a mistake.
std::optional<std::string> read_string(const YamlValue&, const std::string& path, FileReading&);

// A string that may refer to results. A number or a boolean is a mistake: the step would see its
// text, and YAML decides which text (1.10 is 1.1). None after a mistake.
std::optional<Template> read_template_string(const YamlValue&, const std::string& path, FileReading&);

// Any YAML as JSON, strings as read_string has them.
boost::json::value read_json(const YamlValue&, const std::string& path, FileReading&);
// As read_json for what must be a mapping; {} after a mistake.
boost::json::object read_json_object(const YamlValue&, const std::string& path, FileReading&);

// Names of steps and step operators: they stand in ids, paths of files and references, so letters,
// digits, "_" and "-", the first no "-", at most 63. Complains and returns false otherwise.
bool check_name(const std::string& name, Place, const std::string& path, FileReading&);

}  // namespace stepop::orchestrator
