#include "manifest/pod.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "asking.hpp"
#include "manifest/labels.hpp"

namespace stepop::manifest {
namespace {

const Identity someone{"me", "r1/train"};

json::object pod(std::string_view text, std::string_view config = R"({"owner": "me"})", std::uint32_t attempt = 0) {
  return pod_manifest(request(text, config), someone, "i-1", attempt);
}

const json::object& main_of(const json::object& pod) {
  return pod.at("spec").at("containers").as_array().at(0).as_object();
}

TEST(Pod, HasNothingThatWasNotAskedFor) {
  const auto least = pod(R"({"step_run_id": "r1/train", "image": "img"})");
  json::object expected = json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "step-w2hbtgsjoxiimksp-0", "namespace": "zenml"},
    "spec": {
      "restartPolicy": "Never",
      "containers": [{
        "name": "main", "image": "img",
        "env": [{"name": "STEPOP_STEP_RUN_ID", "value": "r1/train"}, {"name": "STEPOP_ATTEMPT", "value": "0"},
                {"name": "STEPOP_RESULT_PATH", "value": "/dev/termination-log"},
                {"name": "STEPOP_RESULT_MAX", "value": "4096"}],
        "resources": {"requests": {"memory": "400Mi"}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}]}})")
                              .as_object();
  auto actual = least;
  actual["metadata"].get_object().erase("labels");  // labels_test.cpp
  actual["metadata"].get_object().erase("annotations");
  EXPECT_EQ(actual, expected) << json::value(actual);
}

TEST(Pod, HasEverythingThatWasAskedFor) {
  const auto whole = pod(R"json({
    "step_run_id": "r1/train", "step_name": "Train", "image": "img", "command": ["sh", "-c"],
    "args": ["x", "$(HOME) $$"],
    "settings": {"kubernetes_namespace": "ml", "pod_settings": {
      "labels": {"team": "ml"}, "annotations": {"note": "n"}, "node_selectors": {"disk": "ssd"},
      "resources": {"requests": {"cpu": "500m", "memory": "1.5Gi"}, "limits": {"nvidia.com/gpu": 1}},
      "tolerations": [
        {"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "toleration_seconds": 9},
        {"operator": "Exists"}]}}})json",
                         R"({"owner": "me"})", 3);
  EXPECT_EQ(whole.at("metadata").at("name"), "train-w2hbtgsjoxiimksp-3");
  EXPECT_EQ(whole.at("metadata").at("namespace"), "ml");
  EXPECT_EQ(whole.at("metadata").at("labels").at("team"), "ml");
  EXPECT_EQ(whole.at("metadata").at("labels").at("stepop.dev/attempt"), "3");
  EXPECT_EQ(whole.at("metadata").at("annotations").at("note"), "n");
  EXPECT_EQ(whole.at("spec").at("nodeSelector"), json::parse(R"({"disk": "ssd"})"));
  EXPECT_EQ(whole.at("spec").at("tolerations"), json::parse(R"([
    {"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 9},
    {"operator": "Exists"}])"));
  const auto& main = main_of(whole);
  EXPECT_EQ(main.at("command"), json::parse(R"(["sh", "-c"])"));
  EXPECT_EQ(main.at("args"), json::parse(R"(["x", "$(HOME) $$"])"));
  EXPECT_EQ(main.at("resources"), json::parse(R"({
    "requests": {"cpu": "500m", "memory": "1.5Gi"}, "limits": {"nvidia.com/gpu": "1"}})"));
}

TEST(PodsEnvironment, HasStepopsVariablesFirstThenTheUsersInTheirOrder) {
  const auto asked = pod(R"json({"step_run_id": "r1/train", "image": "i", "environment": {"B": "2", "A": "$(B)"}})json",
                         R"({"owner": "me"})", 4);
  EXPECT_EQ(main_of(asked).at("env"), json::parse(R"json([
    {"name": "STEPOP_STEP_RUN_ID", "value": "r1/train"}, {"name": "STEPOP_ATTEMPT", "value": "4"},
    {"name": "STEPOP_RESULT_PATH", "value": "/dev/termination-log"},
    {"name": "STEPOP_RESULT_MAX", "value": "4096"},
    {"name": "B", "value": "2"}, {"name": "A", "value": "$(B)"}])json"));
}

TEST(PodsEnvironment, HoldsAnIdThatKubernetesWouldExpandAsItIs) {
  const auto asked = pod(R"({"step_run_id": "$(HOME)/$$x", "image": "i"})");
  EXPECT_EQ(main_of(asked).at("env").at(0).at("value"), "$$(HOME)/$$$$x");
}

