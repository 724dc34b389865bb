#include "kube/kubeconfig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace stepop::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* base = R"(
apiVersion: v1
kind: Config
current-context: dev
clusters:
- name: dev-cluster
  cluster: {server: "https://dev:6443", certificate-authority-data: Q0E=, tls-server-name: api}
- name: prod-cluster
  cluster: {server: "https://prod", insecure-skip-tls-verify: true}
users:
- name: alice
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: bob
  user: {username: u, password: p}
contexts:
- name: dev
  context: {cluster: dev-cluster, user: alice, namespace: team}
- name: production
  context: {cluster: prod-cluster, user: bob}
- name: broken
  context: {cluster: prd-cluster, user: bob}
- name: nobody
  context: {cluster: dev-cluster}
)";

class KubeconfigTest : public ::testing::Test {
 protected:
  KubeconfigTest()
      : folder(std::filesystem::temp_directory_path() / ("stepop-kubeconfig-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  ~KubeconfigTest() override { std::filesystem::remove_all(folder); }

  std::string file(const std::string& name, const std::string& text) {
    const auto path = folder / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  static KubeconfigQuery of(const std::string& text, std::optional<std::string> context = std::nullopt) {
    KubeconfigQuery query;
    query.text = text;
    query.context = std::move(context);
    return query;
  }

  /// What is wrong with the query.
  static std::string problem(const KubeconfigQuery& query) {
    try {
      load_kubeconfig(query);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "nothing";
  }

  /// `base` with something else for alice's user.
  static std::string with_user(const std::string& user) {
    std::string text = base;
    const std::string alice = "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}";
    text.replace(text.find(alice), alice.size(), user);
    return text;
  }
  static std::string with_cluster(const std::string& cluster) {
    std::string text = base;
    const auto begin = text.find("{server: \"https://dev");
    text.replace(begin, text.find('}', begin) + 1 - begin, cluster);
    return text;
  }

  std::filesystem::path folder;
};

TEST_F(KubeconfigTest, GivesTheCurrentContext) {
  const ClusterAccess access = load_kubeconfig(of(base));
  EXPECT_EQ(access.context_name, "dev");
  EXPECT_EQ(access.server, "https://dev:6443");
  EXPECT_EQ(access.ca_pem, "CA");
  EXPECT_EQ(access.tls_server_name, "api");
  EXPECT_EQ(access.client_certificate_pem, "CERT");
  EXPECT_EQ(access.client_key_pem, "KEY");
  EXPECT_EQ(access.default_namespace, "team");
  EXPECT_FALSE(access.insecure_skip_tls_verify);
}

TEST_F(KubeconfigTest, GivesTheContextThatIsAskedFor) {
  const ClusterAccess access = load_kubeconfig(of(base, "production"));
  EXPECT_EQ(access.server, "https://prod");
  EXPECT_TRUE(access.insecure_skip_tls_verify);
  EXPECT_EQ(access.username, "u");
  EXPECT_EQ(access.password, "p");
  EXPECT_EQ(access.default_namespace, "");
}

TEST_F(KubeconfigTest, TakesAContextWithoutUserForAnonymous) {
  EXPECT_EQ(load_kubeconfig(of(base, "nobody")).token, "");
}

TEST_F(KubeconfigTest, ReadsJsonToo) {
  EXPECT_EQ(load_kubeconfig(of(R"({"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],
        "clusters":[{"name":"k","cluster":{"server":"https://x"}}]})"))
                .server,
            "https://x");
}

TEST_F(KubeconfigTest, ListsTheContextsAndGuessesWhenOneIsNotFound) {
  EXPECT_EQ(problem(of(base, "prodution")),
            "kubeconfig: context: found \"prodution\", expected the name of a context "
            "(broken, dev, nobody, production); did you mean \"production\"?");
  EXPECT_THAT(problem(of(base, "zzz")), Not(HasSubstr("did you mean")));
}

TEST_F(KubeconfigTest, NamesThePlaceOfAClusterThatIsNotFound) {
  const std::string path = file("config", base);
  KubeconfigQuery query;
  query.paths = {path};
  query.context = "broken";
  EXPECT_EQ(problem(query), path +
                                ": contexts[2].context.cluster: found \"prd-cluster\", expected the name of "
                                "a cluster (dev-cluster, prod-cluster); did you mean \"prod-cluster\"?");
}

TEST_F(KubeconfigTest, SaysThatThereIsNoCurrentContext) {
  EXPECT_THAT(problem(of("contexts: [{name: a, context: {cluster: b}}]")),
              HasSubstr("current-context: found nothing, expected a context (a)"));
  EXPECT_THAT(problem(of("")), HasSubstr("there is none"));
}

TEST_F(KubeconfigTest, LetsTheFirstFileWinWholeEntriesAtATime) {
  KubeconfigQuery query;
  query.paths = {
      file("one", "clusters: [{name: k, cluster: {server: \"https://one\"}}]\nusers: [{name: u, user: {}}]\n"),
      (folder / "missing").string(), "",
      file("two",
           "current-context: c\n"
           "clusters: [{name: k, cluster: {server: \"https://two\", tls-server-name: two}}]\n"
           "users: [{name: u, user: {token: two}}]\n"
           "contexts: [{name: c, context: {cluster: k, user: u, namespace: two}}]\n"),
      file("three", "current-context: d\ncontexts: [{name: c, context: {cluster: k}}]\n")};
  const ClusterAccess access = load_kubeconfig(query);
  EXPECT_EQ(access.context_name, "c");
  EXPECT_EQ(access.server, "https://one");
  EXPECT_EQ(access.tls_server_name, "");
  EXPECT_EQ(access.token, "");
  EXPECT_EQ(access.default_namespace, "two");
}

TEST_F(KubeconfigTest, ReadsTheHomeFileOnlyWithoutPaths) {
  file(".kube/config", base);
  KubeconfigQuery query;
  query.home = folder.string();
  EXPECT_EQ(load_kubeconfig(query).context_name, "dev");
  query.paths = {(folder / "missing").string()};
  EXPECT_THAT(problem(query), HasSubstr("no file at " + (folder / "missing").string()));
}

TEST_F(KubeconfigTest, DemandsAFileThatIsNamedExplicitly) {
  KubeconfigQuery query;
  query.file = (folder / "missing").string();
  EXPECT_THAT(problem(query), HasSubstr("there is no such file"));
  query.file = folder.string();
  EXPECT_THAT(problem(query), HasSubstr("it is a directory"));
  query.file = "/dev/zero";
  EXPECT_THAT(problem(query), HasSubstr("expected a file of at most 4 MiB"));
}

TEST_F(KubeconfigTest, ResolvesPathsRelativeToTheirOwnFile) {
  file("sub/pki/ca.pem", "CA FILE");
  file("sub/key.pem", "KEY FILE");
  file("sub/tok", "t");
  KubeconfigQuery query;
  query.paths = {file("one", "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"),
                 file("sub/two",
                      "clusters: [{name: k, cluster: {server: \"https://x\", certificate-authority: pki/ca.pem}}]\n"
                      "users: [{name: u, user: {client-certificate-data: Q0VSVA==, "
                      "client-key: key.pem, tokenFile: tok}}]\n")};
  const ClusterAccess access = load_kubeconfig(query);
  EXPECT_EQ(access.ca_pem, "CA FILE");
  EXPECT_EQ(access.client_certificate_pem, "CERT");
  EXPECT_EQ(access.client_key_pem, "KEY FILE");
  EXPECT_EQ(access.token_file, (folder / "sub/tok").string());
}

TEST_F(KubeconfigTest, RefusesRelativePathsInATextWithoutFile) {
  EXPECT_THAT(problem(of(with_user("{tokenFile: tok}"))),
              HasSubstr("users[0].user.tokenFile: found \"tok\", expected an absolute path"));
}

TEST_F(KubeconfigTest, NamesAFileThatCannotBeRead) {
  EXPECT_THAT(problem(of(with_cluster("{server: \"https://x\", certificate-authority: /no/such/ca}"))),
              HasSubstr("clusters[0].cluster.certificate-authority: found \"/no/such/ca\", expected a readable file"));
}

TEST_F(KubeconfigTest, RefusesAnAuthProviderByName) {
  EXPECT_THAT(problem(of(with_user("{auth-provider: {name: gcp}}"))), HasSubstr("users[0].user.auth-provider"));
  EXPECT_EQ(problem(of(with_user("{token: t, exec: null, auth-provider: {}, as: \"\", as-groups: []}"))), "nothing");
}

TEST_F(KubeconfigTest, RefusesTwoWaysOfSayingWhoItIs) {
  EXPECT_THAT(problem(of(with_user("{token: t, username: u}"))), HasSubstr("found a token and a password"));
  EXPECT_THAT(problem(of(with_cluster("{server: \"https://x\", certificate-authority: /x, "
                                      "certificate-authority-data: Q0E=}"))),
              HasSubstr("a value beside certificate-authority, expected one of the two"));
}

TEST_F(KubeconfigTest, ReadsWhomToActAs) {
  const auto access = load_kubeconfig(
      of(with_user("{token: t, as: jane, as-uid: u1, as-groups: [a, b], as-user-extra: {scopes: [x, z]}}")));
  EXPECT_EQ(access.impersonate.user, "jane");
  EXPECT_EQ(access.impersonate.uid, "u1");
  EXPECT_THAT(access.impersonate.groups, ElementsAre("a", "b"));
  EXPECT_THAT(access.impersonate.extra.at("scopes"), ElementsAre("x", "z"));
}

TEST_F(KubeconfigTest, RefusesGroupsWithoutSomebodyToActAs) {
  EXPECT_THAT(problem(of(with_user("{token: t, as-groups: [a]}"))), HasSubstr("users[0].user.as: found nothing"));
}

TEST_F(KubeconfigTest, ReadsAnExecPlugin) {
  KubeconfigQuery query;
  query.environment = {"PATH=/bin", "REGION=a"};
  query.file =
      file("exec/config", with_user("{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, "
                                    "args: [token, \"1\"], env: [{name: REGION, value: b}], "
                                    "installHint: get it, interactiveMode: Never, provideClusterInfo: true}}"));
  const auto access = load_kubeconfig(query);
  ASSERT_TRUE(access.exec);
  EXPECT_EQ(access.exec->command, (folder / "exec" / "./bin/login").string());
  EXPECT_THAT(access.exec->arguments, ElementsAre("token", "1"));
  EXPECT_THAT(access.exec->environment, ElementsAre("PATH=/bin", "REGION=b"));
  EXPECT_EQ(access.exec->install_hint, "get it");
  EXPECT_THAT(access.exec->cluster_json, HasSubstr("\"server\":\"https://dev:6443\""));
}

TEST_F(KubeconfigTest, GivesAnExecPluginItsClustersConfig) {
  const auto access = load_kubeconfig(of(R"(
clusters: [{name: c, cluster: {server: "https://x", tls-server-name: z, certificate-authority-data: Q0E=, extensions: [
  {name: client.authentication.k8s.io/exec, extension: {audience: a, n: 1, flag: true, text: "1"}}]}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, provideClusterInfo: true}}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
)"));
  EXPECT_EQ(access.exec->cluster_json,
            R"({"server":"https://x","tls-server-name":"z","certificate-authority-data":"Q0E=",)"
            R"("config":{"audience":"a","n":1,"flag":true,"text":"1"}})");
}

TEST_F(KubeconfigTest, RefusesAnExecPluginThatNobodyCouldRun) {
  const auto exec = [&](const std::string& fields) { return problem(of(with_user("{exec: {" + fields + "}}"))); };
  const std::string v1 = "apiVersion: client.authentication.k8s.io/v1, ";
  EXPECT_THAT(exec(v1 + "interactiveMode: Never"), HasSubstr("exec.command: found nothing"));
  EXPECT_THAT(exec("command: x"), HasSubstr("exec.apiVersion: found nothing"));
  EXPECT_THAT(exec("command: x, apiVersion: client.authentication.k8s.io/v1alpha1"), HasSubstr("exec.apiVersion"));
  EXPECT_THAT(exec(v1 + "command: x"), HasSubstr("exec.interactiveMode: found nothing"));
  EXPECT_THAT(exec(v1 + "command: x, interactiveMode: Always"), HasSubstr("exec.interactiveMode: found \"Always\""));
  EXPECT_THAT(exec(v1 + "command: x, interactiveMode: Never, env: [{value: x}]"), HasSubstr("exec.env[0].name"));
  EXPECT_THAT(exec(v1 + "command: x, interactiveMode: Never, instalHint: x"), HasSubstr("exec.instalHint"));
}

TEST_F(KubeconfigTest, TakesANumberOrATruthForNoText) {
  EXPECT_THAT(problem(of(with_user("{token: 12345}"))), HasSubstr("user.token: found a number, expected a string"));
  EXPECT_THAT(problem(of(with_user("{token: t, as: y}"))), HasSubstr("user.as: found true or false"));
  EXPECT_EQ(problem(of(with_user("{token: \"12345\"}"))), "nothing");
  EXPECT_THAT(problem(of(with_cluster("{server: \"https://x\", insecure-skip-tls-verify: \"true\"}"))),
              HasSubstr("insecure-skip-tls-verify: found \"true\""));
}

TEST_F(KubeconfigTest, SendsNoCredentialsWithoutTls) {
  const auto access = load_kubeconfig(of(with_cluster("{server: \"http://x\"}")));
  EXPECT_EQ(access.client_key_pem, "");
  EXPECT_EQ(access.warnings.size(), 1u);
}

TEST_F(KubeconfigTest, PrefersItsOwnProxyToTheEnvironments) {
  KubeconfigQuery query = of(with_cluster("{server: \"https://x\", proxy-url: \"socks5://p:1\"}"));
  query.environment = {"HTTPS_PROXY=http://other"};
  EXPECT_EQ(load_kubeconfig(query).proxy_url, "socks5://p:1");
  query.text = with_cluster("{server: \"https://x\"}");
  EXPECT_EQ(load_kubeconfig(query).proxy_url, "http://other");
}

TEST_F(KubeconfigTest, WarnsOfAServerThatIsNotVerified) {
  EXPECT_EQ(load_kubeconfig(of(base, "production")).warnings.size(), 1u);
  EXPECT_TRUE(load_kubeconfig(of(base)).warnings.empty());
}

TEST_F(KubeconfigTest, DoesNotMindWhatAnotherContextNeeds) {
  EXPECT_EQ(problem(of(with_user("{exec: {command: aws}}"), "production")), "nothing");
}

TEST_F(KubeconfigTest, FindsMisspelledKeysButLeavesForeignOnesAlone) {
  EXPECT_THAT(problem(of(with_cluster("{server: \"https://x\", certificate-authority-date: Q0E=}"))),
              HasSubstr("did you mean \"certificate-authority-data\"?"));
  EXPECT_EQ(problem(of(with_cluster("{server: \"https://x\", vendor.example.com/zone: a, extensions: []}"))),
            "nothing");
}

TEST_F(KubeconfigTest, RefusesDamageWithoutShowingSecrets) {
  const std::string text =
      problem(of(with_user("{client-key-data: \"TOPSECRET!!\", client-certificate-data: Q0VSVA==}")));
  EXPECT_THAT(text, HasSubstr("users[0].user.client-key-data: found a text that is not base64"));
  EXPECT_THAT(text, Not(HasSubstr("TOPSECRET")));
  EXPECT_THAT(problem(of(with_user("{client-key-data: S0VZ}"))),
              HasSubstr("users[0].user.client-certificate: found nothing"));
  EXPECT_THAT(problem(of("a: [")), HasSubstr("found no YAML"));
  EXPECT_THAT(problem(of("- a")), HasSubstr("found a list"));
  EXPECT_THAT(problem(of("kind: Pod")), HasSubstr("kind: found \"Pod\", expected Config"));
  EXPECT_THAT(problem(of("clusters: x\ncurrent-context: c")), HasSubstr("clusters: found a scalar, expected a list"));
  EXPECT_THAT(problem(of("users: [{name: a}, {name: a}]")), HasSubstr("users[1].name: found \"a\""));
  EXPECT_THAT(problem(of(with_cluster("{tls-server-name: x}"))), HasSubstr("cluster.server: found nothing"));
  EXPECT_THAT(problem(of(with_cluster("{server: \"https://x\", insecure-skip-tls-verify: maybe}"))),
              HasSubstr("insecure-skip-tls-verify: found \"maybe\", expected true or false"));
  EXPECT_THAT(problem(of(with_cluster(
                  "{server: \"https://x\", insecure-skip-tls-verify: true, certificate-authority-data: Q0E=}"))),
              HasSubstr("one of the two"));
}

TEST(KubeconfigVariable, IsSplitAtColons) {
  EXPECT_EQ(split_kubeconfig_variable("/a::/b:"), (std::vector<std::string>{"/a", "/b"}));
  EXPECT_TRUE(split_kubeconfig_variable("").empty());
}

}  // namespace
}  // namespace stepop::kube
