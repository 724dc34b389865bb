#include "engine/pod_calls.hpp"

#include <boost/json.hpp>

#include "kube/pod_parser.hpp"
#include "kube/targets.hpp"
#include "lifecycle/log_tail.hpp"

namespace stepop::engine {
namespace {

namespace json = boost::json;

// Longer than the API server's own limit for a request, so that its answer, not our clock, decides.
constexpr std::chrono::seconds answer_margin{5};
constexpr std::chrono::seconds call_timeout{30};
// A runtime cuts lines into parts of 16 KiB, and a kubelet counts parts: with the times, what it sends is less than this.
constexpr std::size_t longest_log_tail = static_cast<std::size_t>(lifecycle::tail_lines) * 32 * 1024;
constexpr std::string_view merge_patch = "application/merge-patch+json";
constexpr std::string_view field_manager = "stepop";

kube::Request request_for(kube::Method method, std::string target, json::value body = nullptr) {
  kube::Request request;
  request.method = method;
  request.target = std::move(target);
  if (!body.is_null()) request.body = json::serialize(body);
  request.timeout = call_timeout;
  return request;
}

kube::Request create_in(std::string collection, std::string manifest) {
  const auto seconds = std::to_string(lifecycle::create_timeout.count()) + "s";
  auto request = request_for(kube::Method::Post,
                             kube::with_query(std::move(collection), {{"fieldManager", std::string(field_manager)},
                                                                      {"fieldValidation", "Strict"},
                                                                      {"timeout", seconds}}));
  request.body = std::move(manifest);
  request.timeout = lifecycle::create_timeout + answer_margin;
  return request;
}

}  // namespace

kube::Request create_workload(kube::Resource resource, const std::string& namespace_, std::string manifest) {
  return create_in(kube::collection_target(resource, namespace_), std::move(manifest));
}

kube::Request create_secret(const std::string& namespace_, std::string manifest) {
  return create_in(kube::collection_target("", "v1", namespace_, "secrets"), std::move(manifest));
}

kube::Request create_service(const std::string& namespace_, std::string manifest) {
  return create_in(kube::collection_target("", "v1", namespace_, "services"), std::move(manifest));
}

kube::Request adopt_service(const std::string& namespace_, const std::string& name, json::value owners) {
  auto request = request_for(kube::Method::Patch,
                             kube::with_query(kube::object_target("", "v1", namespace_, "services", name),
                                              {{"fieldManager", std::string(field_manager)}}),
                             json::object{{"metadata", json::object{{"ownerReferences", std::move(owners)}}}});
  request.content_type = merge_patch;
  return request;
}

kube::Request get_workload(kube::Resource resource, const std::string& namespace_, const std::string& name) {
  return request_for(kube::Method::Get, kube::object_target(resource, namespace_, name));
}

kube::Request annotate_workload(kube::Resource resource, const std::string& namespace_, const std::string& name,
                                const std::string& uid, const std::string& resource_version,
                                std::string_view annotation, std::string_view value) {
  json::object metadata{{"uid", uid}, {"annotations", {{annotation, value}}}};
  if (!resource_version.empty()) metadata["resourceVersion"] = resource_version;
  auto request = request_for(
      kube::Method::Patch,
      kube::with_query(kube::object_target(resource, namespace_, name), {{"fieldManager", std::string(field_manager)}}),
      json::object{{"metadata", std::move(metadata)}});
  request.content_type = merge_patch;
  return request;
}

kube::Request label_workload(kube::Resource resource, const std::string& namespace_, const std::string& name,
                             const std::string& uid, const std::string& resource_version, std::string_view label,
                             std::string_view value) {
  auto request = request_for(
      kube::Method::Patch,
      kube::with_query(kube::object_target(resource, namespace_, name), {{"fieldManager", std::string(field_manager)}}),
      json::object{{"metadata", {{"uid", uid}, {"resourceVersion", resource_version}, {"labels", {{label, value}}}}}});
  request.content_type = merge_patch;
  return request;
}

kube::Request delete_workload(kube::Resource resource, const std::string& namespace_, const std::string& name,
                              const std::string& uid, const std::string& resource_version,
                              std::optional<std::chrono::seconds> grace) {
  json::object preconditions{{"uid", uid}};
  if (!resource_version.empty()) preconditions["resourceVersion"] = resource_version;
  json::object options{{"apiVersion", "v1"},
                       {"kind", "DeleteOptions"},
                       {"preconditions", std::move(preconditions)},
                       {"propagationPolicy", resource == kube::Resource::Jobs ? "Foreground" : "Background"}};
  if (grace) options["gracePeriodSeconds"] = grace->count();
  return request_for(kube::Method::Delete, kube::object_target(resource, namespace_, name), std::move(options));
}

kube::Request get_log_tail(const std::string& namespace_, const std::string& name, const std::string& container) {
  kube::LogQuery query;
  query.container = container;
  query.timestamps = true;
  query.tail_lines = lifecycle::tail_lines;
  auto request = request_for(kube::Method::Get, kube::pod_log_target(namespace_, name, query));
  request.max_response_bytes = longest_log_tail;
  return request;
}

kube::Request list_pods_of_job(const std::string& namespace_, const std::string& uid) {
  // The label that the Job controller writes: somebody may have changed ours.
  return request_for(kube::Method::Get,
                     kube::with_query(kube::pods_target(namespace_),
                                      {{"labelSelector", "batch.kubernetes.io/controller-uid=" + uid}}));
}

kube::Request get_ready() {
  return request_for(kube::Method::Get, "/readyz");
}

lifecycle::Ready read_ready(const kube::Outcome& outcome) {
  const auto* response = std::get_if<kube::Response>(&outcome);
  if (response && response->status == 200) return lifecycle::Ready::yes;
  const bool refused = response && (response->status == 401 || response->status == 403);
  return refused ? lifecycle::Ready::refused : lifecycle::Ready::no;
}

lifecycle::Answer read_answer(const kube::Outcome& outcome, kube::Resource resource, const ViewOf& view_of) {
  if (const auto* error = std::get_if<kube::TransportError>(&outcome)) {
    return lifecycle::NoAnswer{error->message, error->may_have_reached_server};
  }
  const auto& response = std::get<kube::Response>(outcome);
  if (response.status < 200 || response.status > 299) return kube::status_of(response.status, response.body);
  if (auto pod = kube::parse_pod(response.body, nullptr, resource)) return view_of(std::move(*pod));
  return lifecycle::Done{};
}

}  // namespace stepop::engine
