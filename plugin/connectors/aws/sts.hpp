// AWS's Security Token Service: what is asked, and what is answered ("AWS STS API reference", 2011-06-15). Pure.
#pragma once

#include <string>
#include <vector>

#include "connectors/aws/signature.hpp"

namespace stepop::connectors::aws {

// aws, aws-cn, aws-us-gov: as ARNs of a region have it.
std::string partition_of(const std::string& region);
// https://SERVICE.REGION.amazonaws.com; $AWS_ENDPOINT_URL_SERVICE and $AWS_ENDPOINT_URL win.
std::string endpoint_of(const Surroundings&, const std::string& service, const std::string& region);

struct Session {
  std::string name = "stepop-connector";  // who asks, as the cloud's audit log has it
  int seconds = 3600;
  std::string policy{};  // "" for none
  std::vector<std::string> policy_arns{};
  std::string external_id{};
};

// Not signed yet, but for the one that never is.
Call assume_role(const std::string& endpoint, const std::string& role_arn, const Session&);
Call assume_role_with_web_identity(const std::string& endpoint, const std::string& role_arn, const Session&,
                                   const std::string& token);
Call get_session_token(const std::string& endpoint, const Session&);
Call get_federation_token(const std::string& endpoint, const Session&);
Call get_caller_identity(const std::string& endpoint);

// Throw plugin::Error; `what` as connectors/answer.hpp has it.
Credentials read_credentials(const Call&, const Answer&, const std::string& what);
std::string read_caller(const Call&, const Answer&);  // its ARN

// A policy for EKS clusters alone: what a session is cut down to where nobody says otherwise. "" is every cluster.
std::string eks_policy(const std::string& region, const std::string& cluster);

}  // namespace stepop::connectors::aws
