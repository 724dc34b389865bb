#include "kube/pod_parser.hpp"

#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

constexpr const char* whole_pod = R"({
 "kind":"Pod","apiVersion":"v1",
 "metadata":{"name":"a-1","namespace":"dev","uid":"u1","resourceVersion":"42","generation":1,
   "creationTimestamp":"2024-05-06T07:08:09Z","deletionTimestamp":"2024-05-06T08:00:00Z",
   "deletionGracePeriodSeconds":30,
   "labels":{"app":"x","l\u0061bel":"q\"uoted"},"annotations":{"note":"text"},
   "ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"j","uid":"ju","controller":true}],
   "finalizers":["batch.kubernetes.io/job-tracking"],
   "managedFields":[{"manager":"m","fieldsV1":{"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{}}}}}}]},
 "spec":{"nodeName":"n1","restartPolicy":"Never","serviceAccountName":"sa","activeDeadlineSeconds":60,
   "terminationGracePeriodSeconds":5,"schedulingGates":[{"name":"g"}],"nodeSelector":{"name":"no"},
   "initContainers":[{"name":"init","image":"i","restartPolicy":"Always"}],
   "containers":[{"name":"main","image":"busybox","resources":{"limits":{"cpu":"1","memory":"64Mi"},
      "requests":{"memory":"32Mi"}},"env":[{"name":"other","value":"v"}]}]},
 "status":{"phase":"Failed","reason":"Evicted","message":"low","podIP":"10.0.0.1","hostIP":"10.0.0.2",
   "startTime":"2024-05-06T07:08:10Z",
   "conditions":[{"type":"PodScheduled","status":"True","lastTransitionTime":"2024-05-06T07:08:09Z"},
     {"type":"DisruptionTarget","status":"True","reason":"TerminationByKubelet","message":"m"}],
   "initContainerStatuses":[{"name":"init","ready":true,"restartCount":1,"state":{"running":{"startedAt":"2024-05-06T07:08:11Z"}}}],
   "containerStatuses":[{"name":"main","ready":false,"restartCount":2,"image":"busybox","imageID":"x",
     "containerID":"containerd://c2","started":false,
     "state":{"terminated":{"exitCode":137,"signal":9,"reason":"OOMKilled","message":"tail",
       "startedAt":"2024-05-06T07:08:12Z","finishedAt":"2024-05-06T07:08:13Z","containerID":"containerd://c2"}},
     "lastState":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}}}]}})";

TEST(PodParser, ReadsEveryFieldOfThePod) {
  std::string why;
  const auto pod = parse_pod(whole_pod, &why);
  ASSERT_TRUE(pod) << why;
  const ObjectMeta& meta = pod->metadata;
  EXPECT_EQ(meta.name, "a-1");
  EXPECT_EQ(meta.namespace_, "dev");
  EXPECT_EQ(meta.uid, "u1");
  EXPECT_EQ(meta.resource_version, "42");
  EXPECT_EQ(meta.creation_timestamp, parse_rfc3339("2024-05-06T07:08:09Z"));
  EXPECT_EQ(meta.deletion_timestamp, parse_rfc3339("2024-05-06T08:00:00Z"));
  EXPECT_EQ(meta.deletion_grace_seconds, 30);
  EXPECT_EQ(meta.labels, (StringMap{{"app", "x"}, {"label", "q\"uoted"}}));
  EXPECT_EQ(meta.annotations.get("note"), "text");
  ASSERT_EQ(meta.owner_references.size(), 1u);
  EXPECT_EQ(meta.owner_references[0], (OwnerReference{"Job", "j", "ju", true}));
  EXPECT_EQ(meta.finalizers, std::vector<std::string>{"batch.kubernetes.io/job-tracking"});

  EXPECT_EQ(pod->node_name, "n1");
  EXPECT_EQ(pod->restart_policy, "Never");
  EXPECT_EQ(pod->service_account_name, "sa");
  EXPECT_EQ(pod->active_deadline_seconds, 60);
  EXPECT_EQ(pod->termination_grace_seconds, 5);
  EXPECT_EQ(pod->scheduling_gates, std::vector<std::string>{"g"});
  ASSERT_EQ(pod->init_containers.size(), 1u);
  EXPECT_EQ(pod->init_containers[0].restart_policy, "Always");
  ASSERT_EQ(pod->containers.size(), 1u);
  EXPECT_EQ(pod->containers[0], (Container{"main", "busybox", "64Mi", "32Mi", ""}));

  EXPECT_EQ(pod->phase, PodPhase::Failed);
  EXPECT_EQ(pod->reason, "Evicted");
  EXPECT_EQ(pod->message, "low");
  EXPECT_EQ(pod->pod_ip, "10.0.0.1");
  EXPECT_EQ(pod->host_ip, "10.0.0.2");
  EXPECT_TRUE(pod->start_time);
  ASSERT_NE(pod->condition("DisruptionTarget"), nullptr);
  EXPECT_EQ(pod->condition("DisruptionTarget")->reason, "TerminationByKubelet");
  EXPECT_EQ(pod->condition("Ready"), nullptr);

  ASSERT_NE(pod->init_container_status("init"), nullptr);
  EXPECT_EQ(pod->init_container_status("init")->state.kind, ContainerState::Kind::Running);
  const ContainerStatus* main = pod->container_status("main");
  ASSERT_NE(main, nullptr);
  EXPECT_EQ(main->restart_count, 2);
  EXPECT_EQ(main->started, false);
  EXPECT_EQ(main->state.kind, ContainerState::Kind::Terminated);
  EXPECT_EQ(main->state.exit_code, 137);
  EXPECT_EQ(main->state.signal, 9);
  EXPECT_EQ(main->state.reason, "OOMKilled");
  EXPECT_EQ(main->state.message, "tail");
  EXPECT_EQ(main->state.container_id, "containerd://c2");
  EXPECT_TRUE(main->state.started_at && main->state.finished_at);
  EXPECT_EQ(main->last_state.kind, ContainerState::Kind::Waiting);
  EXPECT_EQ(main->last_state.reason, "CrashLoopBackOff");
}

