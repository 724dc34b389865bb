// The room against a real API server: KUBECONFIG says which, STEPOP_TEST_IMAGE which image has a
// shell. Every test works in one namespace that is made first and deleted at the end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>

#include "kube/client.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/pod_watch.hpp"
#include "kube/targets.hpp"
#include "kube/tls.hpp"

namespace stepop::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

// A pod starts within seconds on an idle machine; tests share theirs with builds.
constexpr auto patience = 120s;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

class RealCluster : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { namespace_ = "stepop-kube-" + std::to_string(::getpid()); }

  void SetUp() override {
    ASSERT_NE(variable("KUBECONFIG"), "") << "KUBECONFIG must name a cluster for tests";
    ASSERT_NE(variable("STEPOP_TEST_IMAGE"), "") << "STEPOP_TEST_IMAGE must name an image with a shell";
    initialise_tls();
    KubeconfigQuery query;
    query.paths = split_kubeconfig_variable(variable("KUBECONFIG"));
    access = load_kubeconfig(query);
    client.emplace(io, access);
    const Response made = call(Method::Post, "/api/v1/namespaces", R"({"metadata":{"name":")" + namespace_ + R"("}})");
    ASSERT_TRUE(made.status == 201 || made.status == 409) << made.body;
    wait_for_service_account();
  }

  static void TearDownTestSuite() {
    if (variable("KUBECONFIG").empty()) return;
    boost::asio::io_context io;
    KubeconfigQuery query;
    query.paths = split_kubeconfig_variable(variable("KUBECONFIG"));
    Client client(io, load_kubeconfig(query));
    bool done = false;
    client.call({Method::Delete, "/api/v1/namespaces/" + namespace_}, [&](Outcome) { done = true; });
    while (!done) io.run_one();
  }

  /// Pods are refused until the namespace's default account is there.
  void wait_for_service_account() {
    const auto end = std::chrono::steady_clock::now() + patience;
    const std::string target = object_target("", "v1", namespace_, "serviceaccounts", "default");
    while (call(Method::Get, target).status != 200) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      io.restart();
      io.run_for(50ms);
    }
  }

  void run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never happened";
      io.run_one_for(1s);
      if (io.stopped()) io.restart();
    }
  }

  Outcome outcome_of(Client& by, Request request) {
    std::optional<Outcome> got;
    by.call(std::move(request), [&](Outcome outcome) { got = std::move(outcome); });
    run_until([&] { return got.has_value(); });
    return got ? std::move(*got) : Outcome{};
  }
  Response call(Method method, const std::string& target, std::string body = {}) {
    return answer(outcome_of(*client, {method, target, std::move(body)}));
  }
  static Response answer(const Outcome& outcome) {
    if (const auto* error = std::get_if<TransportError>(&outcome)) {
      ADD_FAILURE() << kind_name(error->kind) << ": " << error->message;
      return {};
    }
    return std::get<Response>(outcome);
  }

  static std::string pod_manifest(const std::string& name, const std::string& script, const std::string& spec = {}) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name +
           R"(","labels":{"app":"kube-room"}},"spec":{"restartPolicy":"Never","terminationGracePeriodSeconds":1,)" +
           spec + R"("containers":[{"name":"main","image":")" + variable("STEPOP_TEST_IMAGE") +
           R"(","imagePullPolicy":"IfNotPresent","command":["sh","-c",")" + script + R"("]}]}})";
  }
  /// A selector no node has: the pod stays pending.
  static constexpr const char* nowhere = R"("nodeSelector":{"no":"node"},)";

  WatchOptions watch_options(const std::string& selector = "app=kube-room") {
    WatchOptions options;
    options.namespace_ = namespace_;
    options.label_selector = selector;
    return options;
  }

  void remove_all_pods() {
    call(Method::Delete, pods_target(namespace_) + "?gracePeriodSeconds=0");
    run_until([&] {
      const auto list = parse_pod_list(call(Method::Get, pods_target(namespace_)).body);
      return list && list->items.empty();
    });
  }

  static inline std::string namespace_;
  boost::asio::io_context io{1};
  ClusterAccess access;
  std::optional<Client> client;
};

