#include "input/service_connector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <fstream>

#include "input/stack_file.hpp"
#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "KEY") return "the-secret";
  return std::nullopt;
}

const std::string kText = R"(
name: demo
service_connectors:
  prod:
    type: aws
    auth_method: secret-key
    resource_id: blue
    expiration_seconds: 900
    configuration: { region: eu-central-1, aws_secret_access_key: "${env:KEY}", plain: "not-to-be-kept", flag: true }
step_operators:
  cluster: { flavor: kubernetes, connector: prod, connector_resource_id: green }
)";

Stack read(const std::string& text, const std::filesystem::path& directory = "/tmp/below") {
  return read_stack(parse_yaml("stack.yaml", text), directory, environment);
}

std::string error_of(const std::string& text) {
  try {
    read(text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no error";
}

TEST(ServiceConnectorFile, IsWhatAStepOperatorReachesItsClusterBy) {
  const Stack stack = read(kText);
  EXPECT_EQ(stack.find("cluster")->connector, "prod");
  EXPECT_EQ(stack.find("cluster")->connector_resource_id, "green");
  EXPECT_EQ(stack.find_connector("prod")->type, "aws");
}

TEST(ServiceConnectorFile, IsResolvedAsLateAsPossible) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "stack.yaml") << kText;
  const Stack stack = read(kText, directory.path());
  std::vector<LateError> errors;
  const auto connector = resolved(*stack.find_connector("prod"), environment, errors);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(boost::json::serialize(connector),
            R"({"type":"aws","auth_method":"secret-key","resource_id":"blue","expiration_seconds":900,)"
            R"("configuration":{"region":"eu-central-1","aws_secret_access_key":"the-secret",)"
            R"("plain":"not-to-be-kept","flag":true}})");
}

TEST(ServiceConnectorFile, NamesWhatIsMissing) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "stack.yaml") << kText;
  std::vector<LateError> errors;
  resolved(
      *read(kText, directory.path()).find_connector("prod"), [](const std::string&) { return std::nullopt; }, errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].path, "configuration.aws_secret_access_key");
}

TEST(ServiceConnectorFile, LeavesNoTextOfItsOwnInTheJournal) {
  const Stack stack = read(kText);
  const std::string journal = boost::json::serialize(to_json(stack));
  EXPECT_THAT(journal, testing::Not(testing::HasSubstr("not-to-be-kept")));
  EXPECT_THAT(journal, testing::HasSubstr("${env:KEY}"));
  EXPECT_EQ(to_json(stack_from_json(to_json(stack))), to_json(stack));
}

TEST(ServiceConnectorFile, KnowsWhatStandsPlainly) {
  const Stack stack = read(kText);
  EXPECT_TRUE(is_plain(*stack.find_connector("prod"), "plain"));
  EXPECT_FALSE(is_plain(*stack.find_connector("prod"), "aws_secret_access_key"));
  EXPECT_FALSE(is_plain(*stack.find_connector("prod"), "flag"));
}

TEST(ServiceConnectorFile, RefusesOneThatIsNotThere) {
  EXPECT_THAT(
      error_of("{name: d, service_connectors: {prod: {type: aws, auth_method: implicit}}, "
               "step_operators: {c: {flavor: k, connector: prdo}}}"),
      testing::AllOf(testing::HasSubstr("step_operators.c.connector"), testing::HasSubstr("did you mean \"prod\"?")));
  EXPECT_THAT(error_of("{name: d, step_operators: {c: {flavor: k, connector_resource_id: x}}}"),
              testing::HasSubstr("there is no connector beside it"));
}

TEST(ServiceConnectorFile, RefusesAMemberThatItDoesNotKnow) {
  EXPECT_THAT(error_of("{name: d, service_connectors: {p: {type: aws, auth_metod: implicit}}, step_operators: {}}"),
              testing::HasSubstr("auth_method"));
}

}  // namespace
}  // namespace stepop::orchestrator
