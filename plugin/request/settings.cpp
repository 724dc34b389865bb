#include "request/settings.hpp"

#include <algorithm>

#include "request/declarations.hpp"
#include "request/reserved.hpp"

namespace stepop::request {
namespace {

// An Indexed Job's names leave room for indices of four digits.
constexpr std::uint32_t most_pods = 10'000;

// What becomes of a name's first part: a name has 30 characters of it.
constexpr std::size_t longest_prefix = 253;

// A Secret is at most 1 MiB ("Secrets", size limit).
constexpr std::size_t most_secrets = 1024 * 1024;

// A Job that is gone this soon may be gone before a host that was down has read how it ended.
constexpr std::chrono::seconds short_time_to_live{600};

// Of ZenML's deprecated settings.
constexpr std::uint32_t most_of_32_bits = 2'147'483'647;

Kind<double> number() {
  Kind<double> kind;
  kind.expected = "a number";
  kind.schema["type"] = "number";
  kind.read = [](const json::value& value, double& into, const Reader& place) {
    if (!value.is_number()) return report_wrong_type(place, value, "a number");
    into = value.to_number<double>();
  };
  return kind;
}

// Values are read, and never shown or written: the normal form has their names.
Kind<StringMap> secrets() {
  auto kind = map_of<StringMap>(rule::secret_key, text(most_secrets, Content::hidden), "an object of texts",
                                refuse_reserved_variable);
  kind.schema["propertyNames"].as_object()["not"] = reserved_variables();
  kind.read = [read = kind.read, expected = kind.expected](const json::value& value, StringMap& into,
                                                           const Reader& place) {
    if (!value.is_object()) return report_wrong_type(place, value, expected, Content::hidden);
    read(value, into, place);
  };
  kind.write = [](const StringMap& from) {
    json::object names;
    for (const auto& [name, value] : from) names[name] = true;
    return json::value(std::move(names));
  };
  return kind;
}

void check_size_of_secrets(const Settings& settings, const Reader& here) {
  std::size_t size = 0;
  for (const auto& [name, value] : settings.secrets) size += name.size() + value.size();
  if (size <= most_secrets) return;
  here.member("secrets").report(finding::too_long,
                                found_expected(std::to_string(size) + " bytes of secrets",
                                               "at most " + std::to_string(most_secrets) + " (one Secret holds them)"));
}

// The cluster would take the last of two variables of one name, which is not the secret.
void check_variables_beside_secrets(const Settings& settings, const Reader& here) {
  const Reader pod = here.member("pod_settings");
  const Reader env = pod.member("env");
  const auto& variables = settings.pod_settings.env;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto& name = variables[i].at("name").as_string();
    if (!settings.secrets.contains(std::string_view(name))) continue;
    const Reader element = env.element(i);
    element.member("name").report(finding::duplicate_key,
                                  found_expected("a variable that is one of `secrets` too", "one of them"));
  }
}

void check_workload(const Settings& settings, const Reader& here) {
  if (settings.workload == Workload::pod && settings.needs_job()) {
    const char* what = settings.pod_count > 1 ? "pod_count above 1"
                       : settings.queue       ? "queue"
                                              : "ttl_seconds_after_finished";
    here.member("workload")
        .report(finding::contradiction, found_expected("\"pod\" with " + std::string(what), "a Job, which that needs"),
                "leave workload out");
  }
  if (settings.queue && settings.policy.max_disruption_restarts == 0) {
    here.member("queue").report(
        finding::contradiction,
        found_expected("a queue with max_disruption_restarts 0",
                       "max_disruption_restarts of at least 1, because a queue may suspend a Job that runs, and run it "
                       "again later"));
  }
  const auto& ttl = settings.ttl_after_finished;
  if (ttl && *ttl < short_time_to_live) {
    here.member("ttl_seconds_after_finished")
        .warn(finding::short_time,
              "found " + std::to_string(ttl->count()) +
                  ", which is short: a host that is down for longer cannot learn "
                  "how the step ended",
              "make it at least " + std::to_string(short_time_to_live.count()));
  }
}

// Kubernetes names the pods of an Indexed Job, and finds them by those names.
void check_names_of_several_pods(const Settings& settings, const Reader& here) {
  if (settings.pod_count == 1) return;
  const Reader pod = here.member("pod_settings");
  const Reader arguments = pod.member("additional_pod_spec_args");
  for (const char* name : {"hostname", "subdomain", "hostnameOverride", "setHostnameAsFQDN"}) {
    if (!settings.pod_settings.additional_pod_spec_args.contains(name)) continue;
    arguments.member(name).report(
        finding::reserved_key,
        found_expected("a name of the pod", "none, because pod_count is above 1: its pods find each other by theirs"));
  }
}

}  // namespace