TEST_F(RealCluster, AnswersManyCallsOverAFewConnections) {
  int answers = 0;
  for (int i = 0; i < 100; ++i) {
    client->call({Method::Get, "/version"}, [&](Outcome outcome) {
      EXPECT_EQ(answer(outcome).status, 200);
      ++answers;
    });
  }
  run_until([&] { return answers == 100; });
  EXPECT_LE(client->counters().connections_opened, 8u);
}

TEST_F(RealCluster, RunsAPodToItsEndUnderAWatch) {
  std::vector<Pod> views;
  std::vector<PodRemoved> removed;
  bool synced = false;
  std::string trouble;
  PodWatch watch(io, *client, watch_options(), [&](WatchNotice notice) {
    if (auto* applied = std::get_if<PodApplied>(&notice)) views.push_back(std::move(applied->pod));
    if (auto* gone = std::get_if<PodRemoved>(&notice)) removed.push_back(std::move(*gone));
    if (std::get_if<Synced>(&notice)) synced = true;
    if (auto* t = std::get_if<WatchTrouble>(&notice)) trouble += t->message + '\n';
  });
  watch.start();
  run_until([&] { return synced; });
  EXPECT_TRUE(views.empty());

  const Response created = call(Method::Post, pods_target(namespace_), pod_manifest("run", "echo out; exit 3"));
  ASSERT_EQ(created.status, 201) << created.body;
  const auto pod = parse_pod(created.body);
  ASSERT_TRUE(pod);
  run_until([&] { return !views.empty() && views.back().phase == PodPhase::Failed; });

  const Pod& last = views.back();
  EXPECT_EQ(last.metadata.uid, pod->metadata.uid);
  EXPECT_FALSE(last.node_name.empty());
  EXPECT_TRUE(last.start_time);
  ASSERT_NE(last.container_status("main"), nullptr);
  const ContainerState& state = last.container_status("main")->state;
  EXPECT_EQ(state.kind, ContainerState::Kind::Terminated);
  EXPECT_EQ(state.exit_code, 3);
  EXPECT_EQ(state.reason, "Error");
  EXPECT_TRUE(state.started_at && state.finished_at);
  EXPECT_TRUE(watch.unbroken());

  LogQuery log;
  log.container = "main";
  const Response text = call(Method::Get, pod_log_target(namespace_, "run", log));
  EXPECT_EQ(text.status, 200);
  EXPECT_THAT(text.body, HasSubstr("Z out\n"));

  // A DELETE for another uid is contention; for this one it works.
  const std::string wrong = R"({"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"other"}})";
  const Response refused = call(Method::Delete, pod_target(namespace_, "run"), wrong);
  EXPECT_TRUE(is_conflict(status_of(refused.status, refused.body))) << refused.body;
  const std::string right =
      R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"preconditions":{"uid":")" +
      pod->metadata.uid + R"("}})";
  EXPECT_EQ(call(Method::Delete, pod_target(namespace_, "run"), right).status, 200);
  run_until([&] { return !removed.empty(); });
  EXPECT_EQ(removed[0].uid, pod->metadata.uid);
  EXPECT_TRUE(removed[0].last);
  EXPECT_EQ(trouble, "");
}

