#include "manifest/job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "asking.hpp"
#include "manifest/pod.hpp"

namespace stepop::manifest {
namespace {

const Identity someone{"me", "r1/train"};
constexpr const char* job_name = "train-w2hbtgsjoxiimksp-1";

request::StepRequest asking(std::string_view settings) {
  return request(R"({"step_run_id": "r1/train", "step_name": "train", "image": "i", "settings": )" +
                 std::string(settings) + "}");
}

json::object job(std::string_view settings) {
  return job_manifest(asking(settings), someone, "i-1", 1);
}

const json::object& spec_of(const json::object& job) {
  return job.at("spec").as_object();
}

TEST(Job, OfOnePodMakesThatPodOnceAndNeverAgain) {
  const auto made = job(R"({"workload": "job"})");
  EXPECT_EQ(made.at("apiVersion"), "batch/v1");
  EXPECT_EQ(made.at("kind"), "Job");
  EXPECT_EQ(made.at("metadata").at("name"), job_name);
  const auto& spec = spec_of(made);
  EXPECT_EQ(spec.at("backoffLimit"), json::value(0));
  EXPECT_EQ(spec.at("podReplacementPolicy"), "Failed");
  EXPECT_EQ(spec.at("completions"), json::value(1));
  EXPECT_EQ(spec.at("parallelism"), json::value(1));
  for (const char* name :
       {"podFailurePolicy", "completionMode", "ttlSecondsAfterFinished", "suspend", "activeDeadlineSeconds"}) {
    EXPECT_FALSE(spec.contains(name)) << name;
  }
  const auto pod = pod_manifest(asking(R"({"workload": "job"})"), someone, "i-1", 1);
  const auto& of_pod = spec.at("template").as_object();
  EXPECT_EQ(of_pod.at("spec"), pod.at("spec"));
  EXPECT_EQ(of_pod.at("metadata").at("labels"), pod.at("metadata").at("labels"));
  EXPECT_EQ(of_pod.at("metadata").at("annotations"), pod.at("metadata").at("annotations"));
  EXPECT_FALSE(of_pod.at("metadata").as_object().contains("name"));
}

TEST(Job, OfSeveralPodsIsIndexedAndItsPodsKnowTheFirst) {
  const auto made = job(R"({"pod_count": 4, "kubernetes_namespace": "ml"})");
  const auto& spec = spec_of(made);
  EXPECT_EQ(spec.at("completionMode"), "Indexed");
  EXPECT_EQ(spec.at("completions"), json::value(4));
  EXPECT_EQ(spec.at("parallelism"), json::value(4));
  const auto& pod = spec.at("template").at("spec").as_object();
  EXPECT_EQ(pod.at("subdomain"), job_name);
  const auto& variables = pod.at("containers").at(0).at("env").as_array();
  const auto has = [&variables](const char* name, const std::string& value) {
    const json::value wanted = json::object{{"name", name}, {"value", value}};
    return std::find(variables.begin(), variables.end(), wanted) != variables.end();
  };
  EXPECT_TRUE(has("ZENML_KUBERNETES_POD_COUNT", "4"));
  EXPECT_TRUE(has("ZENML_KUBERNETES_MAIN_ADDRESS", "train-w2hbtgsjoxiimksp-1-0.train-w2hbtgsjoxiimksp-1.ml.svc"));
  EXPECT_TRUE(has("ZENML_KUBERNETES_MAIN_PORT", "29500"));
}

TEST(Job, HasItsTimeToLiveAndLeavesTheDeadlineToItsPods) {
  const auto made = job(R"({"ttl_seconds_after_finished": 900, "active_deadline_seconds": 60})");
  EXPECT_EQ(spec_of(made).at("ttlSecondsAfterFinished"), json::value(900));
  EXPECT_EQ(spec_of(made).at("template").at("spec").at("activeDeadlineSeconds"), json::value(60));
}

TEST(Job, OfAQueueIsSuspendedUntilItIsAdmitted) {
  const auto made = job(R"({"queue": "team-a", "max_disruption_restarts": 1})");
  EXPECT_EQ(spec_of(made).at("suspend"), json::value(true));
  EXPECT_EQ(made.at("metadata").at("labels").at("kueue.x-k8s.io/queue-name"), "team-a");
  EXPECT_FALSE(
      spec_of(made).at("template").at("metadata").at("labels").as_object().contains("kueue.x-k8s.io/queue-name"));
}

const Owner owner{"batch/v1", "Job", job_name, "uid-7"};

void expect_owned(const json::object& object) {
  EXPECT_EQ(object.at("metadata").at("ownerReferences"), json::parse(R"([{
    "apiVersion": "batch/v1", "kind": "Job", "name": "train-w2hbtgsjoxiimksp-1", "uid": "uid-7", "controller": false,
    "blockOwnerDeletion": false}])"));
  EXPECT_EQ(object.at("metadata").at("name"), job_name);
  EXPECT_EQ(object.at("metadata").at("labels").at("stepop.dev/owner"), "me");
}

TEST(Service, LetsThePodsOfTheJobFindEachOtherBeforeTheyAreReady) {
  const auto made = service_manifest(asking(R"({"pod_count": 4})"), someone, "i-1", 1, owner);
  expect_owned(made);
  EXPECT_EQ(made.at("kind"), "Service");
  EXPECT_EQ(made.at("spec"), json::parse(R"({
    "clusterIP": "None", "publishNotReadyAddresses": true, "ports": [{"name": "main", "port": 29500}],
    "selector": {"batch.kubernetes.io/job-name": "train-w2hbtgsjoxiimksp-1"}})"));
}

TEST(Secret, HoldsTheValuesUnchangeablyAndGoesWithTheWorkload) {
  const auto asked = asking(R"({"secrets": {"TOKEN": "s3cret", "K": "\u00e4"}})");
  const auto made = secret_manifest(asked, someone, "i-1", 1, owner);
  expect_owned(made);
  EXPECT_EQ(made.at("kind"), "Secret");
  EXPECT_EQ(made.at("immutable"), json::value(true));
  EXPECT_EQ(made.at("type"), "Opaque");
  EXPECT_EQ(made.at("stringData"), json::parse(R"({"TOKEN": "s3cret", "K": "\u00e4"})"));
  EXPECT_FALSE(made.at("metadata").as_object().contains("annotations"));
}

}  // namespace
}  // namespace stepop::manifest
