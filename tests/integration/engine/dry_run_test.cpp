// Dry runs against a real API server (KUBECONFIG says which) of objects that no request makes: the words of its refusals are its
// own, so they are read here from itself.
#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <functional>
#include <optional>

#include "engine/dry_run.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/tls.hpp"

namespace stepop::engine {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
namespace json = boost::json;

// An answer takes milliseconds on an idle machine; tests share theirs with builds.
constexpr auto patience = 120s;

class DryRunOnACluster : public testing::Test {
 protected:
  void SetUp() override {
    const char* kubeconfig = std::getenv("KUBECONFIG");
    ASSERT_NE(kubeconfig, nullptr) << "KUBECONFIG must name a cluster for tests";
    kube::initialise_tls();
    kube::KubeconfigQuery query;
    query.paths = kube::split_kubeconfig_variable(kubeconfig);
    client.emplace(io, kube::load_kubeconfig(query));
    // Restricted: what admission refuses of a pod is known.
    const json::object made{
        {"metadata", {{"name", namespace_}, {"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}};
    EXPECT_EQ(call(kube::Method::Post, "/api/v1/namespaces", json::serialize(made)), 201);
    const auto account = "/api/v1/namespaces/" + namespace_ + "/serviceaccounts/default";
    const auto end = std::chrono::steady_clock::now() + patience;
    while (call(kube::Method::Get, account) != 200) ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
  void TearDown() override {
    if (client) call(kube::Method::Delete, "/api/v1/namespaces/" + namespace_);
  }

  void run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never happened";
      io.run_one_for(1s);
      if (io.stopped()) io.restart();
    }
  }
  int call(kube::Method method, std::string target, std::string body = {}) {
    std::optional<kube::Outcome> got;
    client->call({method, std::move(target), std::move(body)},
                 [&](kube::Outcome outcome) { got = std::move(outcome); });
    run_until([&] { return got.has_value(); });
    const auto* response = got ? std::get_if<kube::Response>(&*got) : nullptr;
    return response ? response->status : 0;
  }
  std::vector<DryRun> ask(std::vector<json::object> objects) {
    std::optional<std::vector<DryRun>> got;
    dry_run(*client, std::move(objects), patience, [&](std::vector<DryRun> answers) { got = std::move(answers); });
    run_until([&] { return got.has_value(); });
    return got.value_or(std::vector<DryRun>{});
  }

  json::object metadata() const { return {{"name", "a"}, {"namespace", namespace_}}; }
  // Let in by the policy, but for what a test changes.
  static json::object pod_spec() {
    return json::parse(R"({"restartPolicy": "Never",
                           "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                           "containers": [{"name": "main", "image": "busybox", "securityContext": {
                             "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]})")
        .as_object();
  }
  json::object pod(json::object spec) const {
    return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata()}, {"spec", std::move(spec)}};
  }
  json::object job(json::object spec) const {
    return {{"apiVersion", "batch/v1"},
            {"kind", "Job"},
            {"metadata", metadata()},
            {"spec", {{"template", {{"metadata", {{"labels", {{"a", "b"}}}}}, {"spec", std::move(spec)}}}}}};
  }

  static inline int number_ = 0;
  const std::string namespace_ = "stepop-dry-run-" + std::to_string(::getpid()) + "-" + std::to_string(++number_);
  boost::asio::io_context io{1};
  std::optional<kube::Client> client;
};

TEST_F(DryRunOnACluster, TellsOneObjectsAnswerFromAnothers) {
  auto wrong = pod_spec();
  wrong["comand"] = "true";
  wrong.at("containers").at(0).as_object()["imagePullPolicey"] = "Always";
  const auto answers = ask({pod(pod_spec()), pod(wrong), job(pod_spec())});
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[0].accepted.is_object()) << json::serialize(to_json(answers[0].findings));
  EXPECT_TRUE(answers[2].accepted.is_object()) << json::serialize(to_json(answers[2].findings));
  EXPECT_EQ(answers[1].refused_for, "InvalidRequest");
  std::vector<std::string> paths;
  for (const auto& finding : answers[1].findings) paths.push_back(finding.path);
  EXPECT_THAT(paths,
              UnorderedElementsAre("manifests[1].spec.comand", "manifests[1].spec.containers[0].imagePullPolicey"));
}

TEST_F(DryRunOnACluster, NamesTheFieldWhoseValueIsWrong) {
  auto spec = pod_spec();
  spec.at("containers").at(0).as_object()["resources"] = {{"requests", {{"cpu", "2"}}}, {"limits", {{"cpu", "1"}}}};
  const auto answers = ask({pod(spec)});
  ASSERT_EQ(answers.at(0).findings.size(), 1U);
  EXPECT_THAT(answers[0].findings[0].path, HasSubstr("manifests[0].spec.containers[0].resources.requests"));
  EXPECT_THAT(answers[0].findings[0].message, HasSubstr("must be less than or equal to cpu limit"));
}

TEST_F(DryRunOnACluster, JudgesAJobByThePodsThatItWouldMake) {
  auto spec = pod_spec();
  spec["hostIPC"] = true;
  const auto answers = ask({job(spec)});
  EXPECT_EQ(answers.at(0).refused_for, "AdmissionDenied");
  EXPECT_TRUE(answers[0].accepted.is_null()) << "the Job itself would be taken, and none of its pods";
  ASSERT_FALSE(answers[0].findings.empty());
  const auto& refusal = answers[0].findings.back();
  EXPECT_EQ(refusal.path, "manifests[0].spec.template");
  EXPECT_THAT(refusal.message, HasSubstr("violates PodSecurity"));
}

}  // namespace
}  // namespace stepop::engine
