#include "operator_handle.hpp"

#include <unistd.h>

#include <mutex>

using stepop::plugin::Error;

stepop_operator::stepop_operator(const stepop::plugin::Flavor& flavor, const stepop::plugin::json::object& config)
    : opener(::getpid()),
      events(std::make_shared<stepop::plugin::EventStream>()),
      implementation(flavor.open(config, *events)) {
  if (!implementation) throw Error(STEPOP_E_INTERNAL, "the flavor \"" + flavor.name + "\" opened no operator");
}

bool stepop_operator::forked() const noexcept {
  return ::getpid() != opener;
}

void stepop_operator::require_open() const {
  if (forked())
    throw Error(STEPOP_E_FORKED, "this process was forked after `open`", "open an operator of its own in the child");
  if (closed.load(std::memory_order_acquire)) throw Error(STEPOP_E_CLOSED, "the operator is shut down");
}

bool stepop_operator::shutdown(std::chrono::milliseconds timeout) {
  if (closed.exchange(true, std::memory_order_acq_rel)) return false;
  { const std::unique_lock none_under_way(calls); }
  events->close();
  implementation->shutdown(timeout);
  return true;
}
