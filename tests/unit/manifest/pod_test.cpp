#include "manifest/pod.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_EQ(main_of(made).at("resources"), json::parse(R"({"limits": {"memory": "1Gi"}})"));
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