TEST(Pod, IsOfTheOperatorsDefaultsToo) {
  const auto made = pod(R"({"step_run_id": "r1/train", "image": "i"})",
                        R"({"owner": "me", "kubernetes_namespace": "prod",
                            "pod_settings": {"labels": {"team": "ml"}, "resources": {"limits": {"memory": "1Gi"}}}})");
  EXPECT_EQ(made.at("metadata").at("namespace"), "prod");
  EXPECT_EQ(made.at("metadata").at("labels").at("team"), "ml");
  EXPECT_EQ(main_of(made).at("resources"),
            json::parse(R"({"requests": {"memory": "400Mi"}, "limits": {"memory": "1Gi"}})"));
}

json::value resources_of(std::string_view resources) {
  return main_of(pod(R"({"step_run_id": "1", "image": "i", "settings": {"pod_settings": {"resources": )" +
                     std::string(resources) + "}}}"))
      .at("resources");
}

TEST(MemoryRequest, IsZenmlsWhereNoneIsAsked) {
  EXPECT_EQ(resources_of("{}"), json::parse(R"({"requests": {"memory": "400Mi"}})"));
  EXPECT_EQ(resources_of(R"({"requests": {"cpu": "1"}})"),
            json::parse(R"({"requests": {"cpu": "1", "memory": "400Mi"}})"));
}

TEST(MemoryRequest, IsTheUsersWhereOneIsAsked) {
  EXPECT_EQ(resources_of(R"({"requests": {"memory": "1Mi"}})"), json::parse(R"({"requests": {"memory": "1Mi"}})"));
  EXPECT_EQ(resources_of(R"({"requests": {"memory": 0}})"), json::parse(R"({"requests": {"memory": "0"}})"));
}

// The API server refuses a request above the limit.
TEST(MemoryRequest, IsNeverAboveTheLimit) {
  EXPECT_EQ(resources_of(R"({"limits": {"memory": "399Mi"}})"),
            json::parse(R"({"requests": {"memory": "399Mi"}, "limits": {"memory": "399Mi"}})"));
  EXPECT_EQ(resources_of(R"({"limits": {"memory": "0.5Gi"}})"),
            json::parse(R"({"requests": {"memory": "400Mi"}, "limits": {"memory": "0.5Gi"}})"));
}

const json::object& spec_of(const json::object& pod) {
  return pod.at("spec").as_object();
}

json::object pod_with(std::string_view pod_settings, std::string_view more = "") {
  return pod(R"({"step_run_id": "1", "image": "img", "settings": {)" + std::string(more) + R"("pod_settings": {)" +
             std::string(pod_settings) + "}}}");
}

TEST(Pod, HasEachSettingInItsPlace) {
  const auto made = pod_with(
      R"("affinity": {"pod_affinity": {}}, "volumes": [{"name": "d", "empty_dir": {}}],
         "volume_mounts": [{"name": "d", "mount_path": "/d"}], "host_ipc": true, "scheduler_name": "mine",
         "image_pull_secrets": ["a", "b"], "env": [{"name": "N", "value_from": {"field_ref": {"field_path": "spec.nodeName"}}}],
         "env_from": [{"secret_ref": {"name": "s"}}], "container_security_context": {"run_as_user": 5},
         "resources": {"claims": [{"name": "gpu"}]})",
      R"("service_account_name": "runner", "privileged": true, "active_deadline_seconds": 60,)");
  const auto& spec = spec_of(made);
  EXPECT_EQ(spec.at("affinity"), json::parse(R"({"podAffinity": {}})"));
  EXPECT_EQ(spec.at("volumes"), json::parse(R"([{"name": "d", "emptyDir": {}}])"));
  EXPECT_EQ(spec.at("hostIPC"), json::value(true));
  EXPECT_EQ(spec.at("schedulerName"), "mine");
  EXPECT_EQ(spec.at("imagePullSecrets"), json::parse(R"([{"name": "a"}, {"name": "b"}])"));
  EXPECT_EQ(spec.at("serviceAccountName"), "runner");
  EXPECT_EQ(spec.at("activeDeadlineSeconds"), json::value(60));
  const auto& main = main_of(made);
  EXPECT_EQ(main.at("volumeMounts"), json::parse(R"([{"name": "d", "mountPath": "/d"}])"));
  EXPECT_EQ(main.at("env").as_array().back(),
            json::parse(R"({"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}})"));
  EXPECT_EQ(main.at("envFrom"), json::parse(R"([{"secretRef": {"name": "s"}}])"));
  EXPECT_EQ(main.at("securityContext"), json::parse(R"({"runAsUser": 5, "privileged": true})"));
  EXPECT_EQ(main.at("resources").at("claims"), json::parse(R"([{"name": "gpu"}])"));
}

