// Objects of Kubernetes' API inside the settings: how they are read, merged, and brought into normal form.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <set>

#include "asking.hpp"
#include "request/openapi/rules.hpp"
#include "request/openapi/table.hpp"

namespace stepop::request {
namespace {

using testing::IsEmpty;

PodSettings pod_settings(std::string_view members, const OperatorConfig& operator_config = config()) {
  return request(R"("settings": {"pod_settings": {)" + std::string(members) + "}}", operator_config)
      .settings.pod_settings;
}

TEST(KubernetesObject, TakesEachFieldUnderItsOwnNameAndUnderThePythonClients) {
  const auto camel = pod_settings(
      R"("volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "c"}},
                     {"name": "b", "awsElasticBlockStore": {"volumeID": "v", "fsType": "ext4"}}],
         "additional_pod_spec_args": {"hostIPC": true, "securityContext": {"fsGroup": 1}, "dnsConfig": {"nameservers": ["1.1.1.1"]}})");
  const auto snake = pod_settings(
      R"("volumes": [{"name": "a", "persistent_volume_claim": {"claim_name": "c"}},
                     {"name": "b", "aws_elastic_block_store": {"volume_id": "v", "fs_type": "ext4"}}],
         "additional_pod_spec_args": {"host_ipc": true, "security_context": {"fs_group": 1}, "dns_config": {"nameservers": ["1.1.1.1"]}})");
  EXPECT_EQ(snake.volumes, camel.volumes);
  EXPECT_EQ(snake.additional_pod_spec_args, camel.additional_pod_spec_args);
  EXPECT_EQ(json::serialize(camel.additional_pod_spec_args.at("securityContext")), R"({"fsGroup":1})");
}

// As the Kubernetes Python client's `to_dict()` writes it.
TEST(KubernetesObject, DropsWhatIsNull) {
  const auto read = pod_settings(
      R"("affinity": {"node_affinity": null, "pod_affinity": {"required_during_scheduling_ignored_during_execution": null}},
         "tolerations": [{"effect": null, "key": "gpu", "operator": "Exists", "toleration_seconds": null, "value": null}],
         "resources": {"claims": null, "limits": {"memory": "1Gi"}, "requests": null})");
  EXPECT_EQ(json::serialize(read.affinity), R"({"podAffinity":{}})");
  EXPECT_EQ(json::serialize(read.tolerations), R"([{"key":"gpu","operator":"Exists"}])");
  EXPECT_THAT(read.resources.requests, IsEmpty());
}

TEST(KubernetesObject, LeavesKeysThatAreTheUsersAsTheyAre) {
  const auto read = pod_settings(
      R"("volumes": [{"name": "a", "csi": {"driver": "d", "volume_attributes": {"claimName": "x", "claim_name": "y"}}}],
         "affinity": {"pod_affinity": {"required_during_scheduling_ignored_during_execution": [
           {"topology_key": "z", "label_selector": {"match_labels": {"host_ipc": "a", "hostIPC": "b"}}}]}},
         "labels": {"host_ipc": "1"}, "annotations": {"fs_group": "1"}, "node_selectors": {"node_name": "x"},
         "additional_pod_spec_args": {"containers": [{"name": "c", "resources": {"limits": {"example.com/my_gpu": 1}}}]})");
  EXPECT_EQ(json::serialize(read.volumes),
            R"([{"name":"a","csi":{"driver":"d","volumeAttributes":{"claimName":"x","claim_name":"y"}}}])");
  EXPECT_EQ(json::serialize(read.affinity.at("podAffinity").at("requiredDuringSchedulingIgnoredDuringExecution")),
            R"([{"topologyKey":"z","labelSelector":{"matchLabels":{"host_ipc":"a","hostIPC":"b"}}}])");
  EXPECT_EQ(read.labels.at("host_ipc"), "1");
  EXPECT_EQ(json::serialize(read.additional_pod_spec_args.at("containers")),
            R"([{"name":"c","resources":{"limits":{"example.com/my_gpu":"1"}}}])");
}

TEST(KubernetesObject, TakesNumbersAsPodsHaveThem) {
  const auto read = pod_settings(
      R"("volumes": [{"name": "a", "emptyDir": {"sizeLimit": 1e3}}, {"name": "b", "configMap": {"name": "x", "defaultMode": 420.0}}],
         "additional_pod_spec_args": {"containers": [{"name": "c", "livenessProbe": {"tcpSocket": {"port": "http"}}, "readinessProbe": {"tcpSocket": {"port": 80.0}}}]})");
  EXPECT_EQ(
      json::serialize(read.volumes),
      R"([{"name":"a","emptyDir":{"sizeLimit":"1000"}},{"name":"b","configMap":{"name":"x","defaultMode":420}}])");
  EXPECT_EQ(
      json::serialize(read.additional_pod_spec_args.at("containers")),
      R"([{"name":"c","livenessProbe":{"tcpSocket":{"port":"http"}},"readinessProbe":{"tcpSocket":{"port":80}}}])");
}

