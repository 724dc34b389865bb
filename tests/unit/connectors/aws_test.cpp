// The service connector `aws`: each method, EKS, and what goes wrong.
#include "connectors/aws/profiles.hpp"
#include "fake_cloud.hpp"

namespace stepop::connectors {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const json::object kKeys{
    {"region", "eu-central-1"}, {"aws_access_key_id", "AKIDGIVEN"}, {"aws_secret_access_key", "secret-of-the-key"}};

json::object with(json::object values, std::string_view name, json::value value) {
  values[name] = std::move(value);
  return values;
}

std::string sts_answer(const std::string& action, const std::string& id) {
  return "<" + action + "Response><" + action + "Result><Credentials><AccessKeyId>" + id +
         "</AccessKeyId><SecretAccessKey>made-secret</SecretAccessKey><SessionToken>made&amp;token</SessionToken>"
         "<Expiration>2015-08-30T12:46:00Z</Expiration></Credentials></" +
         action + "Result></" + action + "Response>";
}

const char* const kCluster =
    R"({"cluster": {"name": "blue", "arn": "arn:aws:eks:eu-central-1:1:cluster/blue", "status": "ACTIVE",
        "version": "1.33", "endpoint": "https://blue.example", "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClkyRT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="}}})";

class Aws : public testing::Test {
 protected:
  FakeCloud cloud;
  Aws() {
    cloud.answer("/clusters/blue", {json_answer(kCluster)});
    cloud.answer("Action=AssumeRole&", {typed_answer(200, "text/xml", sts_answer("AssumeRole", "AKIDROLE"))});
    cloud.answer("Action=AssumeRoleWithWebIdentity",
                 {typed_answer(200, "text/xml", sts_answer("AssumeRoleWithWebIdentity", "AKIDWEB"))});
    cloud.answer("Action=GetSessionToken",
                 {typed_answer(200, "text/xml", sts_answer("GetSessionToken", "AKIDSESSION"))});
    cloud.answer("Action=GetFederationToken",
                 {typed_answer(200, "text/xml", sts_answer("GetFederationToken", "AKIDFEDERATED"))});
    cloud.around.variables = {{"HOME", "/home/me"}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  }
  Access access(const std::string& method, json::object values, const std::string& id = "blue") {
    return make(connector_of("aws", method, std::move(values)))->access(cloud.around, id);
  }
  // The URL inside a token.
  static std::string url_of(const Access& access) { return from_base64(access.access.token.substr(11)).value(); }
  std::string implicit_key(json::object more = {}) {
    more["region"] = "eu-central-1";
    const std::string url = url_of(access("implicit", more));
    const auto at = url.find("X-Amz-Credential=") + 17;
    return url.substr(at, url.find('%', at) - at);
  }
};

TEST_F(Aws, ReachesAClusterWithAnAccessKey) {
  const Access access = this->access("secret-key", kKeys);
  EXPECT_EQ(access.access.server, "https://blue.example");
  EXPECT_EQ(access.access.ca_pem, "-----BEGIN CERTIFICATE-----\nY2E=\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(access.cluster.name, "arn:aws:eks:eu-central-1:1:cluster/blue");
  EXPECT_EQ(access.expires_at, cloud.now + std::chrono::minutes{14});
  EXPECT_THAT(url_of(access), HasSubstr("X-Amz-Credential=AKIDGIVEN%2F20150830%2Feu-central-1%2Fsts%2Faws4_request"));
  EXPECT_EQ(cloud.asked.at(0).url, "https://eks.eu-central-1.amazonaws.com/clusters/blue");
  EXPECT_THAT(cloud.header(0, "Authorization"),
              HasSubstr("Credential=AKIDGIVEN/20150830/eu-central-1/eks/aws4_request"));
}

TEST_F(Aws, TakesTheOnlyClusterWhereNoneIsNamed) {
  cloud.answer("/clusters ", {json_answer(R"({"clusters": ["blue"], "nextToken": null})")});
  EXPECT_EQ(access("secret-key", kKeys, "").cluster.id, "blue");
}

TEST_F(Aws, RefusesToChooseAmongSeveralClusters) {
  cloud.answer("/clusters ", {json_answer(R"({"clusters": ["blue", "green"], "nextToken": null})")});
  EXPECT_THAT(complaint_of([&] { access("secret-key", kKeys, ""); }), HasSubstr("resource_id: is missing"));
}

TEST_F(Aws, RefusesAnAuthorityThatIsNoPem) {
  cloud.answers.insert(cloud.answers.begin(), {"/clusters/blue", {json_answer(R"({"cluster": {"name": "blue",
      "endpoint": "https://blue.example", "certificateAuthority": {"data": "bm8gUEVN"}}})")}});
  EXPECT_THAT(complaint_of([&] { access("secret-key", kKeys); }), HasSubstr("its certificate authority is no PEM"));
}

TEST_F(Aws, NamesAClusterByItsArn) {
  access("secret-key", kKeys, "arn:aws:eks:eu-central-1:123456789012:cluster/blue");
  EXPECT_THAT(cloud.asked.at(0).url, testing::EndsWith("/clusters/blue"));
}

TEST_F(Aws, RefusesAnArnOfAnotherRegion) {
  EXPECT_THAT(complaint_of([&] { access("secret-key", kKeys, "arn:aws:eks:us-east-1:123456789012:cluster/blue"); }),
              HasSubstr("expected a cluster of the region eu-central-1"));
}

TEST_F(Aws, ListsTheClustersOfAllPages) {
  cloud.answers.insert(cloud.answers.begin(),
                       {{"/clusters?nextToken=p%2F2", {json_answer(R"({"clusters": ["c"], "nextToken": null})")}},
                        {"/clusters ", {json_answer(R"({"clusters": ["a", "b"], "nextToken": "p/2"})")}}});
  std::vector<std::string> ids;
  for (const Cluster& cluster : make(connector_of("aws", "secret-key", kKeys))->list(cloud.around))
    ids.push_back(cluster.id);
  EXPECT_THAT(ids, testing::ElementsAre("a", "b", "c"));
}

TEST_F(Aws, ATokenEndsNoLaterThanTheCredentialsThatSignedIt) {
  const Access access = this->access("iam-role", with(kKeys, "role_arn", "arn:aws:iam::1:role/r"));
  EXPECT_EQ(access.expires_at, cloud.now + std::chrono::minutes{10});
  EXPECT_THAT(url_of(access), HasSubstr("AKIDROLE"));
  EXPECT_THAT(url_of(access), HasSubstr("X-Amz-Security-Token=made%26token"));
}

TEST_F(Aws, CutsARolesSessionDownToTheCluster) {
  access("iam-role", with(kKeys, "role_arn", "arn:aws:iam::1:role/r"));
  EXPECT_THAT(cloud.asked.at(0).body, HasSubstr("arn%3Aaws%3Aeks%3Aeu-central-1%3A%2A%3Acluster%2Fblue"));
  EXPECT_THAT(cloud.asked.at(0).body, HasSubstr("DurationSeconds=3600"));
}

TEST_F(Aws, GivesPoliciesOfTheUsersOwnInstead) {
  access("federation-token", with(kKeys, "policy_arns", json::array{"arn:aws:iam::1:policy/p"}));
  EXPECT_THAT(cloud.asked.at(0).body, HasSubstr("PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3A1%3Apolicy%2Fp"));
  EXPECT_THAT(cloud.asked.at(0).body, Not(HasSubstr("Policy=")));
}

TEST_F(Aws, MakesASessionTokenOfTheLengthThatIsAsked) {
  json::object connector = connector_of("aws", "session-token", kKeys);
  connector["expiration_seconds"] = 900;
  make(connector)->access(cloud.around, "blue");
  EXPECT_EQ(cloud.asked.at(0).body, "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900");
}

TEST_F(Aws, SignsAgainWhenItsClockWasWrong) {
  const Time right = cloud.now + std::chrono::hours{2};
  const auto ask = cloud.around.ask;
  cloud.around.ask = [&](const Call& call) {
    if (cloud.now == right) return ask(call);
    cloud.asked.push_back(call);
    cloud.now = right;  // as the Date header said
    return json_answer(R"({"message": "Signature expired"})", 403);
  };
  EXPECT_THAT(url_of(access("secret-key", kKeys)), HasSubstr("X-Amz-Date=20150830T143600Z"));
  EXPECT_EQ(cloud.asked.size(), 2u);
}

TEST_F(Aws, FindsKeysInTheEnvironmentFirst) {
  cloud.around.variables["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  cloud.around.variables["AWS_SECRET_ACCESS_KEY"] = "secret";
  cloud.files["/home/me/.aws/credentials"] = "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n";
  EXPECT_EQ(implicit_key(), "AKIDENV");
  EXPECT_EQ(implicit_key({{"profile_name", "default"}}), "AKIDFILE");
}

TEST_F(Aws, ReadsAProfileOfBothFiles) {
  cloud.files["/home/me/.aws/config"] = "[profile \"night shift\"]\nregion = x\naws_access_key_id = AKIDOLD\n";
  cloud.files["/home/me/.aws/credentials"] =
      "# mine\n[night shift]\naws_access_key_id = AKIDNIGHT ; since May\naws_secret_access_key = s\n";
  cloud.around.variables["AWS_PROFILE"] = "night shift";
  EXPECT_EQ(implicit_key(), "AKIDNIGHT");
}

TEST_F(Aws, FollowsAChainOfRoles) {
  cloud.files["/home/me/.aws/config"] =
      "[default]\nrole_arn = arn:aws:iam::1:role/outer\nsource_profile = middle\nexternal_id = ext\n"
      "[profile middle]\nrole_arn = arn:aws:iam::1:role/inner\nsource_profile = base\n"
      "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n";
  EXPECT_EQ(implicit_key(), "AKIDROLE");
  ASSERT_EQ(cloud.asked.size(), 3u);
  EXPECT_THAT(cloud.asked[0].body, HasSubstr("role%2Finner"));
  EXPECT_THAT(cloud.header(0, "Authorization"), HasSubstr("Credential=AKIDBASE/"));
  EXPECT_THAT(cloud.asked[1].body, AllOf(HasSubstr("role%2Fouter"), HasSubstr("ExternalId=ext")));
  EXPECT_THAT(cloud.header(1, "Authorization"), HasSubstr("Credential=AKIDROLE/"));
}

TEST_F(Aws, RefusesRolesThatLeadInACircle) {
  cloud.files["/home/me/.aws/config"] =
      "[default]\nrole_arn = a\nsource_profile = other\n[profile other]\nrole_arn = b\nsource_profile = default\n";
  EXPECT_THAT(complaint_of([&] { implicit_key(); }), HasSubstr("leads back to itself"));
}

TEST_F(Aws, KnowsAProfileThatIsMeant) {
  cloud.files["/home/me/.aws/config"] = "[profile production]\naws_access_key_id = x\naws_secret_access_key = s\n";
  EXPECT_THAT(complaint_of([&] {
                implicit_key({{"profile_name", "prodution"}});
              }),
              HasSubstr("did you mean \"production\"?"));
}

TEST_F(Aws, TakesAWebIdentity) {
  cloud.around.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/token";
  cloud.around.variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
  cloud.files["/var/run/token"] = "the.web.token\n";
  EXPECT_EQ(implicit_key(), "AKIDWEB");
  EXPECT_THAT(cloud.asked.at(0).body, HasSubstr("WebIdentityToken=the.web.token"));
  EXPECT_EQ(cloud.header(0, "Authorization"), "");
}

TEST_F(Aws, TakesAContainersCredentials) {
  cloud.around.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  cloud.around.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  cloud.files["/token"] = "pod-identity-token";
  cloud.answer("/v1/credentials", {json_answer(R"({"AccessKeyId": "AKIDPOD", "SecretAccessKey": "s", "Token": "t",
                                                  "Expiration": "2015-08-30T18:00:00Z"})")});
  EXPECT_EQ(implicit_key(), "AKIDPOD");
  EXPECT_EQ(cloud.header(0, "Authorization"), "pod-identity-token");
}

TEST_F(Aws, AsksNoStrangerForAContainersCredentials) {
  cloud.around.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1.example.com/steal";
  EXPECT_THAT(complaint_of([&] { implicit_key(); }), HasSubstr("found http://127.0.0.1.example.com, expected"));
  EXPECT_TRUE(cloud.asked.empty());
}

TEST_F(Aws, TakesTheInstancesRoleByASessionOfItsMetadataService) {
  cloud.around.variables.erase("AWS_EC2_METADATA_DISABLED");
  cloud.answer("PUT http://169.254.169.254/latest/api/token", {typed_answer(200, "text/plain", "imds-token")});
  cloud.answer("/security-credentials/worker", {json_answer(R"({"AccessKeyId": "AKIDVM", "SecretAccessKey": "s",
                                                                "Token": "t", "Expiration": "2015-08-30T18:00:00Z"})")});
  cloud.answer("/security-credentials/", {typed_answer(200, "text/plain", "worker")});
  EXPECT_EQ(implicit_key(), "AKIDVM");
  EXPECT_EQ(cloud.header(1, "x-aws-ec2-metadata-token"), "imds-token");
}

TEST_F(Aws, SaysWhereItLookedInVain) {
  EXPECT_THAT(complaint_of([&] { implicit_key(); }),
              HasSubstr("found no AWS credentials in the environment, the shared files, web identity or a container"));
}

TEST_F(Aws, SaysWhichPermissionIsMissingWithoutASecret) {
  cloud.answers.insert(cloud.answers.begin(),
                       {"/clusters", {json_answer(R"({"message": "not authorized with session-secret-token"})", 403)}});
  json::object values = with(kKeys, "aws_session_token", "session-secret-token");
  EXPECT_THAT(complaint_of([&] { make(connector_of("aws", "sts-token", values))->list(cloud.around); }),
              AllOf(HasSubstr("eks:ListClusters"), HasSubstr("not authorized with ***"), Not(HasSubstr("secret-"))));
}

TEST_F(Aws, SaysThatAClusterIsGone) {
  cloud.answers.insert(
      cloud.answers.begin(),
      {"/clusters/blue",
       {json_answer(R"({"__type": "ResourceNotFoundException", "message": "No cluster found"})", 404)}});
  EXPECT_THAT(complaint_of([&] { access("secret-key", kKeys); }),
              AllOf(HasSubstr("the EKS cluster blue of the region eu-central-1"), HasSubstr("No cluster found"),
                    HasSubstr("is it deleted?")));
}

TEST_F(Aws, SaysThatSomethingElseAnswered) {
  for (const auto& [answer, said] : std::vector<std::pair<Answer, std::string>>{
           {typed_answer(200, "text/html; charset=utf-8", "<html>Log in</html>"), "answered with text/html"},
           {json_answer(R"({"cluster": {"name": "bl)"), "expected a whole JSON object"},
           {typed_answer(302, "", ""), "redirects (302)"},
           {json_answer(R"({"message": "Rate exceeded"})", 429), "answered 429: Rate exceeded"},
           {typed_answer(503, "text/html", "<html>"), "answered 503 (it answered with text/html)"}}) {
    cloud.answers.insert(cloud.answers.begin(), {"/clusters/blue", {answer}});
    EXPECT_THAT(complaint_of([&] { access("secret-key", kKeys); }), HasSubstr(said));
  }
}

TEST_F(Aws, RefusesATokenThatHasExpired) {
  json::object connector = connector_of("aws", "sts-token", with(kKeys, "aws_session_token", "t"));
  connector["expires_at"] = "2015-08-30T12:00:00Z";
  EXPECT_THAT(complaint_of([&] { make(connector)->access(cloud.around, "blue"); }), HasSubstr("has expired"));
}

}  // namespace
}  // namespace stepop::connectors
