#include "kube/server_version.hpp"

#include <boost/json.hpp>
#include <charconv>

namespace stepop::kube {

std::optional<ServerVersion> parse_server_version(std::string_view body) {
  boost::system::error_code error;
  const auto info = boost::json::parse(body, error);
  if (error || !info.is_object()) return std::nullopt;
  const auto text_of = [&](std::string_view name) -> std::string_view {
    const auto* found = info.get_object().if_contains(name);
    return found && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
  };
  const auto number_of = [&](std::string_view name, int& number) {
    const auto text = text_of(name);
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
  };
  ServerVersion version;
  version.text = text_of("gitVersion");
  if (!number_of("major", version.major) || !number_of("minor", version.minor)) return std::nullopt;
  if (version.text.empty()) version.text = "v" + std::to_string(version.major) + "." + std::to_string(version.minor);
  return version;
}

}  // namespace stepop::kube
