// What a service connector may be told, and the connector `kubernetes`.
#include "fake_cloud.hpp"

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
