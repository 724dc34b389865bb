// SigV4 against AWS's published vectors, and the EKS token.
#include "connectors/aws/signature.hpp"

#include "connectors/aws/eks.hpp"
#include "fake_cloud.hpp"

namespace stepop::connectors::aws {
namespace {

struct Vector {
  std::string name, method, target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body, token;
  bool sign_body;
  std::string in_header, in_query;
};

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all{
#include "sigv4_vectors.inc"
  };
  return all;
}

class Sigv4 : public testing::TestWithParam<Vector> {
 protected:
  Call call() const {
    Call made;
    made.method = GetParam().method == "GET" ? kube::Method::Get : kube::Method::Post;
    made.url = "https://example.amazonaws.com" + GetParam().target;
    made.headers = GetParam().headers;
    made.body = GetParam().body;
    return made;
  }
  Credentials credentials() const {
    return {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", GetParam().token, std::nullopt};
  }
  const Scope scope_{"us-east-1", "service"};
  const Time now_{std::chrono::seconds{1440938160}};
};

TEST_P(Sigv4, SignsTheHeadersAsPublished) {
  Call unsigned_call = call();
  if (GetParam().sign_body) unsigned_call.headers.emplace_back("X-Amz-Content-Sha256", hex(sha256(unsigned_call.body)));
  const Call made = signed_call(unsigned_call, credentials(), scope_, now_);
  EXPECT_THAT(made.headers.back().second, testing::EndsWith("Signature=" + GetParam().in_header));
}

TEST_P(Sigv4, SignsTheQueryAsPublished) {
  const std::string url = presigned_url(call(), credentials(), scope_, now_, std::chrono::hours{1});
  EXPECT_THAT(url, testing::EndsWith("X-Amz-Signature=" + GetParam().in_query));
}

INSTANTIATE_TEST_SUITE_P(Published, Sigv4, testing::ValuesIn(vectors()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

TEST(Signature, NamesThePortThatIsNotTheSchemesOwn) {
  Call call;
  call.url = "http://127.0.0.1:4566/";
  EXPECT_THAT(canonical_request(call), testing::HasSubstr("host:127.0.0.1:4566\n"));
  call.url = "https://sts.eu-central-1.amazonaws.com:443/";
  EXPECT_THAT(canonical_request(call), testing::HasSubstr("host:sts.eu-central-1.amazonaws.com\n"));
}

TEST(Signature, KeepsWhatIsSecretOutOfMessages) {
  Call call;
  call.url = "https://sts.eu-central-1.amazonaws.com/";
  const Call made = signed_call(call, {"AKID", "the-secret-key", "the-session-token", {}}, {"eu-central-1", "sts"}, {});
  EXPECT_EQ(without_secrets("the-secret-key, the-session-token", made.secrets), "***, ***");
}

TEST(EksToken, IsAPresignedGetCallerIdentityForOneCluster) {
  const std::string token = eks_token("https://sts.eu-central-1.amazonaws.com", {"AKID", "secret", "session", {}},
                                      "eu-central-1", "blue", {});
  ASSERT_THAT(token, testing::StartsWith("k8s-aws-v1."));
  EXPECT_EQ(token.find('='), std::string::npos);
  const std::string url = from_base64(token.substr(11)).value();
  EXPECT_THAT(url,
              testing::StartsWith("https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
                                  "&X-Amz-Algorithm=AWS4-HMAC-SHA256"));
  EXPECT_THAT(url, testing::HasSubstr("&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&"));
  EXPECT_THAT(url, testing::HasSubstr("&X-Amz-Security-Token=session&"));
}

}  // namespace
}  // namespace stepop::connectors::aws
