#include "log_cluster.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <cstdlib>
#include <utility>
#include <variant>

#include "kube/kubeconfig.hpp"
#include "kube/pod_parser.hpp"
#include "kube/targets.hpp"
#include "kube/tls.hpp"

namespace stepop::testing {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

// A pod starts within seconds on an idle machine; tests share theirs with builds.
constexpr auto patience = 180s;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

kube::ClusterAccess access_of_the_cluster() {
  kube::KubeconfigQuery query;
  query.paths = kube::split_kubeconfig_variable(variable("KUBECONFIG"));
  return kube::load_kubeconfig(query);
}

}  // namespace

void LogCluster::SetUpTestSuite() {
  namespace_ = "stepop-logs-" + std::to_string(::getpid());
}

void LogCluster::SetUp() {
  ASSERT_NE(variable("KUBECONFIG"), "") << "KUBECONFIG must name a cluster for tests";
  ASSERT_NE(variable("STEPOP_TEST_IMAGE"), "") << "STEPOP_TEST_IMAGE must name an image with a shell";
  kube::initialise_tls();
  auto access = access_of_the_cluster();
  client_.emplace(io_, access);
  const auto server = boost::urls::parse_uri(access.server);
  ASSERT_TRUE(server && server->host() == "127.0.0.1") << "the proxy reaches 127.0.0.1 alone, not " << access.server;
  proxy_.emplace(io_, server->port_number());
  access.server = proxy_->url();
  log_client_.emplace(io_, access);

  const auto made = call(kube::Method::Post, "/api/v1/namespaces",
                         json::serialize(json::object{{"metadata", {{"name", namespace_}}}}));
  ASSERT_TRUE(made.status == 201 || made.status == 409) << made.body;
  // Pods are refused until the namespace's default account is there.
  const auto account = kube::object_target("", "v1", namespace_, "serviceaccounts", "default");
  const auto end = std::chrono::steady_clock::now() + patience;
  while (call(kube::Method::Get, account).status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    run_for(50ms);
  }
  kube::WatchOptions options;
  options.namespace_ = namespace_;
  watch_.emplace(io_, *client_, options, [this](kube::WatchNotice notice) { on_notice(std::move(notice)); });
  watch_->start();
}

void LogCluster::TearDownTestSuite() {
  if (variable("KUBECONFIG").empty()) return;
  boost::asio::io_context io;
  kube::Client client(io, access_of_the_cluster());
  bool done = false;
  client.call({kube::Method::Delete, "/api/v1/namespaces/" + namespace_}, [&](const kube::Outcome&) { done = true; });
  while (!done) io.run_one();
}

void LogCluster::run_pod(const std::string& name, const std::string& script) {
  const json::value container{{"name", "main"},
                              {"image", variable("STEPOP_TEST_IMAGE")},
                              {"imagePullPolicy", "IfNotPresent"},
                              {"command", {"sh", "-c", script}}};
  const json::value pod{
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", {{"name", name}}},
      {"spec",
       {{"restartPolicy", "Never"}, {"terminationGracePeriodSeconds", 1}, {"containers", json::array{container}}}},
  };
  const auto made = call(kube::Method::Post, kube::pods_target(namespace_), json::serialize(pod));
  ASSERT_EQ(made.status, 201) << made.body;
}

void LogCluster::delete_pod(const std::string& name) {
  EXPECT_EQ(call(kube::Method::Delete, kube::pod_target(namespace_, name)).status, 200);
}

engine::LogFollower& LogCluster::follow(const std::string& pod, std::shared_ptr<plugin::LogPipe> pipe,
                                        plugin::LogOptions options) {
  engine::LogSource source;
  source.namespace_ = namespace_;
  source.pod = pod;
  source.container = "main";
  followers_.push_back(
      {pod, std::make_unique<engine::LogFollower>(io_, *log_client_, source, options, std::move(pipe))});
  if (const auto* view = last_view(pod)) followers_.back().follower->on_pod(*view);
  return *followers_.back().follower;
}

void LogCluster::on_notice(kube::WatchNotice notice) {
  if (auto* applied = std::get_if<kube::PodApplied>(&notice)) {
    const std::string name = applied->pod.metadata.name;
    for (auto& followed : followers_) {
      if (followed.pod == name) followed.follower->on_pod(applied->pod);
    }
    std::erase_if(views_, [&](const kube::Pod& pod) { return pod.metadata.name == name; });
    views_.push_back(std::move(applied->pod));
  }
  if (auto* removed = std::get_if<kube::PodRemoved>(&notice)) {
    for (auto& followed : followers_) {
      if (followed.pod != removed->name) continue;
      if (removed->last) followed.follower->on_pod(*removed->last);
      followed.follower->on_gone();
    }
    std::erase_if(views_, [&](const kube::Pod& pod) { return pod.metadata.name == removed->name; });
  }
}

const kube::Pod* LogCluster::last_view(const std::string& pod) const {
  const auto found =
      std::find_if(views_.begin(), views_.end(), [&](const kube::Pod& view) { return view.metadata.name == pod; });
  return found != views_.end() ? &*found : nullptr;
}

bool LogCluster::running(const std::string& pod) const {
  const auto* view = last_view(pod);
  return view != nullptr && view->phase == kube::PodPhase::Running;
}

bool LogCluster::over(const std::string& pod) const {
  const auto* view = last_view(pod);
  return view != nullptr && (view->phase == kube::PodPhase::Succeeded || view->phase == kube::PodPhase::Failed);
}

void LogCluster::run_until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never happened";
    io_.run_one_for(1s);
    if (io_.stopped()) io_.restart();
  }
}

void LogCluster::run_for(std::chrono::milliseconds time) {
  io_.restart();
  io_.run_for(time);
}

kube::Response LogCluster::call(kube::Method method, const std::string& target, std::string body) {
  std::optional<kube::Outcome> got;
  client_->call({method, target, std::move(body)}, [&](kube::Outcome outcome) { got = std::move(outcome); });
  run_until([&] { return got.has_value(); });
  if (!got) return {};
  if (const auto* error = std::get_if<kube::TransportError>(&*got)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  return std::get<kube::Response>(*got);
}

}  // namespace stepop::testing
