// The objects of Kubernetes' API that may stand in a pod's spec, and the two names of each of their
// fields: Kubernetes' own (hostIPC) and the Kubernetes Python client's (host_ipc). The table is
// generated, see `generate`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace stepop::request::openapi {

enum class Value : std::uint8_t { text, integer32, integer64, boolean, quantity, integer_or_text, object };
// `map`: an object whose keys are the user's.
enum class Shape : std::uint8_t { one, list, map };

struct Field {
  std::string_view name;         // readOnly
  std::string_view python_name;  // read_only; the same as `name` where that is one word
  Value value;
  Shape shape;
  bool required;
  std::int16_t type;  // of an object: index in types(); else -1
};

struct Type {
  std::string_view name;  // Toleration
  std::span<const Field> fields;

  // By either of its names; null when there is none.
  const Field* find(std::string_view name) const;
};

extern const char* const kubernetes_version;  // the table is of
std::span<const Type> types();                // sorted by name

// REQUIRES: there is a type of that name.
const Type& type_named(std::string_view name);
// REQUIRES: it is a field with objects.
inline const Type& type_of(const Field& field) {
  return types()[static_cast<std::size_t>(field.type)];
}

}  // namespace stepop::request::openapi
