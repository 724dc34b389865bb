// What a service connector may be told, and the connector `kubernetes`.
#include "fake_cloud.hpp"
#include "test_keys.hpp"

namespace stepop::connectors {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kPem = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
const std::string kKey = "-----BEGIN PRIVATE KEY-----\nQQ==\n-----END PRIVATE KEY-----\n";

json::object cluster_with(json::object more) {
  json::object values{{"server", "https://10.0.0.1:6443"}, {"cluster_name", "blue"}};
  for (const auto& member : more) values[member.key()] = member.value();
  return values;
}

TEST(ConnectorConfiguration, ToldWrongSaysEveryMistakeAtOnce) {
  const std::string said = complaint_of([] {
    read_configuration({{"type", "aws"},
                        {"auth_method", "secret-key"},
                        {"resouce_id", "x"},
                        {"configuration", {{"regoin", "eu-central-1"}, {"aws_access_key_id", 5}}}});
  });
  EXPECT_THAT(said, HasSubstr("resouce_id: is no member of a service connector (did you mean \"resource_id\"?)"));
  EXPECT_THAT(said,
              HasSubstr("configuration.regoin: is no attribute of the method secret-key (did you mean \"region\"?)"));
  EXPECT_THAT(said, HasSubstr("configuration.aws_access_key_id: found a number, expected a text"));
  EXPECT_THAT(said, HasSubstr("configuration.region: is missing"));
  EXPECT_THAT(said, HasSubstr("configuration.aws_secret_access_key: is missing"));
}

TEST(ConnectorConfiguration, KnowsTheTypeAndTheMethodThatAreMeant) {
  EXPECT_THAT(complaint_of([] {
                read_configuration({{"type", "asw"}, {"auth_method", "x"}});
              }),
              HasSubstr("did you mean \"aws\"?"));
  EXPECT_THAT(complaint_of([] {
                read_configuration({{"type", "aws"}, {"auth_method", "iam-rule"}});
              }),
              HasSubstr("did you mean \"iam-role\"?"));
}

TEST(ConnectorConfiguration, LetsAMethodDecideHowLongItsCredentialsLive) {
  json::object connector = connector_of("kubernetes", "token", cluster_with({{"token", "t"}}));
  connector["expiration_seconds"] = 900;
  EXPECT_THAT(complaint_of([&] { read_configuration(connector); }), HasSubstr("does not decide how long"));
}

TEST(KubernetesConnector, GivesAToken) {
  const auto connector = make(
      connector_of("kubernetes", "token", cluster_with({{"token", "t"}, {"certificate_authority", base64(kPem)}})));
  FakeCloud cloud;
  const Access access = connector->access(cloud.around, "");
  EXPECT_EQ(access.access.server, "https://10.0.0.1:6443");
  EXPECT_EQ(access.access.token, "t");
  EXPECT_EQ(access.access.ca_pem, kPem);
  EXPECT_FALSE(access.expires_at);
  EXPECT_EQ(connector->list(cloud.around).at(0).id, "blue");
}

TEST(KubernetesConnector, GivesAClientCertificateOrAPassword) {
  FakeCloud cloud;
  const Access certified =
      make(connector_of("kubernetes", "token",
                        cluster_with({{"client_certificate", base64(kPem)}, {"client_key", base64(kKey)}})))
          ->access(cloud.around, "blue");
  EXPECT_EQ(certified.access.client_certificate_pem, kPem);
  EXPECT_EQ(certified.access.client_key_pem, kKey);
  const Access named =
      make(connector_of("kubernetes", "password", cluster_with({{"username", "u"}, {"password", "p"}})))
          ->access(cloud.around, "blue");
  EXPECT_EQ(named.access.username, "u");
  EXPECT_EQ(named.access.password, "p");
}

TEST(KubernetesConnector, RefusesWhatCannotWork) {
  const auto said = [](json::object values) {
    return complaint_of([&] { make(connector_of("kubernetes", "token", cluster_with(std::move(values)))); });
  };
  EXPECT_THAT(said({}), HasSubstr("configuration.token: is missing"));
  EXPECT_THAT(said({{"client_certificate", base64(kPem)}}), HasSubstr("configuration.client_key: is missing"));
  EXPECT_THAT(said({{"token", "t"}, {"server", "10.0.0.1"}}), HasSubstr("expected a URL"));
  EXPECT_THAT(said({{"token", "t"}, {"insecure", true}, {"certificate_authority", base64(kPem)}}),
              HasSubstr("expected one of the two"));
  EXPECT_THAT(said({{"token", "t"}, {"client_key", "my secret key"}}),
              AllOf(HasSubstr("configuration.client_key: expected PEM"), Not(HasSubstr("my secret"))));
}

TEST(KubernetesConnector, HasOneClusterAlone) {
  FakeCloud cloud;
  const auto connector = make(connector_of("kubernetes", "token", cluster_with({{"token", "t"}})));
  EXPECT_THAT(complaint_of([&] { connector->describe(cloud.around, "green"); }), HasSubstr("expected blue"));
}

TEST(KubernetesConnector, SaysWhenItsCredentialsHaveExpired) {
  FakeCloud cloud;
  json::object connector = connector_of("kubernetes", "token", cluster_with({{"token", "t"}}));
  connector["expires_at"] = "2015-08-30T12:00:00Z";
  EXPECT_THAT(complaint_of([&] { make(connector)->access(cloud.around, ""); }),
              HasSubstr("expired at 2015-08-30T12:00:00Z"));
}

// A JSON Web Token, which nobody signed.
std::string token_until(const std::string& exp) {
  return base64url(R"({"alg":"none"})") + "." + base64url("{\"sub\":\"me\",\"exp\":" + exp + "}") + ".x";
}

TEST(KubernetesConnector, KnowsWhenItsTokenEndsWhereTheTokenSaysIt) {
  FakeCloud cloud;
  const auto with = [&](const std::string& token) {
    return make(connector_of("kubernetes", "token", cluster_with({{"token", token}})));
  };
  EXPECT_EQ(with(token_until("1440938220"))->access(cloud.around, "").expires_at, cloud.now + std::chrono::minutes{1});
  EXPECT_THAT(complaint_of([&] { with(token_until("1440938100"))->access(cloud.around, ""); }),
              HasSubstr("expired at 2015-08-30T12:35:00Z"));
  for (const char* const exp : {"\"soon\"", "1e300", "-1", "null", "{"})
    EXPECT_FALSE(with(token_until(exp))->access(cloud.around, "").expires_at) << exp;
  for (const char* const other : {"a.b.c", "..", ".", "a..c", "opaque"})
    EXPECT_FALSE(with(other)->access(cloud.around, "").expires_at) << other;
}

TEST(KubernetesConnector, KnowsWhenItsCertificateEnds) {
  FakeCloud cloud;
  const auto connector = make(
      connector_of("kubernetes", "client-certificate",
                   cluster_with({{"client_certificate", test_key().certificate}, {"client_key", test_key().pem}})));
  const auto end = connector->access(cloud.around, "").expires_at;
  ASSERT_TRUE(end);
  cloud.now = *end;
  EXPECT_THAT(complaint_of([&] { connector->access(cloud.around, ""); }), HasSubstr("expired at "));
}

TEST(KubernetesConnector, ReadsAFileThatOthersRotateEachTime) {
  FakeCloud cloud;
  cloud.around.variables = {{"HOME", "/home/me"}};
  const auto connector = make(connector_of("kubernetes", "token", cluster_with({{"token_file", "~/token"}})));
  EXPECT_THAT(complaint_of([&] { connector->access(cloud.around, ""); }), HasSubstr("~/token"));
  cloud.files["/home/me/token"] = "one\n";
  EXPECT_EQ(connector->access(cloud.around, "").access.token, "one");
  EXPECT_EQ(connector->access(cloud.around, "").expires_at, cloud.now + std::chrono::minutes{1});
  cloud.files["/home/me/token"] = token_until("1440938220");
  EXPECT_EQ(connector->access(cloud.around, "").access.token, token_until("1440938220"));
}

TEST(KubernetesConnector, ReadsACertificateAndItsKeyFromFiles) {
  FakeCloud cloud;
  cloud.files = {{"/crt", test_key().certificate}, {"/key", test_key().pem}};
  const Access access =
      make(connector_of("kubernetes", "client-certificate",
                        cluster_with({{"client_certificate_file", "/crt"}, {"client_key_file", "/key"}})))
          ->access(cloud.around, "");
  EXPECT_THAT(access.access.client_certificate_pem, HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_THAT(access.access.client_key_pem, HasSubstr("PRIVATE KEY"));
  EXPECT_TRUE(access.expires_at);
}

TEST(KubernetesConnector, RefusesAFileBesideWhatIsInIt) {
  EXPECT_THAT(complaint_of([] {
                make(connector_of("kubernetes", "token", cluster_with({{"token", "t"}, {"token_file", "/f"}})));
              }),
              HasSubstr("configuration.token: found beside token_file"));
  EXPECT_THAT(complaint_of([] { make(connector_of("kubernetes", "client-certificate", cluster_with({}))); }),
              HasSubstr("configuration.client_certificate: is missing"));
}

TEST(Base64, ReadsEitherAlphabetAndNothingElse) {
  EXPECT_EQ(from_base64("-_8="), from_base64("+/8"));
  EXPECT_EQ(from_base64("QUJD\nRA=="), "ABCD");
  EXPECT_FALSE(from_base64("Q"));
  EXPECT_FALSE(from_base64("QU!D"));
  EXPECT_FALSE(from_base64("QQ==QQ"));
}

TEST(Messages, HoldOneLineAndNoSecret) {
  EXPECT_EQ(without_secrets("bad key a/b+c (a%2Fb%2Bc)\nsecond line", {"a/b+c"}), "bad key *** (***)");
}

}  // namespace
}  // namespace stepop::connectors
