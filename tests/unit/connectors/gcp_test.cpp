// The service connector `gcp`: each method, GKE, and what goes wrong.
#include "fake_cloud.hpp"
#include "test_keys.hpp"

namespace stepop::connectors {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const char* const kClusters = R"({"clusters": [
  {"name": "blue", "location": "europe-west3", "status": "RUNNING", "currentMasterVersion": "1.33.1",
   "endpoint": "10.1.2.3", "masterAuth": {"clusterCaCertificate": "UEVN"}},
  {"name": "open", "location": "europe-west3-a", "status": "RUNNING", "endpoint": "10.1.2.4",
   "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"endpoint": "gke-1.example", "allowExternalTraffic": true}}},
  {"name": "closed", "location": "a", "endpoint": "10.1.2.5",
   "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"endpoint": "gke-2.example"}}},
  {"name": "twice", "location": "a", "endpoint": "1.1.1.1"}, {"name": "twice", "location": "b", "endpoint": "2.2.2.2"},
  {"name": "young", "location": "a", "status": "PROVISIONING"}]})";

json::object service_account_file() {
  return {{"type", "service_account"},
          {"project_id", "my-project"},
          {"private_key_id", "key-1"},
          {"private_key", test_key().pem},
          {"client_email", "me@my-project.iam.gserviceaccount.com"},
          {"token_uri", "https://oauth2.googleapis.com/token"}};
}

class Gcp : public testing::Test {
 protected:
  FakeCloud cloud;
  Gcp() {
    cloud.around.variables = {{"HOME", "/home/me"}};
    cloud.answer("oauth2.googleapis.com/token", {json_answer(R"({"access_token": "made-token", "expires_in": 3599})")});
    cloud.answer("sts.googleapis.com", {json_answer(R"({"access_token": "exchanged", "expires_in": 3600})")});
    cloud.answer(":generateAccessToken",
                 {json_answer(R"({"accessToken": "impersonated", "expireTime": "2015-08-30T13:06:00Z"})")});
    cloud.answer("/locations/-/clusters", {json_answer(kClusters)});
  }
  Access access(const std::string& method, json::object values, const std::string& id = "blue") {
    return make(connector_of("gcp", method, std::move(values)))->access(cloud.around, id);
  }
  std::string claims(std::size_t call) const {
    const std::string& body = cloud.asked.at(call).body;
    const auto begin = body.find('.') + 1;
    return from_base64(body.substr(begin, body.find('.', begin) - begin)).value_or("");
  }
};

TEST_F(Gcp, ReachesAClusterWithAServiceAccountsKey) {
  const Access access =
      this->access("service-account", {{"service_account_json", json::serialize(service_account_file())}});
  EXPECT_EQ(access.access.server, "https://10.1.2.3");
  EXPECT_EQ(access.access.ca_pem, "PEM");
  EXPECT_EQ(access.access.token, "made-token");
  EXPECT_EQ(access.expires_at, cloud.now + std::chrono::seconds{3599});
  EXPECT_EQ(access.cluster.name, "gke_my-project_blue");
  EXPECT_EQ(claims(0),
            R"({"iat":1440938160,"exp":1440941760,"iss":"me@my-project.iam.gserviceaccount.com",)"
            R"("aud":"https://oauth2.googleapis.com/token","scope":"https://www.googleapis.com/auth/cloud-platform"})");
  EXPECT_EQ(cloud.asked.at(1).url, "https://container.googleapis.com/v1/projects/my-project/locations/-/clusters");
  EXPECT_EQ(cloud.header(1, "Authorization"), "Bearer made-token");
}

TEST_F(Gcp, TakesAFileAsBase64AndAsAMapping) {
  EXPECT_EQ(access("service-account", {{"service_account_json", base64(json::serialize(service_account_file()))}})
                .access.token,
            "made-token");
  EXPECT_EQ(access("service-account", {{"service_account_json", service_account_file()}}).access.token, "made-token");
}

TEST_F(Gcp, RefreshesAUsersToken) {
  access("user-account",
         {{"project_id", "p"},
          {"user_account_json",
           R"({"type": "authorized_user", "client_id": "id", "client_secret": "s+", "refresh_token": "r/1"})"}});
  EXPECT_EQ(cloud.asked.at(0).body,
            "grant_type=refresh_token&client_id=id&client_secret=s%2B&refresh_token=r%2F1&"
            "scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform");
}

TEST_F(Gcp, ImpersonatesAnotherAccount) {
  const Access access = this->access("impersonation", {{"service_account_json", service_account_file()},
                                                       {"target_principal", "other@p.iam.gserviceaccount.com"}});
  EXPECT_EQ(access.access.token, "impersonated");
  EXPECT_EQ(cloud.asked.at(1).url,
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            "other@p.iam.gserviceaccount.com:generateAccessToken");
  EXPECT_EQ(cloud.asked.at(1).body,
            R"({"delegates":[],"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"3600s"})");
  EXPECT_EQ(cloud.header(1, "Authorization"), "Bearer made-token");
}

TEST_F(Gcp, ExchangesATokenFromAFile) {
  cloud.files["/token.json"] = R"({"id_token": "foreign.token"})";
  const std::string file = R"({"type": "external_account", "audience": "//iam.googleapis.com/pool",
      "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
      "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/x/a@b:generateAccessToken",
      "credential_source": {"file": "/token.json", "format": {"type": "json", "subject_token_field_name": "id_token"}}})";
  EXPECT_EQ(access("external-account", {{"project_id", "p"}, {"external_account_json", file}}).access.token,
            "impersonated");
  EXPECT_THAT(cloud.asked.at(0).body,
              AllOf(HasSubstr("audience=%2F%2Fiam.googleapis.com%2Fpool&"), HasSubstr("subject_token=foreign.token&")));
  EXPECT_EQ(cloud.header(1, "Authorization"), "Bearer exchanged");
}

