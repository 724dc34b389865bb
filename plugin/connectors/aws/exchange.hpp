// A signed question to AWS, asked again where our clock was wrong.
#pragma once

#include "connectors/aws/signature.hpp"

namespace stepop::connectors::aws {

struct Exchange {
  Call call;  // as it was sent
  Answer answer;
};
// AWS refuses a signature that is more than 5 minutes old or early. Its refusal tells its time (Surroundings::now), and then
// the same question is signed once more.
Exchange ask_signed(const Surroundings&, const Call&, const Credentials&, const Scope&);

}  // namespace stepop::connectors::aws