TEST(AdditionalArguments, AreAddedToListsAndObjectsAndReplaceAllElse) {
  const auto made = pod_with(
      R"("volumes": [{"name": "a", "emptyDir": {}}], "node_selectors": {"a": "1", "b": "1"}, "scheduler_name": "mine",
         "tolerations": [{"operator": "Exists"}], "image_pull_secrets": ["a"],
         "affinity": {"nodeAffinity": {}, "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
         "additional_pod_spec_args": {
           "volumes": [{"name": "b", "emptyDir": {}}], "node_selector": {"b": "2", "c": "2"}, "scheduler_name": "other",
           "tolerations": [{"key": "gpu", "operator": "Exists"}], "image_pull_secrets": [{"name": "b"}],
           "affinity": {"podAffinity": {}}, "runtime_class_name": "nvidia"})");
  const auto& spec = spec_of(made);
  EXPECT_EQ(spec.at("volumes"), json::parse(R"([{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}])"));
  EXPECT_EQ(spec.at("nodeSelector"), json::parse(R"({"a": "1", "b": "2", "c": "2"})"));
  EXPECT_EQ(spec.at("schedulerName"), "other");
  EXPECT_EQ(spec.at("tolerations"), json::parse(R"([{"operator": "Exists"}, {"key": "gpu", "operator": "Exists"}])"));
  EXPECT_EQ(spec.at("imagePullSecrets"), json::parse(R"([{"name": "a"}, {"name": "b"}])"));
  EXPECT_EQ(spec.at("affinity"), json::parse(R"({"nodeAffinity": {}, "podAffinity": {}})"));
  EXPECT_EQ(spec.at("runtimeClassName"), "nvidia");
}

TEST(AdditionalArguments, PutContainersBesideTheStepsOwnWithItsImage) {
  const auto made = pod_with(
      R"("additional_pod_spec_args": {
           "init_containers": [{"name": "first", "image": "{{ image }}", "command": ["echo", "{{ image }} is whole"]}],
           "containers": [{"name": "beside", "image": "other"}, {"name": "same", "image": "{{ image }}"}]})");
  const auto& containers = spec_of(made).at("containers").as_array();
  ASSERT_EQ(containers.size(), 3u);
  EXPECT_EQ(containers[0].at("name"), "main");
  EXPECT_EQ(containers[1], json::parse(R"({"name": "beside", "image": "other"})"));
  EXPECT_EQ(containers[2], json::parse(R"({"name": "same", "image": "img"})"));
  EXPECT_EQ(spec_of(made).at("initContainers"),
            json::parse(R"([{"name": "first", "image": "img", "command": ["echo", "{{ image }} is whole"]}])"));
}

TEST(ResultMax, IsLessWhereMoreContainersShareIt) {
  const auto made = pod_with(
      R"("additional_pod_spec_args": {"containers": [{"name": "a"}, {"name": "b"}], "init_containers": [{"name": "c"}]})");
  EXPECT_EQ(main_of(made).at("env").at(3), json::parse(R"({"name": "STEPOP_RESULT_MAX", "value": "3072"})"));
}

TEST(Pod, HasItsSecretsByReferenceAndNeverTheirValues) {
  const auto made = pod(R"json({"step_run_id": "r1/train", "step_name": "train", "image": "i",
                                "settings": {"secrets": {"TOKEN": "s3cret"}}, "environment": {"URL": "$(TOKEN)"}})json",
                        R"({"owner": "me"})", 2);
  EXPECT_THAT(json::serialize(made), testing::Not(testing::HasSubstr("s3cret")));
  const auto& variables = main_of(made).at("env").as_array();
  ASSERT_EQ(variables.size(), 6u);
  EXPECT_EQ(variables[4], json::parse(R"({"name": "TOKEN", "valueFrom": {"secretKeyRef": {
                                          "name": "train-w2hbtgsjoxiimksp-2", "key": "TOKEN"}}})"));
  EXPECT_EQ(variables[5].at("name"), "URL");
}

TEST(Pod, DiffersBetweenAttemptsInNameLabelAndVariableAlone) {
  const std::string_view text = R"({"step_run_id": "r1/train", "image": "i"})";
  auto first = pod(text), second = pod(text, R"({"owner": "me"})", 1);
  EXPECT_NE(first, second);
  second["metadata"].get_object()["name"] = first.at("metadata").at("name");
  second["metadata"].get_object()["labels"].get_object()["stepop.dev/attempt"] = "0";
  second["spec"].get_object()["containers"].at(0).get_object()["env"].at(1).get_object()["value"] = "0";
  EXPECT_EQ(first, second);
}

TEST(ResultMax, IsWhatTheKubeletKeepsOfEachContainer) {
  EXPECT_EQ(result_max(1), 4096u);
  EXPECT_EQ(result_max(3), 4096u);
  EXPECT_EQ(result_max(4), 3072u);
  EXPECT_EQ(result_max(10), 1228u);
}

}  // namespace
}  // namespace stepop::manifest
