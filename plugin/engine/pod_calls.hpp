#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kube/http.hpp"
#include "lifecycle/step_machine.hpp"

namespace stepop::engine {

// The calls that a step's life asks for, as HTTP requests, and their answers as the lifecycle reads them. Pure.

kube::Request create_workload(kube::Resource resource, const std::string& namespace_, std::string manifest);
// `manifest` holds values in clear; nothing of the request or of its answer's words may be told to anybody.
kube::Request create_secret(const std::string& namespace_, std::string manifest);
kube::Request create_service(const std::string& namespace_, std::string manifest);
// A merge patch that gives it these owners alone.
kube::Request adopt_service(const std::string& namespace_, const std::string& name, boost::json::value owners);
kube::Request get_workload(kube::Resource resource, const std::string& namespace_, const std::string& name);
// A merge patch that sets one annotation; the uid in it is a precondition (409 for another pod of that name), and so is
// the resourceVersion where it is not empty.
kube::Request annotate_workload(kube::Resource resource, const std::string& namespace_, const std::string& name,
                                const std::string& uid, const std::string& resource_version,
                                std::string_view annotation, std::string_view value);
// A merge patch that sets one label, if the pod is still at this resourceVersion (409 else).
kube::Request label_workload(kube::Resource resource, const std::string& namespace_, const std::string& name,
                             const std::string& uid, const std::string& resource_version, std::string_view label,
                             std::string_view value);
// `resource_version` empty: no precondition. A Job goes when its pods have gone (propagationPolicy Foreground): until then it is
// there to be read, and the Job controller makes no more.
kube::Request delete_workload(kube::Resource resource, const std::string& namespace_, const std::string& name,
                              const std::string& uid, const std::string& resource_version,
                              std::optional<std::chrono::seconds> grace);
// The last lines of a container's log, with their times, which tell a line from an error of the kubelet.
kube::Request get_log_tail(const std::string& namespace_, const std::string& name, const std::string& container);
// Every pod of the Job of this uid.
kube::Request list_pods_of_job(const std::string& namespace_, const std::string& uid);
kube::Request get_ready();
lifecycle::Ready read_ready(const kube::Outcome& outcome);

using ViewOf = std::function<lifecycle::PodView(kube::Pod)>;
lifecycle::Answer read_answer(const kube::Outcome& outcome, kube::Resource resource, const ViewOf& view_of);

}  // namespace stepop::engine
