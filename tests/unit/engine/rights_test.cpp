#include "engine/rights.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <set>

namespace stepop::engine {
namespace {

using plugin::Finding;
using testing::HasSubstr;
namespace json = boost::json;

const Right& right(std::string_view name) {
  for (const auto& candidate : rights()) {
    if (name_of(candidate) == name) return candidate;
  }
  throw std::out_of_range(std::string(name));
}

kube::Response review(std::string_view status) {
  kube::Response response;
  response.status = 201;
  response.body = R"({"kind":"SelfSubjectAccessReview","status":)" + std::string(status) + "}";
  return response;
}

TEST(Rights, AreEachThereOnce) {
  std::set<std::string> names;
  for (const auto& candidate : rights()) EXPECT_TRUE(names.insert(name_of(candidate)).second) << name_of(candidate);
}

TEST(Rights, AreAskedForInTheNamespace) {
  const auto request = ask_right(right("create jobs.batch"), "dev");
  EXPECT_EQ(json::parse(request.body).at("spec").at("resourceAttributes"),
            json::parse(R"({"namespace":"dev","verb":"create","resource":"jobs","group":"batch"})"));
  EXPECT_EQ(json::parse(ask_right(right("get pods/log"), "dev").body).at("spec").at("resourceAttributes"),
            json::parse(R"({"namespace":"dev","verb":"get","resource":"pods","subresource":"log"})"));
}

TEST(Rights, AreRequiredByTheKindsThatAStepConsistsOf) {
  const std::vector<std::string> pod{"Pod"}, job{"Service", "Job"};
  EXPECT_TRUE(is_required(right("watch pods"), pod));
  EXPECT_TRUE(is_required(right("watch pods"), job)) << "a Job's pods are followed too";
  EXPECT_FALSE(is_required(right("create jobs.batch"), pod));
  EXPECT_TRUE(is_required(right("create jobs.batch"), job));
  EXPECT_TRUE(is_required(right("create services"), job));
  EXPECT_FALSE(is_required(right("create secrets"), job));
  EXPECT_FALSE(is_required(right("list events"), job)) << "they only explain";
}

TEST(Rights, ThatAreMissingNameVerbResourceAndTheFileThatGrantsThem) {
  const auto told = read_right(right("create secrets"), "dev", true, review(R"({"allowed":false})"));
  EXPECT_EQ(told.level, Finding::Level::error);
  EXPECT_EQ(told.code, "Forbidden");
  EXPECT_EQ(told.message, "This account may not create secrets in namespace dev, needed for steps with secrets.");
  EXPECT_THAT(told.hint, HasSubstr("kubectl apply -n dev -f packaging/rbac/secrets.yaml"));
  EXPECT_EQ(read_right(right("create secrets"), "dev", false, review(R"({"allowed":false})")).level,
            Finding::Level::warning);
}

TEST(Rights, AreUnknownWhenTheServerDoesNotSay) {
  kube::Response refused;
  refused.status = 403;
  for (const kube::Outcome& outcome :
       std::vector<kube::Outcome>{kube::TransportError{}, refused, review("{}"), review(R"({"allowed":"yes"})")}) {
    const auto told = read_right(right("get pods"), "dev", true, outcome);
    EXPECT_EQ(told.level, Finding::Level::warning);
    EXPECT_EQ(told.code, "RightUnknown");
  }
  EXPECT_EQ(read_right(right("get pods"), "dev", true, review(R"({"allowed":true})")).level, Finding::Level::ok);
}

}  // namespace
}  // namespace stepop::engine