TEST_F(RealCluster, StreamsALogWhileItIsWritten) {
  ASSERT_EQ(call(Method::Post, pods_target(namespace_),
                 pod_manifest("talk", "echo one; while [ ! -e /tmp/go ]; do sleep 1; done"))
                .status,
            201);
  run_until([&] {
    const auto pod = parse_pod(call(Method::Get, pod_target(namespace_, "talk")).body);
    return pod && pod->phase == PodPhase::Running;
  });
  LogQuery log;
  log.follow = true;
  std::string text;
  std::optional<Outcome> end;
  int status = 0;
  client->stream({Method::Get, pod_log_target(namespace_, "talk", log)},
                 {[&](Response head) { status = head.status; }, [&](std::string_view bytes) { text += bytes; },
                  [&](Outcome outcome) { end = std::move(outcome); }});
  run_until([&] { return text.find("one\n") != std::string::npos; });
  EXPECT_EQ(status, 200);
  EXPECT_FALSE(end);
  // The pod goes, and the log ends in order.
  call(Method::Delete, pod_target(namespace_, "talk"));
  run_until([&] { return end.has_value(); });
  EXPECT_TRUE(std::holds_alternative<Response>(*end));
}

TEST_F(RealCluster, ListsPagesAndFindsPodsThatWereThereBefore) {
  remove_all_pods();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(
        call(Method::Post, pods_target(namespace_), pod_manifest("still-" + std::to_string(i), "true", nowhere)).status,
        201);
  }
  for (const bool streaming : {false, true}) {
    WatchOptions options = watch_options();
    options.streaming_list = streaming;
    options.page_size = 2;
    std::size_t applied = 0;
    bool synced = false;
    PodWatch watch(io, *client, options, [&](WatchNotice notice) {
      if (std::get_if<PodApplied>(&notice)) ++applied;
      if (std::get_if<Synced>(&notice)) synced = true;
    });
    watch.start();
    run_until([&] { return synced; });
    EXPECT_EQ(applied, 5u);
    EXPECT_EQ(watch.known_pods(), 5u);
  }
  remove_all_pods();
}

TEST_F(RealCluster, SeesAChangedLabelAsARemovalThoughThePodIsThere) {
  ASSERT_EQ(call(Method::Post, pods_target(namespace_), pod_manifest("label", "true", nowhere)).status, 201);
  bool removed = false;
  bool synced = false;
  PodWatch watch(io, *client, watch_options(), [&](WatchNotice notice) {
    if (auto* gone = std::get_if<PodRemoved>(&notice)) removed = removed || gone->name == "label";
    if (std::get_if<Synced>(&notice)) synced = true;
  });
  watch.start();
  run_until([&] { return synced; });
  Request patch{Method::Patch, pod_target(namespace_, "label"), R"({"metadata":{"labels":{"app":"other"}}})"};
  patch.content_type = "application/merge-patch+json";
  EXPECT_EQ(answer(outcome_of(*client, patch)).status, 200);
  run_until([&] { return removed; });
  EXPECT_EQ(call(Method::Get, pod_target(namespace_, "label")).status, 200);
  remove_all_pods();
}

// A server serves what it saw since its own start, which on a young cluster is everything: a restarted one has not.
TEST_F(RealCluster, ExpiresAWatchFromBeforeTheServersStart) {
  ASSERT_EQ(std::system(STEPOP_CLUSTER_TOOLS "/component restart apiserver >/dev/null"), 0);
  std::string body;
  int status = 0;
  // Until it has filled its cache it answers 429 or 503, or not at all.
  const auto end = std::chrono::steady_clock::now() + patience;
  do {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << status << ": " << body;
    io.restart();
    io.run_for(100ms);
    body.clear();
    status = 0;
    bool ended = false;
    client->stream({Method::Get, pods_target(namespace_) + "?watch=true&resourceVersion=1&timeoutSeconds=2"},
                   {[&](Response head) {
                      status = head.status;
                      body = head.body;
                    },
                    [&](std::string_view bytes) { body += bytes; }, [&](Outcome) { ended = true; }});
    run_until([&] { return ended; });
  } while (status == 0 || status == 429 || status >= 500);
  if (status == 200) {
    const WatchLine line = parse_watch_line(body.substr(0, body.find('\n')));
    ASSERT_EQ(line.type, WatchLine::Type::Error) << body.substr(0, 300);
    EXPECT_TRUE(is_expired(line.status)) << body;
  } else {
    EXPECT_EQ(status, 410) << body;
  }
}

