// "Resource Management for Pods and Containers"
#include "request/resources.hpp"

#include <array>
#include <charconv>

#include "request/declarations.hpp"
#include "request/openapi/kinds.hpp"

namespace stepop::request {
namespace {

// JSON's numbers as a quantity is written: 2, 0.5. Exponents are written out.
std::string number_text(const json::value& value) {
  std::array<char, 400> text;  // the longest double without an exponent has some 330 characters
  const auto written = value.is_double()
                           ? std::to_chars(text.begin(), text.end(), value.get_double(), std::chars_format::fixed)
                       : value.is_int64() ? std::to_chars(text.begin(), text.end(), value.get_int64())
                                          : std::to_chars(text.begin(), text.end(), value.get_uint64());
  return std::string(text.begin(), written.ptr);
}

}  // namespace

Kind<Quantity> quantity_kind() {
  Kind<Quantity> kind;
  kind.expected = "a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi";
  kind.schema = {
      {"anyOf",
       json::array{
           json::object{{"type", "string"},
                        {"pattern", "^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$"}},
           json::object{{"type", "number"}, {"minimum", 0}}}}};
  kind.read = [expected = kind.expected](const json::value& value, Quantity& into, const Reader& place) {
    if (!value.is_string() && !value.is_number()) return report_wrong_type(place, value, expected);
    const std::string text = value.is_string() ? std::string(value.get_string()) : number_text(value);
    if (auto quantity = parse_quantity(text)) {
      into = std::move(*quantity);
      return;
    }
    constexpr std::size_t longest_guessed = 40;
    const std::string guess = text.size() <= longest_guessed ? probable_quantity(text) : "";
    place.report(finding::invalid_value, found_expected(found(value), expected),
                 guess.empty() ? "" : "did you mean `" + guess + "`?");
  };
  kind.write = [](const Quantity& from) { return json::value(from.canonical()); };
  return kind;
}

namespace {

Kind<ResourceList> resource_list() {
  return map_of<ResourceList>(rule::resource_name, quantity_kind(), "an object of quantities by resource name");
}

void check_amount(const std::string& name, const Quantity& amount, const Reader& place) {
  if (is_extended_resource(name) && !amount.is_integer()) {
    place.report(finding::invalid_value,
                 found_expected(found(amount.text), "a whole number: " + name + " is an extended resource"));
  }
  if (std::string_view(name).starts_with(hugepages_prefix)) {
    const auto size = parse_quantity(std::string_view(name).substr(hugepages_prefix.size()));
    if (!size || size->whole == 0 || !size->is_integer()) {
      place.report(finding::invalid_value,
                   found_expected("no page size in the name", "hugepages-<size>, such as hugepages-2Mi"));
    } else if (!amount.is_integer() || amount.whole % size->whole != 0) {
      place.report(finding::invalid_value, found_expected(found(amount.text), "a multiple of the page size"));
    }
  }
}

void check_resources(const Resources& resources, const Reader& here) {
  const Reader requests = here.member("requests");
  const Reader limits = here.member("limits");
  for (const auto* list : {&resources.requests, &resources.limits}) {
    for (const auto& [name, amount] : *list) {
      check_amount(name, amount, (list == &resources.limits ? limits : requests).member(name));
    }
  }
  for (const auto& [name, amount] : resources.requests) {
    const auto limit = resources.limits.find(name);
    const Reader place = requests.member(name);
    const std::string hint = "requests and limits in the operator's configuration count too";
    if (limit == resources.limits.end()) {
      if (!can_be_overcommitted(name)) {
        place.report(finding::invalid_value,
                     found_expected("a request without a limit",
                                    "the same amount in limits: " + name + " cannot be overcommitted"));
      }
    } else if (amount > limit->second) {
      place.report(finding::invalid_value,
                   found_expected(found(amount.text), "at most the limit, " + limit->second.text), hint);
    } else if (amount != limit->second && !can_be_overcommitted(name)) {
      place.report(finding::invalid_value,
                   found_expected(found(amount.text), "the same amount as the limit, " + limit->second.text + ": " +
                                                          name + " cannot be overcommitted"),
                   hint);
    }
  }
}

}  // namespace

const Object<Resources>& resources_object() {
  static const auto object = Object<Resources>()
                                 .member("requests", &Resources::requests, resource_list(),
                                         "What a node must have free for the step: quantities by resource name.")
                                 .member("limits", &Resources::limits, resource_list(),
                                         "What the step may use at most. An extended resource (a GPU) goes here.")
                                 .member("claims", &Resources::claims, openapi::list_of("ResourceClaim"),
                                         "Names of the pod's resource_claims that the step's container uses.")
                                 .null_is_absent()
                                 .check(check_resources);
  return object;
}

}  // namespace stepop::request