TEST(PodParser, LeavesDefaultsForNullsAndWrongTypes) {
  std::string why;
  const auto pod = parse_pod(R"({"metadata":{"name":7,"labels":null,"annotations":["a"],"uid":{"x":"y"},
        "ownerReferences":{},"finalizers":[1,null,"f",["g"]],"creationTimestamp":null,
        "deletionGracePeriodSeconds":"x"},
        "spec":[1,{"nodeName":"no"}],
        "status":{"phase":"Dancing","conditions":[null,1,[],{"type":"T"}],
          "containerStatuses":[{"name":"a","state":{"waiting":null,"running":{"startedAt":5}},
            "restartCount":99999999999,"ready":"yes","lastState":{}}]}})",
                             &why);
  ASSERT_TRUE(pod) << why;
  EXPECT_EQ(pod->metadata.name, "");
  EXPECT_EQ(pod->metadata.uid, "");
  EXPECT_TRUE(pod->metadata.labels.empty());
  EXPECT_TRUE(pod->metadata.annotations.empty());
  EXPECT_TRUE(pod->metadata.owner_references.empty());
  EXPECT_EQ(pod->metadata.finalizers, std::vector<std::string>{"f"});
  EXPECT_FALSE(pod->metadata.creation_timestamp);
  EXPECT_EQ(pod->node_name, "");
  EXPECT_EQ(pod->phase, PodPhase::None);
  ASSERT_EQ(pod->conditions.size(), 1u);
  EXPECT_EQ(pod->conditions[0].type, "T");
  ASSERT_EQ(pod->container_statuses.size(), 1u);
  EXPECT_EQ(pod->container_statuses[0].state.kind, ContainerState::Kind::Running);
  EXPECT_FALSE(pod->container_statuses[0].state.started_at);
  EXPECT_EQ(pod->container_statuses[0].restart_count, 0);
  EXPECT_FALSE(pod->container_statuses[0].ready);
  EXPECT_EQ(pod->container_statuses[0].last_state.kind, ContainerState::Kind::None);
}

TEST(PodParser, RefusesWhatIsNoPod) {
  std::string why;
  EXPECT_FALSE(parse_pod("", &why));
  EXPECT_FALSE(parse_pod("{", &why));
  EXPECT_FALSE(parse_pod("[]", &why));
  EXPECT_EQ(why, "no JSON object");
  EXPECT_FALSE(parse_pod("\"x\"", &why));
  EXPECT_FALSE(parse_pod("{} x", &why));
  EXPECT_FALSE(parse_pod(R"({"kind":"Status"})", &why));
  EXPECT_EQ(why, "a Status, not a Pod");
  EXPECT_FALSE(parse_pod(std::string(100000, '['), &why));
  EXPECT_TRUE(parse_pod("{}"));
}

TEST(PodParser, SkipsDeepUnknownFields) {
  std::string json = R"({"metadata":{"deep":)";
  for (int i = 0; i < 100; ++i) json += R"({"a":[)";
  json.resize(json.size() - 1);
  json += "1";
  for (int i = 0; i < 99; ++i) json += "}]";
  json += R"(},"name":"n"}})";
  // 200 levels are more than any object has.
  EXPECT_FALSE(parse_pod(json));
  EXPECT_EQ(parse_pod(R"({"metadata":{"deep":[[[{"name":"x"}]]],"name":"n"}})")->metadata.name, "n");
}

