#include "request/openapi/rules.hpp"

#include <algorithm>
#include <limits>

namespace stepop::request::openapi {
namespace {

struct TextRule {
  std::string_view type;
  std::string_view field;
  const Rule& rule;
};
const TextRule text_rules[] = {
    {"ConfigMapEnvSource", "name", rule::dns_subdomain},
    {"ConfigMapKeySelector", "name", rule::dns_subdomain},
    {"ConfigMapProjection", "name", rule::dns_subdomain},
    {"ConfigMapVolumeSource", "name", rule::dns_subdomain},
    {"Container", "name", rule::dns_label},
    {"EnvFromSource", "prefix", rule::environment_name},
    {"EnvVar", "name", rule::environment_name},
    {"LabelSelector", "matchLabels", rule::label_value},
    {"LabelSelectorRequirement", "key", rule::label_key},
    {"LocalObjectReference", "name", rule::dns_subdomain},
    {"NodeSelectorRequirement", "key", rule::label_key},
    {"ObjectMeta", "labels", rule::label_value},
    {"PersistentVolumeClaimVolumeSource", "claimName", rule::dns_subdomain},
    {"PodAffinityTerm", "topologyKey", rule::label_key},
    {"PodResourceClaim", "name", rule::dns_label},
    {"PodSpec", "hostname", rule::dns_label},
    {"PodSpec", "nodeName", rule::dns_subdomain},
    {"PodSpec", "nodeSelector", rule::label_value},
    {"PodSpec", "priorityClassName", rule::dns_subdomain},
    {"PodSpec", "runtimeClassName", rule::dns_subdomain},
    {"PodSpec", "schedulerName", rule::word},
    {"PodSpec", "serviceAccountName", rule::dns_subdomain},
    {"PodSpec", "subdomain", rule::dns_label},
    {"SecretEnvSource", "name", rule::dns_subdomain},
    {"SecretKeySelector", "name", rule::dns_subdomain},
    {"SecretProjection", "name", rule::dns_subdomain},
    {"SecretVolumeSource", "secretName", rule::dns_subdomain},
    {"Toleration", "key", rule::label_key},
    {"Toleration", "value", rule::label_value},
    {"TopologySpreadConstraint", "topologyKey", rule::label_key},
    {"Volume", "name", rule::dns_label},
    {"VolumeMount", "name", rule::dns_label},
};
const TextRule key_rules[] = {
    {"LabelSelector", "matchLabels", rule::label_key},
    {"ObjectMeta", "annotations", rule::annotation_key},
    {"ObjectMeta", "labels", rule::label_key},
    {"PodSpec", "nodeSelector", rule::label_key},
    {"ResourceRequirements", "limits", rule::resource_name},
    {"ResourceRequirements", "requests", rule::resource_name},
};

struct Choices {
  std::string_view type;
  std::string_view field;
  std::vector<std::string> names;
};
const std::vector<Choices>& choices() {
  static const std::vector<Choices> all{
      {"AppArmorProfile", "type", {"Localhost", "RuntimeDefault", "Unconfined"}},
      {"Container", "imagePullPolicy", {"Always", "IfNotPresent", "Never"}},
      {"Container", "terminationMessagePolicy", {"File", "FallbackToLogsOnError"}},
      {"ContainerPort", "protocol", {"TCP", "UDP", "SCTP"}},
      {"HostPathVolumeSource",
       "type",
       {"DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"}},
      {"ImageVolumeSource", "pullPolicy", {"Always", "IfNotPresent", "Never"}},
      {"LabelSelectorRequirement", "operator", {"In", "NotIn", "Exists", "DoesNotExist"}},
      {"NodeSelectorRequirement", "operator", {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"}},
      {"PodOS", "name", {"linux", "windows"}},
      {"PodSecurityContext", "fsGroupChangePolicy", {"Always", "OnRootMismatch"}},
      {"PodSecurityContext", "supplementalGroupsPolicy", {"Merge", "Strict"}},
      {"PodSpec", "dnsPolicy", {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"}},
      {"PodSpec", "preemptionPolicy", {"PreemptLowerPriority", "Never"}},
      {"SeccompProfile", "type", {"Localhost", "RuntimeDefault", "Unconfined"}},
      {"SecurityContext", "procMount", {"Default", "Unmasked"}},
      {"Toleration", "effect", {"NoSchedule", "PreferNoSchedule", "NoExecute"}},
      {"Toleration", "operator", {"Equal", "Exists"}},
      {"TopologySpreadConstraint", "nodeAffinityPolicy", {"Honor", "Ignore"}},
      {"TopologySpreadConstraint", "nodeTaintsPolicy", {"Honor", "Ignore"}},
      {"TopologySpreadConstraint", "whenUnsatisfiable", {"DoNotSchedule", "ScheduleAnyway"}},
      {"VolumeMount", "mountPropagation", {"None", "HostToContainer", "Bidirectional"}},
      {"VolumeMount", "recursiveReadOnly", {"Disabled", "IfPossible", "Enabled"}},
  };
  return all;
}

struct FieldRange {
  std::string_view type;
  std::string_view field;
  Range range;
};
constexpr std::int64_t most_of_32_bits = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t most_of_64_bits = std::numeric_limits<std::int64_t>::max();
constexpr Range id{0, most_of_32_bits};  // of a user or a group
constexpr Range port{1, 65535};
constexpr Range file_mode{0, 0777};
constexpr Range weight{1, 100};
constexpr FieldRange ranges[] = {
    {"ConfigMapVolumeSource", "defaultMode", file_mode},
    {"ContainerPort", "containerPort", port},
    {"DownwardAPIVolumeSource", "defaultMode", file_mode},
    {"KeyToPath", "mode", file_mode},
    {"PodSecurityContext", "fsGroup", id},
    {"PodSecurityContext", "runAsGroup", id},
    {"PodSecurityContext", "runAsUser", id},
    {"PodSecurityContext", "supplementalGroups", id},
    {"PodSpec", "activeDeadlineSeconds", {1, most_of_32_bits}},
    {"PodSpec", "terminationGracePeriodSeconds", {0, most_of_64_bits}},
    {"PreferredSchedulingTerm", "weight", weight},
    {"ProjectedVolumeSource", "defaultMode", file_mode},
    {"SecretVolumeSource", "defaultMode", file_mode},
    {"SecurityContext", "runAsGroup", id},
    {"SecurityContext", "runAsUser", id},
    {"TopologySpreadConstraint", "maxSkew", {1, most_of_32_bits}},
    {"TopologySpreadConstraint", "minDomains", {1, most_of_32_bits}},
    {"WeightedPodAffinityTerm", "weight", weight},
};

template <class Entries>
auto* find(const Entries& entries, const Type& type, const Field& field) {
  const auto found = std::find_if(std::begin(entries), std::end(entries), [&](const auto& entry) {
    return entry.type == type.name && entry.field == field.name;
  });
  return found == std::end(entries) ? nullptr : &*found;
}

std::string text_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// "Taints and Tolerations"
void check_toleration(const json::object& toleration, const Reader& here) {
  const std::string operator_ = text_at(toleration, "operator"), value = text_at(toleration, "value");
  const std::string effect = text_at(toleration, "effect");
  if (text_at(toleration, "key").empty() && operator_ != "Exists") {
    here.report(finding::invalid_value,
                found_expected("no key", "a key, or the operator Exists (which tolerates every taint)"));
  }
  if (operator_ == "Exists" && !value.empty()) {
    here.member("value").report(finding::invalid_value,
                                found_expected(found(value), "no value with the operator Exists"));
  }
  if (toleration.contains("tolerationSeconds") && effect != "NoExecute") {
    here.member("effect").report(
        finding::invalid_value,
        found_expected(effect.empty() ? "nothing" : found(effect), "NoExecute, because tolerationSeconds is given"));
  }
}

// One of several fields, such as a volume's source: all that are given, but for `besides`.
std::vector<std::string> given_besides(const json::object& object, std::initializer_list<std::string_view> besides) {
  std::vector<std::string> given;
  for (const auto& [key, value] : object) {
    const std::string_view name(key.data(), key.size());
    if (std::find(besides.begin(), besides.end(), name) == besides.end()) given.emplace_back(name);
  }
  std::sort(given.begin(), given.end());
  return given;
}

void check_one_given(const std::vector<std::string>& given, const std::string& expected, const Reader& here) {
  if (given.size() == 1) return;
  std::string names;
  for (const auto& name : given) names += (names.empty() ? "" : " and ") + name;
  here.report(finding::invalid_value, found_expected(given.empty() ? "none" : names, expected));
}

// The operators that compare with values need some, the others take none.
void check_requirement(const json::object& requirement, const Reader& here) {
  const std::string operator_ = text_at(requirement, "operator");
  const auto* values = requirement.if_contains("values");
  const std::size_t count = values ? values->get_array().size() : 0;
  const Reader place = here.member("values");
  const auto report = [&](const std::string& expected) {
    place.report(finding::invalid_value, found_expected(std::to_string(count) + " values", expected));
  };
  if ((operator_ == "In" || operator_ == "NotIn") && count == 0) report("at least one with the operator " + operator_);
  if ((operator_ == "Exists" || operator_ == "DoesNotExist") && count != 0) {
    report("none with the operator " + operator_);
  }
  if ((operator_ == "Gt" || operator_ == "Lt") && count != 1) report("one number with the operator " + operator_);
}

}  // namespace

const Rule* rule_of(const Type& type, const Field& field) {
  const auto* entry = find(text_rules, type, field);
  return entry ? &entry->rule : nullptr;
}

const Rule* key_rule_of(const Type& type, const Field& field) {
  const auto* entry = find(key_rules, type, field);
  return entry ? &entry->rule : nullptr;
}

const std::vector<std::string>* choices_of(const Type& type, const Field& field) {
  const auto* entry = find(choices(), type, field);
  return entry ? &entry->names : nullptr;
}

Range range_of(const Type& type, const Field& field) {
  if (const auto* entry = find(ranges, type, field)) return entry->range;
  if (field.value == Value::integer64) return {std::numeric_limits<std::int64_t>::min(), most_of_64_bits};
  return {std::numeric_limits<std::int32_t>::min(), most_of_32_bits};
}

std::size_t count_of_rules() {
  return std::size(text_rules) + std::size(key_rules) + choices().size();
}

bool is_private(const Type& type, const Field& field) {
  return (type.name == "EnvVar" && field.name == "value") || (type.name == "HTTPHeader" && field.name == "value") ||
         field.name == "command" || field.name == "args";
}

void check_object(const Type& type, const json::object& object, const Reader& here) {
  if (type.name == "Toleration") {
    check_toleration(object, here);
  } else if (type.name == "Volume") {
    check_one_given(given_besides(object, {"name"}), "one source, such as persistentVolumeClaim or emptyDir", here);
  } else if (type.name == "EnvVarSource") {
    check_one_given(given_besides(object, {}), "one source, such as secretKeyRef or fieldRef", here);
  } else if (type.name == "EnvFromSource") {
    check_one_given(given_besides(object, {"prefix"}), "one of configMapRef, secretRef", here);
  } else if (type.name == "EnvVar") {
    if (object.contains("valueFrom") && !text_at(object, "value").empty()) {
      here.report(finding::invalid_value, found_expected("value and valueFrom", "one of them"));
    }
  } else if (type.name == "NodeSelectorRequirement" || type.name == "LabelSelectorRequirement") {
    check_requirement(object, here);
  }
}

}  // namespace stepop::request::openapi
