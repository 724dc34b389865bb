#include "engine/quota.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "request/quantity.hpp"

namespace stepop::engine {
namespace {

using Amounts = std::map<std::string, request::Quantity, std::less<>>;

// `limits.cpu=1,limits.memory=2Gi` behind `name: `, up to the next `, `.
Amounts amounts_behind(std::string_view message, std::string_view name) {
  Amounts amounts;
  const auto begin = message.find(name);
  if (begin == message.npos) return amounts;
  auto list = message.substr(begin + name.size());
  list = list.substr(0, list.find(", "));
  while (!list.empty()) {
    const auto entry = list.substr(0, list.find(','));
    list.remove_prefix(std::min(entry.size() + 1, list.size()));
    const auto equals = entry.find('=');
    if (equals == entry.npos) continue;
    if (auto amount = request::parse_quantity(entry.substr(equals + 1))) {
      amounts.emplace(entry.substr(0, equals), std::move(*amount));
    }
  }
  return amounts;
}

}  // namespace

bool asks_for_more_than_the_quota(std::string_view message) {
  const auto limited = amounts_behind(message, ", limited: ");
  for (const auto& [resource, amount] : amounts_behind(message, ", requested: ")) {
    const auto limit = limited.find(resource);
    if (limit != limited.end() && amount > limit->second) return true;
  }
  return false;
}

}  // namespace stepop::engine
