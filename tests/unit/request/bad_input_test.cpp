// Each mistake that a host or a user can make, and the words that they get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asking.hpp"

namespace stepop::request {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

struct BadInput {
  const char* name;
  const char* text;
  std::vector<std::string> mistakes;  // all of them
};
void PrintTo(const BadInput& input, std::ostream* out) {
  *out << input.text;
}
std::string name_of(const testing::TestParamInfo<BadInput>& info) {
  return info.param.name;
}

// clang-format off
const std::vector<BadInput> bad_requests{
    {"EverythingMissing",
     "{}",
     {"MissingKey step_run_id: found nothing, expected a text of 1 to 4096 bytes (The step's identity, and its idempotency key: the same id (of the same owner) is the same step, in this process or the next.)",
      "MissingKey image: found nothing, expected an image such as registry.example/team/image:tag, without white space (The container image that the step runs in.)"}},
    {"EmptyId",
     R"({"step_run_id":"","image":"i"})",
     {"InvalidValue step_run_id: found an empty text, expected a text of 1 to 4096 bytes"}},
    {"IdThatIsANumber",
     R"({"step_run_id":7,"image":"i"})",
     {"WrongType step_run_id: found 7, expected a text of 1 to 4096 bytes"}},
    {"EmptyImage",
     R"({"step_run_id":"a","image":""})",
     {R"(InvalidValue image: found "", expected an image such as registry.example/team/image:tag, without white space)"}},
    {"ImageWithASpace",
     R"({"step_run_id":"a","image":"two words"})",
     {R"(InvalidValue image: found "two words", expected an image such as registry.example/team/image:tag, without white space)"}},
    {"NullImage",
     R"({"step_run_id":"a","image":null})",
     {"WrongType image: found null, expected an image such as registry.example/team/image:tag, without white space"}},
    {"UnknownKeyOfARequest",
     R"({"step_run_id":"a","image":"i","comand":["x"]})",
     {"UnknownKey comand: found an unknown key, expected one of args, command, environment, image, pipeline, project_id, run_id, run_name, settings, step_name, step_run_id (did you mean `command`?)"}},
    {"CommandAsOneText",
     R"({"step_run_id":"a","image":"i","command":"python train.py"})",
     {R"(WrongType command: found one text, expected a list of texts (write it as a list; for a shell's line: ["sh", "-c", "..."]))"}},
    {"CommandWithANumber",
     R"({"step_run_id":"a","image":"i","command":["x",3]})",
     {"WrongType command[1]: found a number, expected a text of at most 131071 bytes (put it in quotes)"}},
    {"CommandWithoutAProgram",
     R"({"step_run_id":"a","image":"i","command":["","x"]})",
     {"InvalidValue command[0]: found an empty text, expected a program to run"}},
    {"ArgsAsAnObject",
     R"({"step_run_id":"a","image":"i","args":{"a":1}})",
     {"WrongType args: found an object, expected a list of texts"}},
    {"ArgumentWithNul",
     R"({"step_run_id":"a","image":"i","args":["a\u0000b"]})",
     {"InvalidValue args[0]: found a NUL character, expected text without one"}},
    {"EnvironmentAsAList",
     R"({"step_run_id":"a","image":"i","environment":["A=b"]})",
     {"WrongType environment: found a list, expected an object of texts"}},
    {"VariableThatIsANumber",
     R"({"step_run_id":"a","image":"i","environment":{"A":1}})",
     {"WrongType environment.A: found a number, expected a text of at most 131071 bytes (put it in quotes)"}},
    {"VariablesWithBadNames",
     R"({"step_run_id":"a","image":"i","environment":{"A=B":"x","":"y","ä":"z"}})",
     {R"(InvalidValue environment["A=B"]: found "A=B", expected the name of an environment variable: printable ASCII without `=`)",
      R"(InvalidValue environment[""]: found "", expected the name of an environment variable: printable ASCII without `=`)",
      R"(InvalidValue environment["ä"]: found "ä", expected the name of an environment variable: printable ASCII without `=`)"}},
    {"VariableOfStepop",
     R"({"step_run_id":"a","image":"i","environment":{"STEPOP_ATTEMPT":"1"}})",
     {"ReservedKey environment.STEPOP_ATTEMPT: found a variable that stepop sets itself, expected a name of your own"}},
    {"SettingsAsAList",
     R"({"step_run_id":"a","image":"i","settings":[]})",
     {"WrongType settings: found a list, expected an object"}},
    {"UnknownSetting",
     R"({"step_run_id":"a","image":"i","settings":{"kubernetes_namespce":"x"}})",
     {"UnknownKey settings.kubernetes_namespce: found an unknown key, expected one of cleanup, fail_on_container_waiting_reasons, kubernetes_namespace, lost_after_seconds, max_disruption_restarts, max_startup_retries, on_node_lost, pod_settings, refusal_grace_seconds, scheduling_timeout_seconds, startup_timeout_seconds, waiting_reason_grace_seconds (did you mean `kubernetes_namespace`?)"}},
    {"NamespaceWithCapitals",
     R"({"step_run_id":"a","image":"i","settings":{"kubernetes_namespace":"ML_Team"}})",
     {R"(InvalidValue settings.kubernetes_namespace: found "ML_Team", expected at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends (an RFC 1123 label))"}},
    {"MistypedCleanup",
     R"({"step_run_id":"a","image":"i","settings":{"cleanup":"onsuccess"}})",
     {R"(InvalidValue settings.cleanup: found "onsuccess", expected one of on_success, never, always (did you mean `on_success`?))"}},
    {"CleanupThatIsABoolean",
     R"({"step_run_id":"a","image":"i","settings":{"cleanup":true}})",
     {"WrongType settings.cleanup: found true, expected one of on_success, never, always"}},
    {"TimeoutOfZero",
     R"({"step_run_id":"a","image":"i","settings":{"startup_timeout_seconds":0}})",
     {"OutOfRange settings.startup_timeout_seconds: found 0, expected a whole number of seconds from 1 to 315360000 (ten years)"}},
    {"TimeoutAsText",
     R"({"step_run_id":"a","image":"i","settings":{"startup_timeout_seconds":"600"}})",
     {R"(WrongType settings.startup_timeout_seconds: found "600", expected a whole number of seconds from 1 to 315360000 (ten years))"}},
    {"TimeoutWithAFraction",
     R"({"step_run_id":"a","image":"i","settings":{"startup_timeout_seconds":1.5}})",
     {"OutOfRange settings.startup_timeout_seconds: found 1.5, expected a whole number of seconds from 1 to 315360000 (ten years)"}},
    {"TimeoutBeyondAllNumbers",
     R"({"step_run_id":"a","image":"i","settings":{"startup_timeout_seconds":18446744073709551615}})",
     {"OutOfRange settings.startup_timeout_seconds: found 18446744073709551615, expected a whole number of seconds from 1 to 315360000 (ten years)"}},
    {"NegativeAndEndlessTimes",
     R"({"step_run_id":"a","image":"i","settings":{"lost_after_seconds":-1,"refusal_grace_seconds":1e300}})",
     {"OutOfRange settings.lost_after_seconds: found -1, expected a whole number of seconds from 0 to 315360000 (ten years)",
      "OutOfRange settings.refusal_grace_seconds: found 1e+300, expected a whole number of seconds from 0 to 315360000 (ten years)"}},
    {"ReasonsAsOneText",
     R"({"step_run_id":"a","image":"i","settings":{"fail_on_container_waiting_reasons":"ErrImagePull"}})",
     {R"(WrongType settings.fail_on_container_waiting_reasons: found "ErrImagePull", expected a list, each element a container's waiting reason such as ImagePullBackOff)"}},
    {"ReasonsThatAreNoWords",
     R"({"step_run_id":"a","image":"i","settings":{"fail_on_container_waiting_reasons":["Err ImagePull",""]}})",
     {R"(InvalidValue settings.fail_on_container_waiting_reasons[0]: found "Err ImagePull", expected a container's waiting reason such as ImagePullBackOff)",
      R"(InvalidValue settings.fail_on_container_waiting_reasons[1]: found "", expected a container's waiting reason such as ImagePullBackOff)"}},
    {"UnknownPodSetting",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resorces":{}}}})",
     {"UnknownKey settings.pod_settings.resorces: found an unknown key, expected one of annotations, labels, node_selectors, resources, tolerations (did you mean `resources`?)"}},
    {"UnknownListOfResources",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"requets":{}}}}})",
     {"UnknownKey settings.pod_settings.resources.requets: found an unknown key, expected one of limits, requests (did you mean `requests`?)"}},
    {"QuantityWithASpace",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"memory":"4 GB"}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.limits.memory: found "4 GB", expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi (did you mean `4G`?))"}},
    {"QuantitiesInOtherSpellings",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"memory":"512MB","cpu":"1,5"}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.limits.memory: found "512MB", expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi (did you mean `512M`?))",
      R"(InvalidValue settings.pod_settings.resources.limits.cpu: found "1,5", expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi)"}},
    {"NegativeQuantity",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"memory":-1}}}}})",
     {"InvalidValue settings.pod_settings.resources.limits.memory: found -1, expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi"}},
    {"ResourceWithoutAVendor",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"gpu":1}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.limits.gpu: found "gpu", expected cpu, memory, ephemeral-storage, hugepages-<size>, or an extended resource such as nvidia.com/gpu)"}},
    {"HalfAGpu",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"nvidia.com/gpu":"500m"}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.limits["nvidia.com/gpu"]: found "500m", expected a whole number: nvidia.com/gpu is an extended resource)"}},
    {"GpuRequestWithoutALimit",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"requests":{"nvidia.com/gpu":1}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.requests["nvidia.com/gpu"]: found a request without a limit, expected the same amount in limits: nvidia.com/gpu cannot be overcommitted)"}},
    {"GpuRequestBelowItsLimit",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"requests":{"nvidia.com/gpu":1},"limits":{"nvidia.com/gpu":2}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.requests["nvidia.com/gpu"]: found "1", expected the same amount as the limit, 2: nvidia.com/gpu cannot be overcommitted (requests and limits in the operator's configuration count too))"}},
    {"RequestAboveItsLimit",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"requests":{"memory":"2Gi"},"limits":{"memory":"1G"}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.requests.memory: found "2Gi", expected at most the limit, 1G (requests and limits in the operator's configuration count too))"}},
    {"HugePagesThatDoNotAddUp",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"requests":{"hugepages-2Mi":"3Mi"},"limits":{"hugepages-2Mi":"3Mi"}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.requests.hugepages-2Mi: found "3Mi", expected a multiple of the page size)",
      R"(InvalidValue settings.pod_settings.resources.limits.hugepages-2Mi: found "3Mi", expected a multiple of the page size)",
      "InvalidValue settings.pod_settings.resources: found huge pages alone, expected a request or limit of cpu or memory with them"}},
    {"ResourceClaims",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"claims":[]}}}})",
     {"UnknownKey settings.pod_settings.resources.claims: found an unknown key, expected one of limits, requests"}},
    {"LabelValueWithASpace",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"labels":{"team":"a b"}}}})",
     {R"(InvalidValue settings.pod_settings.labels.team: found "a b", expected a label value: at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, or nothing)"}},
    {"LabelValueOf64Characters",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"labels":{"team":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}}})",
     {R"(InvalidValue settings.pod_settings.labels.team: found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", expected a label value: at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, or nothing (it has 64 characters))"}},
    {"LabelKeysThatAreNone",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"labels":{"-team":"x","a/b/c":"x","/x":"y","Cap.io/x":"y"}}}})",
     {R"(InvalidValue settings.pod_settings.labels.-team: found "-team", expected a label key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS subdomain)",
      R"(InvalidValue settings.pod_settings.labels["a/b/c"]: found "a/b/c", expected a label key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS subdomain)",
      R"(InvalidValue settings.pod_settings.labels["/x"]: found "/x", expected a label key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS subdomain)",
      R"(InvalidValue settings.pod_settings.labels["Cap.io/x"]: found "Cap.io/x", expected a label key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS subdomain)"}},
    {"LabelValuesThatAreNoText",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"labels":{"version":1.10,"on":true}}}})",
     {"WrongType settings.pod_settings.labels.version: found 1.1, expected a label value: at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, or nothing (put it in quotes)",
      "WrongType settings.pod_settings.labels.on: found true, expected a label value: at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, or nothing (put it in quotes)"}},
    {"LabelsOfStepopAndZenml",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"labels":{"pipeline":"mine","stepop.dev/owner":"me","app.kubernetes.io/managed-by":"helm"}}}})",
     {"ReservedKey settings.pod_settings.labels.pipeline: found a label that every step gets from its request, expected a key of your own (put it under a prefix: `example.com/pipeline`)",
      R"(ReservedKey settings.pod_settings.labels["stepop.dev/owner"]: found a key that stepop writes itself, expected a key of your own)",
      R"(ReservedKey settings.pod_settings.labels["app.kubernetes.io/managed-by"]: found a key that stepop writes itself, expected a key of your own)"}},
    {"AnnotationsOfStepopAndBadOnes",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"annotations":{"stepop.dev/policy":"{}","a b":"x","n":5}}}})",
     {R"(ReservedKey settings.pod_settings.annotations["stepop.dev/policy"]: found a key that stepop writes itself, expected a key of your own)",
      R"(InvalidValue settings.pod_settings.annotations["a b"]: found "a b", expected an annotation key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS subdomain)",
      "WrongType settings.pod_settings.annotations.n: found 5, expected a text of at most 196608 bytes (put it in quotes)"}},
    {"NodeSelectorsThatAreNone",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"node_selectors":{"disk":["ssd"],"x!":"y"}}}})",
     {"WrongType settings.pod_settings.node_selectors.disk: found a list, expected a label value: at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, or nothing",
      R"(InvalidValue settings.pod_settings.node_selectors["x!"]: found "x!", expected a label key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS subdomain)"}},
    {"TolerationsAsAnObject",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":{"key":"a"}}}})",
     {"WrongType settings.pod_settings.tolerations: found an object, expected a list, each element an object with key, operator, value, effect, tolerationSeconds"}},
    {"TolerationAsAText",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":["a"]}}})",
     {R"(WrongType settings.pod_settings.tolerations[0]: found "a", expected an object)"}},
    {"OperatorInLowerCase",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a","operator":"exists"}]}}})",
     {R"(InvalidValue settings.pod_settings.tolerations[0].operator: found "exists", expected one of Equal, Exists (did you mean `Exists`?))"}},
    {"TolerationWithoutAKey",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"operator":"Equal"}]}}})",
     {"InvalidValue settings.pod_settings.tolerations[0]: found no key, expected a key, or the operator Exists (which tolerates every taint)"}},
    {"ValueWithExists",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a","operator":"Exists","value":"b"}]}}})",
     {R"(InvalidValue settings.pod_settings.tolerations[0].value: found "b", expected no value with the operator Exists)"}},
    {"UnknownEffect",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a","value":"b","effect":"NoExecuted"}]}}})",
     {R"(InvalidValue settings.pod_settings.tolerations[0].effect: found "NoExecuted", expected one of NoSchedule, PreferNoSchedule, NoExecute (did you mean `NoExecute`?))"}},
    {"BothSpellingsOfOneField",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a","tolerationSeconds":3,"toleration_seconds":4,"effect":"NoExecute"}]}}})",
     {"DuplicateKey settings.pod_settings.tolerations[0].toleration_seconds: found both `tolerationSeconds` and `toleration_seconds`, expected one of them"}},
    {"SecondsWithoutNoExecute",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a","tolerationSeconds":3}]}}})",
     {"InvalidValue settings.pod_settings.tolerations[0].effect: found nothing, expected NoExecute, because tolerationSeconds is given"}},
    {"SecondsMistypedAndAsText",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a","tolerationseconds":3},{"key":"b","tolerationSeconds":"3"}]}}})",
     {"UnknownKey settings.pod_settings.tolerations[0].tolerationseconds: found an unknown key, expected one of effect, key, operator, tolerationSeconds, value (did you mean `tolerationSeconds`?)",
      R"(WrongType settings.pod_settings.tolerations[1].tolerationSeconds: found "3", expected a whole number of seconds)"}},
    {"TolerationOfABadKeyAndValue",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a b","value":"c d"}]}}})",
     {R"(InvalidValue settings.pod_settings.tolerations[0].key: found "a b", expected a label key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS subdomain)",
      R"(InvalidValue settings.pod_settings.tolerations[0].value: found "c d", expected a label value: at most 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends, or nothing)"}},
    {"NullSettings",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":null,"cleanup":null}})",
     {"WrongType settings.pod_settings: found null, expected an object (leave the key out for the default)",
      "WrongType settings.cleanup: found null, expected one of on_success, never, always (leave the key out for the default)"}},
    {"SettingInTheWrongPlace",
     R"({"step_run_id":"a","image":"i","kubernetes_namespace":"x"})",
     {"UnknownKey kubernetes_namespace: found an unknown key, expected one of args, command, environment, image, pipeline, project_id, run_id, run_name, settings, step_name, step_run_id (it belongs in `settings`)"}},
    {"PodSettingsInTheWrongPlaces",
     R"({"step_run_id":"a","image":"i","resources":{},"settings":{"resources":{}}})",
     {"UnknownKey resources: found an unknown key, expected one of args, command, environment, image, pipeline, project_id, run_id, run_name, settings, step_name, step_run_id (it belongs in `settings.pod_settings`)",
      "UnknownKey settings.resources: found an unknown key, expected one of cleanup, fail_on_container_waiting_reasons, kubernetes_namespace, lost_after_seconds, max_disruption_restarts, max_startup_retries, on_node_lost, pod_settings, refusal_grace_seconds, scheduling_timeout_seconds, startup_timeout_seconds, waiting_reason_grace_seconds (it belongs in `pod_settings`)"}},
    {"ConfigurationInAStep",
     R"({"step_run_id":"a","image":"i","settings":{"owner":"x"}})",
     {"UnknownKey settings.owner: found an unknown key, expected one of cleanup, fail_on_container_waiting_reasons, kubernetes_namespace, lost_after_seconds, max_disruption_restarts, max_startup_retries, on_node_lost, pod_settings, refusal_grace_seconds, scheduling_timeout_seconds, startup_timeout_seconds, waiting_reason_grace_seconds"}},
    {"UnitsThatAreNone",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"memory":"1Zi","cpu":"1e","ephemeral-storage":""}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.limits.memory: found "1Zi", expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi)",
      R"(InvalidValue settings.pod_settings.resources.limits.cpu: found "1e", expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi)",
      R"(InvalidValue settings.pod_settings.resources.limits.ephemeral-storage: found "", expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi)"}},
    {"QuantityBeyondTheLargest",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"memory":"9223372036854775808","cpu":true}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.limits.memory: found "9223372036854775808", expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi)",
      "WrongType settings.pod_settings.resources.limits.cpu: found true, expected a quantity from 0 to 2^63 - 1, such as 2, 500m or 4Gi"}},
    {"MapsThatAreNone",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"labels":[{"a":"b"}],"node_selectors":"disk=ssd"}}})",
     {"WrongType settings.pod_settings.labels: found a list, expected an object of texts",
      R"(WrongType settings.pod_settings.node_selectors: found "disk=ssd", expected an object of texts)"}},
    {"FractionOfASecond",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"tolerations":[{"key":"a","toleration_seconds":1.5,"effect":"NoExecute"}]}}})",
     {"WrongType settings.pod_settings.tolerations[0].toleration_seconds: found 1.5, expected a whole number of seconds"}},
    {"PagesOfNoSize",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"hugepages-big":"2Mi","cpu":1}}}}})",
     {"InvalidValue settings.pod_settings.resources.limits.hugepages-big: found no page size in the name, expected hugepages-<size>, such as hugepages-2Mi"}},
    {"QuotaNameOfAResource",
     R"({"step_run_id":"a","image":"i","settings":{"pod_settings":{"resources":{"limits":{"requests.nvidia.com/gpu":1}}}}})",
     {R"(InvalidValue settings.pod_settings.resources.limits["requests.nvidia.com/gpu"]: found "requests.nvidia.com/gpu", expected cpu, memory, ephemeral-storage, hugepages-<size>, or an extended resource such as nvidia.com/gpu)"}},
    {"NamesThatAreNoText",
     R"({"step_run_id":"a","image":"i","step_name":["x"],"pipeline":3,"run_id":false,"run_name":{},"project_id":1.5})",
     {"WrongType step_name: found a list, expected a text of at most 4096 bytes",
      "WrongType pipeline: found 3, expected a text of at most 4096 bytes (put it in quotes)",
      "WrongType run_id: found false, expected a text of at most 4096 bytes (put it in quotes)",
      "WrongType run_name: found an object, expected a text of at most 4096 bytes",
      "WrongType project_id: found 1.5, expected a text of at most 4096 bytes (put it in quotes)"}},
};