TEST(PodParser, ReadsAPageOfAList) {
  const auto list = parse_pod_list(R"({"kind":"PodList","apiVersion":"v1",
        "metadata":{"resourceVersion":"100","continue":"tok","remainingItemCount":3},
        "items":[{"metadata":{"name":"a","uid":"1"}},{"metadata":{"name":"b","uid":"2"},"status":{"phase":"Running"}}]})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->resource_version, "100");
  EXPECT_EQ(list->continue_token, "tok");
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[0].metadata.name, "a");
  EXPECT_EQ(list->items[1].phase, PodPhase::Running);
}

TEST(PodParser, ReadsAnEmptyListOfNull) {
  const auto list = parse_pod_list(R"({"kind":"PodList","metadata":{"resourceVersion":"1"},"items":null})");
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->items.empty());
}

TEST(PodParser, ReadsWatchLinesOfEachType) {
  const WatchLine added = parse_watch_line(R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a"}}})");
  EXPECT_EQ(added.type, WatchLine::Type::Added);
  EXPECT_EQ(added.pod.metadata.name, "a");
  // The order of the keys means nothing.
  EXPECT_EQ(parse_watch_line(R"({"object":{"metadata":{"name":"a"}},"type":"DELETED"})").type,
            WatchLine::Type::Deleted);
  const WatchLine gone = parse_watch_line(
      R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old","reason":"Expired","code":410}})");
  EXPECT_EQ(gone.type, WatchLine::Type::Error);
  EXPECT_TRUE(is_expired(gone.status));
}

TEST(PodParser, TellsTheLastBookmarkOfAStreamingListFromOthers) {
  const WatchLine plain = parse_watch_line(
      R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"7","creationTimestamp":null},"spec":{"containers":null},"status":{}}})");
  EXPECT_EQ(plain.type, WatchLine::Type::Bookmark);
  EXPECT_EQ(plain.pod.metadata.resource_version, "7");
  EXPECT_FALSE(plain.initial_events_end);
  EXPECT_TRUE(
      parse_watch_line(
          R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}})")
          .initial_events_end);
}

TEST(PodParser, CallsALineMalformedRatherThanGuess) {
  for (const char* line :
       {"", "{", "null", R"({"type":"ADDED"})", R"({"object":{}})", R"({"type":"DANCED","object":{}})",
        R"({"type":"ADDED","object":null})", R"({"type":"ADDED","object":{"kind":"Status"}})"}) {
    const WatchLine read = parse_watch_line(line);
    EXPECT_EQ(read.type, WatchLine::Type::Malformed) << line;
    EXPECT_NE(read.problem, "") << line;
  }
}

TEST(StringMap, KeepsTheLastOfTwoValues) {
  EXPECT_EQ(parse_pod(R"({"metadata":{"labels":{"a":"1","a":"2"}}})")->metadata.labels, (StringMap{{"a", "2"}}));
}

TEST(PodParser, ReadsAListWhoseItemsSayTheirKind) {
  const auto list = parse_pod_list(R"({"kind":"PodList","items":[{"kind":"Pod","metadata":{"name":"a"}}]})");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 1u);
  EXPECT_EQ(list->items[0].metadata.name, "a");
}

TEST(PodParser, ReadsOfAJobWhatItHasInCommonWithAPod) {
  std::string why;
  const std::string_view text = R"({"kind":"Job","metadata":{"name":"train","uid":"u","resourceVersion":"7"},
    "spec":{"suspend":true,"template":{"metadata":{"name":"t"},"spec":{"containers":[{"name":"main"}]}}},
    "status":{"active":1,"conditions":[{"type":"Suspended","status":"True","reason":"JobSuspended"}]}})";
  const auto job = parse_pod(text, &why, Resource::Jobs);
  ASSERT_TRUE(job) << why;
  EXPECT_EQ(job->metadata.name, "train") << "not its template's";
  EXPECT_TRUE(job->suspended);
  EXPECT_EQ(job->condition("Suspended")->reason, "JobSuspended");
  EXPECT_TRUE(job->containers.empty());
  EXPECT_FALSE(parse_pod(text, &why)) << "it is no Pod";
  EXPECT_EQ(why, "a Job, not a Pod");
  EXPECT_EQ(parse_watch_line("{\"type\":\"ADDED\",\"object\":" + std::string(text) + "}", Resource::Jobs).type,
            WatchLine::Type::Added);
  EXPECT_TRUE(parse_pod_list(R"({"kind":"JobList","items":[]})", &why, Resource::Jobs)) << why;
}

}  // namespace
}  // namespace stepop::kube
