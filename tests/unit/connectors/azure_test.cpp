// The service connector `azure`: each method, AKS with and without Entra ID, and what goes wrong.
#include "fake_cloud.hpp"
#include "test_keys.hpp"

namespace stepop::connectors {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const json::object kSecret{{"tenant_id", "tenant"}, {"client_id", "client"}, {"client_secret", "the-client-secret"}};

std::string cluster(const std::string& subscription, const std::string& group, const std::string& name) {
  return R"({"id": "/subscriptions/)" + subscription + "/resourcegroups/" + group +
         "/providers/Microsoft.ContainerService/managedClusters/" + name + R"(", "name": ")" + name +
         R"(", "location": "westeurope", "properties": {"provisioningState": "Succeeded", "kubernetesVersion": "1.33"}})";
}

Answer kubeconfig(const std::string& user) {
  const std::string text =
      "clusters: [{name: c, cluster: {server: 'https://aks.example:443', certificate-authority-data: UEVN}}]\n"
      "users: [{name: u, user: " +
      user + "}]\n";
  return json_answer(R"({"kubeconfigs": [{"name": "clusterUser", "value": ")" + base64(text) + "\"}]}");
}

class Azure : public testing::Test {
 protected:
  FakeCloud cloud;
  Azure() {
    cloud.answer("/oauth2/v2.0/token", {json_answer(R"({"access_token": "made-token", "expires_in": 3599})")});
    cloud.answer("/listClusterUserCredential", {kubeconfig("{token: kube-token, client-certificate-data: Q0VSVA==, "
                                                           "client-key-data: S0VZ}")});
    cloud.answer("/subscriptions?",
                 {json_answer(R"({"value": [{"subscriptionId": "s1"}, {"subscriptionId": "s2"}]})")});
    cloud.answer("page=2", {json_answer("{\"value\": [" + cluster("s1", "group", "green") + "]}")});
    cloud.answer("/subscriptions/s1/providers",
                 {json_answer("{\"value\": [" + cluster("s1", "group", "blue") +
                              R"(], "nextLink": "https://management.azure.com/subscriptions/s1/x?page=2"})")});
    cloud.answer("/subscriptions/s2/providers",
                 {json_answer("{\"value\": [" + cluster("s2", "other", "green") + "]}")});
  }
  Access access(json::object values, const std::string& id = "group/blue",
                const std::string& method = "service-principal") {
    return make(connector_of("azure", method, std::move(values)))->access(cloud.around, id);
  }
};

TEST_F(Azure, ReachesAClusterByItsUserCredentials) {
  const Access access = this->access(kSecret);
  EXPECT_EQ(access.access.server, "https://aks.example:443");
  EXPECT_EQ(access.access.ca_pem, "PEM");
  EXPECT_EQ(access.access.token, "kube-token");
  EXPECT_EQ(access.access.client_certificate_pem, "CERT");
  EXPECT_EQ(access.access.client_key_pem, "KEY");
  EXPECT_FALSE(access.expires_at);
  EXPECT_EQ(cloud.asked.at(0).url, "https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
  EXPECT_EQ(cloud.asked.at(0).body,
            "client_id=client&client_secret=the-client-secret&grant_type=client_credentials&"
            "scope=https%3A%2F%2Fmanagement.azure.com%2F.default");
  EXPECT_THAT(cloud.asked.back().url, AllOf(HasSubstr("/resourcegroups/group/"),
                                            HasSubstr("/blue/listClusterUserCredential?"), HasSubstr("format=exec")));
}

TEST_F(Azure, GivesAClusterWithEntraIdATokenForItsServer) {
  cloud.answers.insert(cloud.answers.begin(),
                       {"/listClusterUserCredential",
                        {kubeconfig("{exec: {command: kubelogin, args: [get-token, --server-id, the-server]}}")}});
  const Access access = this->access(kSecret);
  EXPECT_EQ(access.access.token, "made-token");
  EXPECT_EQ(access.expires_at, cloud.now + std::chrono::seconds{3599});
  EXPECT_THAT(cloud.asked.back().body, HasSubstr("scope=the-server%2F.default"));
}

TEST_F(Azure, CannotMakeATokenForEntraIdOutOfAGivenOne) {
  cloud.answers.insert(cloud.answers.begin(),
                       {"/listClusterUserCredential", {kubeconfig("{auth-provider: {name: azure, config: {}}}")}});
  EXPECT_THAT(complaint_of([&] {
                access({{"token", "given"}}, "group/blue", "access-token");
              }),
              HasSubstr("use the method service-principal or implicit"));
}

TEST_F(Azure, ListsTheClustersOfAllPagesAndSubscriptions) {
  std::vector<std::string> ids;
  for (const Cluster& one : make(connector_of("azure", "service-principal", kSecret))->list(cloud.around))
    ids.push_back(one.id);
  EXPECT_THAT(ids, testing::ElementsAre("group/blue", "group/green", "other/green"));
}

TEST_F(Azure, KeepsToAResourceGroupAndASubscription) {
  json::object values = kSecret;
  values["resource_group"] = "group";
  values["subscription_id"] = "s1";
  EXPECT_EQ(make(connector_of("azure", "service-principal", values))->describe(cloud.around, "green").id,
            "group/green");
}

TEST_F(Azure, TellsClustersOfOneNameApart) {
  EXPECT_THAT(complaint_of([&] { access(kSecret, "green"); }), HasSubstr("several AKS clusters are meant by green"));
  EXPECT_EQ(access(kSecret, "other/green").cluster.id, "other/green");
}

TEST_F(Azure, GivesItsTokenToNoOtherServer) {
  cloud.answers.insert(
      cloud.answers.begin(),
      {"/subscriptions/s1/providers", {json_answer(R"({"value": [], "nextLink": "https://evil.example/x"})")}});
  EXPECT_THAT(complaint_of([&] { access(kSecret); }), HasSubstr("the next page would be at https://evil.example"));
}

TEST_F(Azure, SignsWithACertificate) {
  json::object values = kSecret;
  values.erase("client_secret");
  values["client_certificate"] = base64(test_key().certificate + test_key().encrypted);
  values["client_certificate_password"] = test_key().password;
  access(values);
  const std::string& body = cloud.asked.at(0).body;
  ASSERT_THAT(body, testing::StartsWith("client_assertion="));
  const auto dot = body.find('.');
  EXPECT_THAT(from_base64(body.substr(17, dot - 17)).value(),
              AllOf(HasSubstr("\"x5t#S256\":"), HasSubstr("\"alg\":\"PS256\"")));
  EXPECT_THAT(
      from_base64(body.substr(dot + 1, body.find('.', dot + 1) - dot - 1)).value(),
      HasSubstr(R"("aud":"https://login.microsoftonline.com/tenant/oauth2/v2.0/token","iss":"client","sub":"client")"));
}

TEST_F(Azure, SaysWhatIsWrongWithAnEncryptedKeyWithoutItsPassword) {
  json::object values = kSecret;
  values.erase("client_secret");
  values["client_certificate"] = test_key().certificate + test_key().encrypted;
  EXPECT_THAT(complaint_of([&] { access(values); }),
              HasSubstr("configuration.client_certificate: the private key is encrypted, and no password is given"));
  values["client_certificate_password"] = "not-the-password";
  EXPECT_THAT(complaint_of([&] { access(values); }),
              AllOf(HasSubstr("does not open with the password that is given"), Not(HasSubstr("not-the"))));
}

TEST_F(Azure, TakesASecretOrACertificate) {
  json::object values = kSecret;
  values.erase("client_secret");
  EXPECT_THAT(complaint_of([&] { access(values); }), HasSubstr("one of the two"));
}

TEST_F(Azure, FindsImplicitCredentialsInTheirOrder) {
  const auto implicit = [&] {
    cloud.asked.clear();
    access({}, "group/blue", "implicit");
    return cloud.asked.at(0);
  };
  cloud.answer("/metadata/identity/oauth2/token", {json_answer(R"({"access_token": "vm", "expires_in": "3599"})")});
  EXPECT_EQ(implicit().url,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
            "resource=https%3A%2F%2Fmanagement.azure.com");
  EXPECT_EQ(cloud.header(0, "Metadata"), "true");
  cloud.around.variables["IDENTITY_ENDPOINT"] = "http://127.0.0.1:41/msi/token";
  cloud.around.variables["IDENTITY_HEADER"] = "header-secret";
  cloud.answer("/msi/token", {json_answer(R"({"access_token": "app", "expires_on": "1440941760"})")});
  implicit();
  EXPECT_EQ(cloud.header(0, "X-IDENTITY-HEADER"), "header-secret");
  cloud.around.variables.insert(
      {{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_FEDERATED_TOKEN_FILE", "/f"}});
  cloud.files["/f"] = "federated.token\n";
  EXPECT_THAT(implicit().body, testing::StartsWith("client_assertion=federated.token&client_assertion_type="));
  cloud.around.variables["AZURE_CLIENT_SECRET"] = "env-secret";
  EXPECT_THAT(implicit().body, HasSubstr("client_secret=env-secret"));
}

TEST_F(Azure, SaysWhereItLookedInVain) {
  EXPECT_THAT(complaint_of([&] { access({}, "group/blue", "implicit"); }), HasSubstr("found no Azure credentials"));
}

TEST_F(Azure, SaysWhyItIsRefusedWithoutTheSecret) {
  cloud.answers.insert(
      cloud.answers.begin(),
      {"/oauth2/v2.0/token",
       {json_answer(R"({"error": "invalid_client", "error_description": "AADSTS7000215: bad the-client-secret"})",
                    401)}});
  EXPECT_THAT(complaint_of([&] { access(kSecret); }),
              AllOf(HasSubstr("invalid_client: AADSTS7000215: bad ***"), Not(HasSubstr("the-client-secret"))));
}

TEST_F(Azure, SaysThatAClusterIsGone) {
  cloud.answers.insert(cloud.answers.begin(),
                       {"/listClusterUserCredential",
                        {json_answer(R"({"error": {"code": "ResourceNotFound", "message": "gone"}})", 404)}});
  EXPECT_THAT(complaint_of([&] { access(kSecret); }),
              AllOf(HasSubstr("ResourceNotFound: gone"), HasSubstr("is it deleted?")));
}

TEST_F(Azure, RefusesAKubeconfigThatIsNone) {
  for (const char* text : {"[", "clusters: []", "- 1", ""}) {
    cloud.answers.insert(
        cloud.answers.begin(),
        {"/listClusterUserCredential", {json_answer(R"({"kubeconfigs": [{"value": ")" + base64(text) + "\"}]}")}});
    EXPECT_THAT(complaint_of([&] { access(kSecret); }), HasSubstr("holds no kubeconfig that can be read")) << text;
  }
}

TEST_F(Azure, KnowsAzuresOtherClouds) {
  cloud.around.variables["AZURE_AUTHORITY_HOST"] = "login.microsoftonline.us";
  complaint_of([&] { access(kSecret, "group/none"); });
  EXPECT_EQ(origin_of(cloud.asked.at(0).url), "https://login.microsoftonline.us");
  EXPECT_THAT(cloud.asked.at(0).body, HasSubstr("management.usgovcloudapi.net%2F.default"));
}

}  // namespace
}  // namespace stepop::connectors