const std::vector<BadInput> bad_configs{
    {"NoOwner",
     "{}",
     {"MissingKey owner: found nothing, expected 1 to 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends (Whose steps these are: a name of this host's own, made once and kept beside its journal. Steps are found again by owner and step_run_id, so two hosts that share one share their steps.)"}},
    {"EmptyOwner",
     R"({"owner":""})",
     {R"(InvalidValue owner: found "", expected 1 to 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends)"}},
    {"OwnerWithASlashAndUnknownKey",
     R"({"owner":"a/b","kubernetes_contxt":"c"})",
     {R"(InvalidValue owner: found "a/b", expected 1 to 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends)",
      "UnknownKey kubernetes_contxt: found an unknown key, expected one of cleanup, fail_on_container_waiting_reasons, kubeconfig, kubernetes_context, kubernetes_namespace, lost_after_seconds, max_disruption_restarts, max_startup_retries, on_node_lost, owner, pod_settings, refusal_grace_seconds, scheduling_timeout_seconds, startup_timeout_seconds, waiting_reason_grace_seconds (did you mean `kubernetes_context`?)"}},
    {"OwnerOf64Characters",
     R"({"owner":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"})",
     {R"(InvalidValue owner: found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", expected 1 to 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends (it has 64 characters))"}},
    {"EmptyContextAndPathOfTwoLines",
     R"({"owner":"me","kubernetes_context":"","kubeconfig":"a\nb"})",
     {R"(InvalidValue kubernetes_context: found "", expected a line of text that is not empty)",
      R"(InvalidValue kubeconfig: found "a\nb", expected a line of text that is not empty)"}},
    {"KubeconfigAsAList",
     R"({"owner":"me","kubeconfig":["a"]})",
     {"WrongType kubeconfig: found a list, expected a line of text that is not empty"}},
    {"NullContext",
     R"({"owner":"me","kubernetes_context":null})",
     {"WrongType kubernetes_context: found null, expected a line of text that is not empty (leave the key out for the default)"}},
    {"ZenmlLabelForEveryStep",
     R"({"owner":"me","pod_settings":{"labels":{"run":"x"}}})",
     {"ReservedKey pod_settings.labels.run: found a label that every step gets from its request, expected a key of your own (put it under a prefix: `example.com/run`)"}},
    {"RequestInAConfiguration",
     R"({"owner":"me","image":"i","settings":{}})",
     {"UnknownKey image: found an unknown key, expected one of cleanup, fail_on_container_waiting_reasons, kubeconfig, kubernetes_context, kubernetes_namespace, lost_after_seconds, max_disruption_restarts, max_startup_retries, on_node_lost, owner, pod_settings, refusal_grace_seconds, scheduling_timeout_seconds, startup_timeout_seconds, waiting_reason_grace_seconds",
      "UnknownKey settings: found an unknown key, expected one of cleanup, fail_on_container_waiting_reasons, kubeconfig, kubernetes_context, kubernetes_namespace, lost_after_seconds, max_disruption_restarts, max_startup_retries, on_node_lost, owner, pod_settings, refusal_grace_seconds, scheduling_timeout_seconds, startup_timeout_seconds, waiting_reason_grace_seconds (settings stand beside `owner`)"}},
    {"DefaultOutOfRange",
     R"({"owner":"me","startup_timeout_seconds":0})",
     {"OutOfRange startup_timeout_seconds: found 0, expected a whole number of seconds from 1 to 315360000 (ten years)"}},
};
// clang-format on