TEST_F(RealCluster, SaysNoInWordsThatAreUnderstood) {
  const auto refusal = [&](Method method, const std::string& target, const std::string& body = {}) {
    const Response response = call(method, target, body);
    return status_of(response.status, response.body);
  };
  EXPECT_TRUE(is_not_found(refusal(Method::Get, pod_target(namespace_, "none"))));
  const Status invalid = refusal(Method::Post, pods_target(namespace_), pod_manifest("Not_A_Name", "true"));
  EXPECT_EQ(invalid.code, 422);
  ASSERT_FALSE(invalid.details.causes.empty());
  EXPECT_EQ(invalid.details.causes[0].field, "metadata.name");
  ASSERT_EQ(refusal(Method::Post, pods_target(namespace_), pod_manifest("twice", "true", nowhere)).code, 201);
  EXPECT_TRUE(
      is_already_exists(refusal(Method::Post, pods_target(namespace_), pod_manifest("twice", "true", nowhere))));
  EXPECT_TRUE(
      is_namespace_not_found(refusal(Method::Post, pods_target("no-such-namespace"), pod_manifest("a", "true"))));
  const Status unknown =
      refusal(Method::Post, pods_target(namespace_) + "?fieldValidation=Strict",
              R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"kontainers":[]}})");
  EXPECT_EQ(unknown.code, 400);
  EXPECT_THAT(unknown.message, HasSubstr("unknown field \"spec.kontainers\""));

  const Status quota_made =
      refusal(Method::Post, collection_target("", "v1", namespace_, "resourcequotas"),
              R"({"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"none"},"spec":{"hard":{"pods":"0"}}})");
  ASSERT_EQ(quota_made.code, 201) << quota_made.message;
  // It takes the API server a moment to know of the quota, and to count.
  Status quota;
  int attempt = 0;
  run_until([&] {
    const std::string name = "over-" + std::to_string(++attempt);
    quota = refusal(Method::Post, pods_target(namespace_), pod_manifest(name, "true", nowhere));
    return quota.code == 403 && !is_quota_unsatisfied(quota);
  });
  EXPECT_TRUE(is_quota_forbidden(quota)) << quota.message;
  EXPECT_FALSE(is_rbac_forbidden(quota));
  call(Method::Delete, object_target("", "v1", namespace_, "resourcequotas", "none"));
  remove_all_pods();
}

TEST_F(RealCluster, TellsRbacsRefusalFromAWrongToken) {
  const Response token = call(Method::Post, object_target("", "v1", namespace_, "serviceaccounts", "default", "token"),
                              R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}})");
  ASSERT_EQ(token.status, 201) << token.body;
  const auto begin = token.body.find("\"token\":\"") + 9;

  ClusterAccess weak = access;
  weak.client_certificate_pem.clear();
  weak.client_key_pem.clear();
  weak.token = token.body.substr(begin, token.body.find('"', begin) - begin);
  Client forbidden(io, weak);
  const Response refused = answer(outcome_of(forbidden, {Method::Get, pods_target(namespace_)}));
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(is_rbac_forbidden(status_of(refused.status, refused.body))) << refused.body;

  weak.token = "nonsense";
  Client unauthorized(io, weak);
  EXPECT_EQ(answer(outcome_of(unauthorized, {Method::Get, pods_target(namespace_)})).status, 401);
}

TEST_F(RealCluster, IsVerified) {
  ClusterAccess wrong = access;
  wrong.tls_server_name = "somebody-else.example.com";
  Client client(io, wrong);
  const Outcome outcome = outcome_of(client, {Method::Get, "/version"});
  ASSERT_TRUE(std::holds_alternative<TransportError>(outcome));
  EXPECT_THAT(std::get<TransportError>(outcome).message, HasSubstr("not for somebody-else.example.com"));
}

}  // namespace
}  // namespace stepop::kube