TEST(StepsObject, IsMergedByMemberOverTheOperators) {
  const auto configured = config(R"({"owner": "me", "pod_settings": {
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}]}},
    "container_security_context": {"runAsUser": 1, "capabilities": {"add": ["A"]}},
    "additional_pod_spec_args": {"priority_class_name": "low", "dnsConfig": {"searches": ["a"]}}}})");
  const auto merged = pod_settings(
      R"("affinity": {"pod_affinity": {}}, "container_security_context": {"run_as_user": 2, "capabilities": {"drop": ["B"]}},
         "additional_pod_spec_args": {"priorityClassName": "high", "dns_config": {"searches": ["b"]}})",
      configured);
  EXPECT_TRUE(merged.affinity.contains("nodeAffinity") && merged.affinity.contains("podAffinity"));
  EXPECT_EQ(json::serialize(merged.container_security_context),
            R"({"runAsUser":2,"capabilities":{"add":["A"],"drop":["B"]}})");
  EXPECT_EQ(json::serialize(merged.additional_pod_spec_args),
            R"({"priorityClassName":"high","dnsConfig":{"searches":["b"]}})");
}

TEST(StepsVolumes, TakeThePlaceOfTheOperators) {
  const auto configured = config(
      R"({"owner": "me", "pod_settings": {"volumes": [{"name": "a", "emptyDir": {}}], "env": [{"name": "A"}]}})");
  const auto merged = pod_settings(R"("volumes": [{"name": "b", "emptyDir": {}}])", configured);
  EXPECT_EQ(json::serialize(merged.volumes), R"([{"name":"b","emptyDir":{}}])");
  EXPECT_EQ(json::serialize(merged.env), R"([{"name":"A"}])");
}

TEST(StepsMount, MayBeOfAVolumeOfTheOperatorOrOfTheAdditionalArguments) {
  const auto configured = config(R"({"owner": "me", "pod_settings": {"volumes": [{"name": "a", "emptyDir": {}}]}})");
  EXPECT_NO_THROW(pod_settings(R"("volume_mounts": [{"name": "a", "mountPath": "/a"}])", configured));
  EXPECT_NO_THROW(pod_settings(
      R"("volume_mounts": [{"name": "b", "mountPath": "/b"}], "additional_pod_spec_args": {"volumes": [{"name": "b", "emptyDir": {}}]})"));
}

// ---- The table and its rules

TEST(Table, HasNoTwoFieldsOfOneNameInAType) {
  for (const auto& type : openapi::types()) {
    std::set<std::string_view> names;
    for (const auto& field : type.fields) {
      EXPECT_TRUE(names.insert(field.name).second) << type.name << "." << field.name;
      EXPECT_TRUE(field.python_name == field.name || names.insert(field.python_name).second)
          << type.name << "." << field.python_name;
    }
  }
}

TEST(Table, HasTheOddNames) {
  const auto& spec = openapi::type_named("PodSpec");
  EXPECT_EQ(spec.find("host_ipc")->name, "hostIPC");
  EXPECT_EQ(spec.find("set_hostname_as_fqdn")->name, "setHostnameAsFQDN");
  EXPECT_EQ(openapi::type_named("PodSecurityContext").find("fs_group")->name, "fsGroup");
  EXPECT_EQ(openapi::type_named("Volume").find("downward_api")->name, "downwardAPI");
  EXPECT_EQ(openapi::type_named("Volume").find("scale_io")->name, "scaleIO");
  EXPECT_EQ(openapi::type_named("Probe").find("_exec")->name, "exec");
}

// A rule whose type or field has another name in a newer Kubernetes would be silent.
TEST(Rules, AreOfFieldsThatThereAre) {
  std::size_t rules = 0;
  for (const auto& type : openapi::types()) {
    for (const auto& field : type.fields) {
      rules += openapi::rule_of(type, field) != nullptr;
      rules += openapi::key_rule_of(type, field) != nullptr;
      rules += openapi::choices_of(type, field) != nullptr;
    }
  }
  EXPECT_EQ(rules, openapi::count_of_rules());
}

}  // namespace
}  // namespace stepop::request