class BadRequest : public testing::TestWithParam<BadInput> {};

TEST_P(BadRequest, IsRefusedWithEveryMistakeInTheseWords) {
  EXPECT_THAT(mistakes_in_request(object(GetParam().text)), ElementsAreArray(GetParam().mistakes));
}
INSTANTIATE_TEST_SUITE_P(Table, BadRequest, testing::ValuesIn(bad_requests), name_of);

class BadConfig : public testing::TestWithParam<BadInput> {};

TEST_P(BadConfig, IsRefusedWithEveryMistakeInTheseWords) {
  EXPECT_THAT(mistakes_in_config(object(GetParam().text)), ElementsAreArray(GetParam().mistakes));
}
INSTANTIATE_TEST_SUITE_P(Table, BadConfig, testing::ValuesIn(bad_configs), name_of);

TEST(Mistakes, AreOneErrorOfInvalidInput) {
  try {
    parse_request(object(R"({"image": 3, "args": 4})"), config());
    FAIL() << "it was taken";
  } catch (const plugin::Error& error) {
    EXPECT_EQ(error.code(), STEPOP_E_INVALID);
    EXPECT_THAT(error.findings(), SizeIs(3));
    for (const auto& finding : error.findings()) {
      EXPECT_EQ(finding.level, plugin::Finding::Level::error);
      EXPECT_FALSE(finding.retryable);
    }
  }
}