const Object<Settings>& settings_object() {
  static const auto object =
      Object<Settings>()
          .member("kubernetes_namespace", &Settings::kubernetes_namespace, text(rule::dns_label),
                  "The namespace that the step's pod is made in.")
          .member("pod_settings", &Settings::pod_settings, pod_settings_object(),
                  "What the step's pod asks of the cluster.")
          .member("service_account_name", &Settings::service_account_name, optional(text(rule::dns_subdomain)),
                  "The pod's service account; the namespace's default one when it is not given.")
          .member("privileged", &Settings::privileged, boolean(),
                  "Whether the step's container has all rights on its node.")
          .member("job_name_prefix", &Settings::job_name_prefix, text(longest_prefix),
                  "Stands before the step's name in its pod's name.")
          .member("active_deadline_seconds", &Settings::active_deadline, optional(seconds(1)),
                  "How long a pod may run, from when its node has taken it, before Kubernetes ends it and the step "
                  "fails with DeadlineExceeded. Without it, as long as it takes.")
          .member("secrets", &Settings::secrets, secrets(),
                  "Environment variables that are secret, by name: they go through a Kubernetes Secret that is made "
                  "for the step and goes with it. Merged by name over the operator's.")
          .member(
              "workload", &Settings::workload,
              one_of<Workload>({{"auto", Workload::automatic}, {"pod", Workload::pod}, {"job", Workload::job}}),
              "What runs the step: a pod of its own, or a Job. `auto`: a pod, unless the settings ask for what only "
              "a Job has.")
          .member("pod_count", &Settings::pod_count, count(most_pods, 1),
                  "How many pods run the step at once, each with its index in JOB_COMPLETION_INDEX. Above 1 they are "
                  "those of an Indexed Job, find each other by name, and have ZENML_KUBERNETES_POD_COUNT, "
                  "ZENML_KUBERNETES_MAIN_ADDRESS and ZENML_KUBERNETES_MAIN_PORT.")
          .member("ttl_seconds_after_finished", &Settings::ttl_after_finished, optional(seconds(0)),
                  "How long Kubernetes keeps the step's Job after its end.")
          .member("queue", &Settings::queue, optional(text(rule::dns_label)),
                  "The Kueue LocalQueue that the step's Job waits in. Needs max_disruption_restarts of at least 1.")
          .members_of(&Settings::policy, policy_object())
          .member(
              "api_request_timeout", &Settings::api_request_timeout, optional(seconds(1)),
              "How many seconds a check of the cluster may wait for an answer, each time that it asks. A step's own "
              "requests are made until they are answered.")
          .member("max_api_retries", &Settings::max_api_retries, count(100),
                  "How often a check of the cluster may ask again: it ends after api_request_timeout times one more "
                  "than this.")
          .deprecated("pod_startup_timeout", count(most_of_32_bits),
                      "use startup_timeout_seconds, and scheduling_timeout_seconds for the time until it has a node")
          .deprecated("pod_failure_max_retries", count(most_of_32_bits), "use max_startup_retries")
          .deprecated("pod_failure_retry_delay", count(most_of_32_bits),
                      "leave it out: max_startup_retries needs no delay, as the cluster has one of its own")
          .deprecated("pod_failure_backoff", number(),
                      "leave it out: max_startup_retries needs no backoff, as the cluster has one of its own")
          .misplaced(pod_settings_object(), "pod_settings")
          .check(check_size_of_secrets)
          .check(check_variables_beside_secrets)
          .check(check_workload)
          .check(check_names_of_several_pods);
  return object;
}

}  // namespace stepop::request
