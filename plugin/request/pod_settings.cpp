#include <array>
#include <charconv>
#include <limits>

#include "request/declarations.hpp"
#include "request/reserved.hpp"

namespace stepop::request {
namespace {

// The API server takes at most 256 KiB of annotations (keys and values together); stepop's own are
// at most six texts of 4 KiB, the policy and the hashes.
constexpr std::size_t most_annotations = (256 - 64) * 1024;

// ---- Resources ("Resource Management for Pods and Containers")

// JSON's numbers as a quantity is written: 2, 0.5. Exponents are written out.
std::string number_text(const json::value& value) {
  std::array<char, 400> text;  // the longest double without an exponent has some 330 characters
  const auto written = value.is_double()
                           ? std::to_chars(text.begin(), text.end(), value.get_double(), std::chars_format::fixed)
                       : value.is_int64() ? std::to_chars(text.begin(), text.end(), value.get_int64())
                                          : std::to_chars(text.begin(), text.end(), value.get_uint64());
  return std::string(text.begin(), written.ptr);
}

Kind<Quantity> quantity() {
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

Kind<ResourceList> resource_list() {
  return map_of<ResourceList>(rule::resource_name, quantity(), "an object of quantities by resource name");
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
  bool pages = false, cpu_or_memory = false;
  for (const auto* list : {&resources.requests, &resources.limits}) {
    for (const auto& [name, amount] : *list) {
      check_amount(name, amount, (list == &resources.limits ? limits : requests).member(name));
      pages |= std::string_view(name).starts_with(hugepages_prefix);
      cpu_or_memory |= name == "cpu" || name == "memory";
    }
  }
  if (pages && !cpu_or_memory) {
    here.report(finding::invalid_value,
                found_expected("huge pages alone", "a request or limit of cpu or memory with them"));
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

const Object<Resources>& resources_object() {
  static const auto object = Object<Resources>()
                                 .member("requests", &Resources::requests, resource_list(),
                                         "What a node must have free for the step: quantities by resource name.")
                                 .member("limits", &Resources::limits, resource_list(),
                                         "What the step may use at most. An extended resource (a GPU) goes here.")
                                 .check(check_resources);
  return object;
}

// ---- Labels, annotations, node selectors

bool refuse_reserved(std::string_view key, const Reader& place) {
  if (key != reserved::managed_by && !key.starts_with(reserved::key_prefix)) return true;
  place.report(finding::reserved_key, found_expected("a key that stepop writes itself", "a key of your own"));
  return false;
}

bool refuse_reserved_label(std::string_view key, const Reader& place) {
  for (const auto zenml : reserved::zenml_labels) {
    if (key != zenml) continue;
    place.report(finding::reserved_key,
                 found_expected("a label that every step gets from its request", "a key of your own"),
                 "put it under a prefix: `example.com/" + std::string(key) + "`");
    return false;
  }
  return refuse_reserved(key, place);
}

void check_annotations(const PodSettings& settings, const Reader& here) {
  std::size_t size = 0;
  for (const auto& [key, value] : settings.annotations) size += key.size() + value.size();
  if (size <= most_annotations) return;
  here.member("annotations")
      .report(finding::too_long, found_expected(std::to_string(size) + " bytes of annotations",
                                                "at most " + std::to_string(most_annotations)));
}

// ---- Tolerations ("Taints and Tolerations")

// One of the names, or nothing at all, which Kubernetes reads as "not given".
Kind<std::string> name_of(std::vector<std::string> names) {
  Kind<std::string> kind;
  kind.expected = "one of " + listed(names);
  kind.schema = schema_of_choices(names);
  kind.schema["enum"].get_array().emplace_back("");
  kind.read = [names = std::move(names)](const json::value& value, std::string& into, const Reader& place) {
    std::size_t chosen = 0;
    if (value.is_string() && value.get_string().empty()) {
      into.clear();
    } else if (choose(value, names, place, chosen)) {
      into = names[chosen];
    }
  };
  kind.write = [](const std::string& from) { return json::value(from); };
  return kind;
}

// A label key, or nothing: the toleration is for every taint.
Kind<std::string> taint_key() {
  Kind<std::string> kind = text(rule::label_key);
  kind.schema.erase("minLength");
  kind.schema["pattern"] = "^$|" + std::string(rule::label_key.pattern);
  kind.read = [read = kind.read](const json::value& value, std::string& into, const Reader& place) {
    if (value.is_string() && value.get_string().empty()) {
      into.clear();
    } else {
      read(value, into, place);
    }
  };
  return kind;
}

Kind<std::optional<std::int64_t>> toleration_time() {
  Kind<std::optional<std::int64_t>> kind;
  kind.expected = "a whole number of seconds";
  kind.schema["type"] = "integer";
  kind.read = [expected = kind.expected](const json::value& value, std::optional<std::int64_t>& into,
                                         const Reader& place) {
    if (const auto number = whole_number(value)) {
      into = *number;
    } else {
      report_wrong_type(place, value, expected);
    }
  };
  kind.write = [](const std::optional<std::int64_t>& from) { return from ? json::value(*from) : json::value(nullptr); };
  return kind;
}

void check_toleration(const Toleration& toleration, const Reader& here) {
  if (toleration.key.empty() && toleration.operator_ != "Exists") {
    here.report(finding::invalid_value,
                found_expected("no key", "a key, or the operator Exists (which tolerates every taint)"));
  }
  if (toleration.operator_ == "Exists" && !toleration.value.empty()) {
    here.member("value").report(finding::invalid_value,
                                found_expected(found(toleration.value), "no value with the operator Exists"));
  }
  if (toleration.toleration_seconds && toleration.effect != "NoExecute") {
    here.member("effect").report(finding::invalid_value,
                                 found_expected(toleration.effect.empty() ? "nothing" : found(toleration.effect),
                                                "NoExecute, because tolerationSeconds is given"));
  }
}

const Object<Toleration>& toleration_object() {
  static const auto object =
      Object<Toleration>()
          .member("key", &Toleration::key, taint_key(),
                  "The taint's key; without it, and with the operator Exists, every taint.")
          .member("operator", &Toleration::operator_, name_of({"Equal", "Exists"}),
                  "How the taint's value is compared; Equal when it is not given.")
          .member("value", &Toleration::value, text(rule::label_value), "The taint's value, for Equal.")
          .member("effect", &Toleration::effect, name_of({"NoSchedule", "PreferNoSchedule", "NoExecute"}),
                  "The taint's effect; any when it is not given.")
          .member("tolerationSeconds", &Toleration::toleration_seconds, toleration_time(),
                  "How long a NoExecute taint is tolerated; for good when it is not given.")
          .also_spelled("toleration_seconds")
          .check(check_toleration);
  return object;
}

Kind<Toleration> toleration() {
  Kind<Toleration> kind = kind_of(toleration_object());
  kind.expected = "an object with key, operator, value, effect, tolerationSeconds";
  // The normal form of a list's element: only what is given, Equal being the same as nothing.
  kind.write = [](const Toleration& from) {
    json::object given = toleration_object().write(from);
    if (from.operator_ == "Equal") given.erase("operator");
    for (const auto& member : toleration_object().members()) {
      const auto* value = given.if_contains(member.name);
      if (value && *value == member.write(Toleration{})) given.erase(member.name);
    }
    return json::value(std::move(given));
  };
  return kind;
}

}  // namespace

const Object<PodSettings>& pod_settings_object() {
  static const auto object =
      Object<PodSettings>()
          .member("resources", &PodSettings::resources, resources_object(),
                  "Requests and limits of the step's container, merged by resource name over the "
                  "operator's.")
          .member(
              "labels", &PodSettings::labels,
              map_of<StringMap>(rule::label_key, text(rule::label_value), "an object of texts", refuse_reserved_label),
              "Labels of the pod, as they are, merged by key over the operator's.")
          .member(
              "annotations", &PodSettings::annotations,
              map_of<StringMap>(rule::annotation_key, text(most_annotations), "an object of texts", refuse_reserved),
              "Annotations of the pod, merged by key over the operator's.")
          .member("node_selectors", &PodSettings::node_selectors,
                  map_of<StringMap>(rule::label_key, text(rule::label_value), "an object of texts"),
                  "Labels that a node must have, merged by key over the operator's.")
          .member("tolerations", &PodSettings::tolerations, list_of(toleration()),
                  "Taints of nodes that the pod tolerates; a step's list takes the place of the "
                  "operator's.")
          .elements_are(toleration_object())
          .check(check_annotations);
  return object;
}

}  // namespace stepop::request
