#pragma once

#include <string_view>

namespace stepop::engine {

// Whether a ResourceQuota's refusal says that there would be no room even if nothing else ran: `exceeded quota: q,
// requested: limits.memory=2Gi, used: limits.memory=0, limited: limits.memory=1Gi` ("Resource Quotas"). False for what is not
// in these words. Pure.
bool asks_for_more_than_the_quota(std::string_view message);

}  // namespace stepop::engine
