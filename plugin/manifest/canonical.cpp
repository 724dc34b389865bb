#include "manifest/canonical.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace stepop::manifest {
namespace {

void append_text(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += 'n';
      return;
    case json::kind::bool_:
      out += value.get_bool() ? 't' : 'f';
      return;
    case json::kind::int64:
      out += 'i' + std::to_string(value.get_int64()) + ';';
      return;
    case json::kind::uint64:
      out += 'i' + std::to_string(value.get_uint64()) + ';';
      return;
    case json::kind::double_:
      throw std::logic_error("a normal form holds a fraction");
    case json::kind::string:
      out += 's';
      append_text(out, value.get_string());
      return;
    case json::kind::array:
      out += 'l' + std::to_string(value.get_array().size()) + ':';
      for (const auto& element : value.get_array()) append(out, element);
      return;
    case json::kind::object: {
      std::vector<std::pair<std::string_view, const json::value*>> members;
      for (const auto& [key, member] : value.get_object()) members.emplace_back(key, &member);
      std::sort(members.begin(), members.end());
      out += 'o' + std::to_string(members.size()) + ':';
      for (const auto& [key, member] : members) {
        append_text(out, key);
        append(out, *member);
      }
      return;
    }
  }
}

}  // namespace

std::string canonical(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace stepop::manifest