TEST_F(Gcp, ExchangesASignedQuestionToAws) {
  cloud.around.variables.insert(
      {{"AWS_REGION", "us-east-2"}, {"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "s"}});
  const std::string file = R"({"type": "external_account", "audience": "//iam.googleapis.com/pool",
      "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request", "token_url": "https://sts.googleapis.com/v1/token",
      "credential_source": {"environment_id": "aws1",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}})";
  EXPECT_EQ(access("external-account", {{"project_id", "p"}, {"external_account_json", file}}).access.token,
            "exchanged");
  EXPECT_THAT(cloud.asked.at(0).body,
              AllOf(HasSubstr("sts.us-east-2.amazonaws.com"), HasSubstr("x-goog-cloud-target-resource")));
}

TEST_F(Gcp, FindsTheDefaultCredentials) {
  const json::object project{{"project_id", "p"}};
  cloud.answer("metadata.google.internal", {json_answer(R"({"access_token": "of-the-machine", "expires_in": 300})")});
  EXPECT_EQ(access("implicit", project).access.token, "of-the-machine");
  EXPECT_EQ(cloud.header(0, "Metadata-Flavor"), "Google");
  cloud.files["/home/me/.config/gcloud/application_default_credentials.json"] = json::serialize(service_account_file());
  EXPECT_EQ(access("implicit", project).access.token, "made-token");
  cloud.around.variables["GOOGLE_APPLICATION_CREDENTIALS"] = "/missing.json";
  EXPECT_THAT(complaint_of([&] { access("implicit", project); }), HasSubstr("/missing.json cannot be read"));
}

TEST_F(Gcp, SaysWhereItLookedInVain) {
  EXPECT_THAT(complaint_of([&] {
                access("implicit", {{"project_id", "p"}});
              }),
              HasSubstr("found no Google credentials"));
}

TEST_F(Gcp, TakesTheEndpointByNameWhereItLetsUsIn) {
  const json::object token{{"project_id", "p"}, {"token", "given"}};
  EXPECT_EQ(access("oauth2-token", token, "open").access.server, "https://gke-1.example");
  EXPECT_EQ(access("oauth2-token", token, "open").access.ca_pem, "");
  EXPECT_EQ(access("oauth2-token", token, "closed").access.server, "https://10.1.2.5");
}

TEST_F(Gcp, TellsClustersOfOneNameApart) {
  const json::object token{{"project_id", "p"}, {"token", "given"}};
  EXPECT_THAT(complaint_of([&] { access("oauth2-token", token, "twice"); }),
              HasSubstr("say which: a/twice or b/twice"));
  EXPECT_EQ(access("oauth2-token", token, "b/twice").access.server, "https://2.2.2.2");
}

TEST_F(Gcp, SaysWhichClusterIsMeantAndWhichIsNotReady) {
  const json::object token{{"project_id", "p"}, {"token", "given"}};
  EXPECT_THAT(complaint_of([&] { access("oauth2-token", token, "blu"); }), HasSubstr("did you mean \"blue\"?"));
  EXPECT_THAT(complaint_of([&] { access("oauth2-token", token, "young"); }), HasSubstr("its status is PROVISIONING"));
}

TEST_F(Gcp, RefusesAKeyFileThatIsCutWithoutQuotingIt) {
  const std::string whole = json::serialize(service_account_file());
  EXPECT_THAT(complaint_of([&] {
                access("service-account", {{"service_account_json", whole.substr(0, whole.size() / 2)}});
              }),
              AllOf(HasSubstr("configuration.service_account_json: found"), HasSubstr("is the file cut?"),
                    Not(HasSubstr("PRIVATE"))));
  json::object cut = service_account_file();
  cut["private_key"] = test_key().pem.substr(0, 400) + "\n-----END PRIVATE KEY-----\n";
  EXPECT_THAT(complaint_of([&] {
                access("service-account", {{"service_account_json", cut}});
              }),
              AllOf(HasSubstr("private_key: the private key cannot be read"), Not(HasSubstr("MII"))));
}

TEST_F(Gcp, RefusesTheFileOfAnotherMethod) {
  EXPECT_THAT(complaint_of([&] {
                access("service-account", {{"service_account_json", R"({"type": "authorized_user"})"}});
              }),
              HasSubstr("found \"authorized_user\", expected service_account"));
}

TEST_F(Gcp, SaysWhyATokenIsRefusedWithoutTheAssertion) {
  cloud.answers.insert(
      cloud.answers.begin(),
      {"oauth2.googleapis.com/token",
       {json_answer(R"({"error": "invalid_grant", "error_description": "Invalid JWT Signature."})", 400)}});
  EXPECT_THAT(complaint_of([&] {
                access("service-account", {{"service_account_json", service_account_file()}});
              }),
              AllOf(HasSubstr("answered 400: invalid_grant: Invalid JWT Signature."), Not(HasSubstr("eyJ"))));
}

TEST_F(Gcp, SaysWhichPermissionIsMissing) {
  cloud.answers.insert(cloud.answers.begin(), {"/clusters",
                                               {json_answer(R"({"error": {"code": 403, "status": "PERMISSION_DENIED",
                                                    "message": "no container.clusters.list for given-token"}})",
                                                            403)}});
  EXPECT_THAT(complaint_of([&] {
                access("oauth2-token", {{"project_id", "p"}, {"token", "given-token"}});
              }),
              AllOf(HasSubstr("PERMISSION_DENIED: no container.clusters.list for ***"), Not(HasSubstr("given-token"))));
}

}  // namespace
}  // namespace stepop::connectors
