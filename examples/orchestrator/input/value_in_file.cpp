#include "input/value_in_file.hpp"

#include <boost/json/object.hpp>

#include "input/place_of_path.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

constexpr const char* kFile = "$file";
constexpr const char* kPath = "$path";

}  // namespace

json::value place_of_value(const std::filesystem::path& file, const std::string& path) {
  return json::object{{kFile, file.string()}, {kPath, path}};
}

bool is_place_of_value(const json::value& value) {
  const json::object* object = value.if_object();
  return object != nullptr && object->size() == 2 && object->contains(kFile) && object->contains(kPath);
}

std::string file_of_place(const json::value& place) {
  return std::string(place.at(kFile).as_string());
}

std::string path_of_place(const json::value& place) {
  return std::string(place.at(kPath).as_string());
}

ReferenceValue value_in_file(const json::value& place) {
  const std::string file = file_of_place(place);
  try {
    const YamlDocument document = read_yaml_file(file);
    const YamlValue* value = value_at_path(document.root, path_of_place(place));
    if (value != nullptr && value->kind == YamlValue::Kind::scalar && value->scalar.is_string())
      return {std::string(value->scalar.get_string()), ""};
    return {"", "it is not in " + file + " any more"};
  } catch (const BadInput&) {
    return {"", "it stands in " + file + ", which cannot be read any more"};
  }
}

}  // namespace stepop::orchestrator