TEST(Mistakes, NeverShowWhatACommandOrAVariableHolds) {
  const auto mistakes = mistakes_in_request(asking(
      R"("command": "run --token s3cret", "args": ["s3cret\u0000"], "environment": {"TOKEN": ["s3cret"], "T": "s3cret\u0000"})"));
  EXPECT_THAT(mistakes, SizeIs(4));
  for (const auto& line : mistakes) EXPECT_THAT(line, Not(HasSubstr("s3cret")));
}

TEST(Mistakes, ShowALongTextCutShort) {
  const std::string megabyte(1 << 20, 'x');
  auto asked = asking();
  asked["image"] = "two words " + megabyte;
  asked["step_name"] = megabyte;
  asked["settings"] = {{"kubernetes_namespace", megabyte}, {megabyte, 1}};
  asked["settings"].get_object()["pod_settings"] =
      json::object{{"labels", json::object{{"a", megabyte}, {megabyte, "b"}}},
                   {"resources", json::object{{"limits", json::object{{"cpu", megabyte}}}}}};
  const auto mistakes = mistakes_in_request(asked);
  EXPECT_THAT(mistakes, SizeIs(7));
  for (const auto& line : mistakes) EXPECT_LT(line.size(), 600u) << line;
}

TEST(Mistakes, CutATextBetweenTheCharactersOfUtf8) {
  std::string text(79, 'x');
  text += "\u00e9\u00e9";
  const auto mistakes = mistakes_in_request(asking(R"("settings": {"kubernetes_namespace": ")" + text + "\"}"));
  EXPECT_THAT(mistakes, ElementsAre(HasSubstr(std::string(79, 'x') + "\"... (83 bytes)")));
}

}  // namespace
}  // namespace stepop::request
