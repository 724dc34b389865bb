#include "connectors/aws/exchange.hpp"

namespace stepop::connectors::aws {

Exchange ask_signed(const Surroundings& around, const Call& call, const Credentials& credentials, const Scope& scope) {
  constexpr std::chrono::seconds tolerated{4 * 60};
  const Time before = around.now();
  Exchange exchange{signed_call(call, credentials, scope, before), {}};
  exchange.answer = around.ask(exchange.call);
  const auto off = around.now() - before;
  const bool refused = exchange.answer.status == 400 || exchange.answer.status == 403;
  if (!refused || (off < tolerated && -off < tolerated)) return exchange;
  exchange.call = signed_call(call, credentials, scope, around.now());
  exchange.answer = around.ask(exchange.call);
  return exchange;
}

}  // namespace stepop::connectors::aws
