#include <algorithm>
#include <stdexcept>
#include <string>

#include "request/openapi/table.hpp"

namespace stepop::request::openapi {

const Field* Type::find(std::string_view wanted) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [wanted](const Field& field) {
    return field.name == wanted || field.python_name == wanted;
  });
  return found == fields.end() ? nullptr : &*found;
}

const Type& type_named(std::string_view name) {
  const auto found =
      std::find_if(types().begin(), types().end(), [name](const Type& type) { return type.name == name; });
  if (found == types().end()) throw std::logic_error("Kubernetes has no type " + std::string(name));
  return *found;
}

}  // namespace stepop::request::openapi
