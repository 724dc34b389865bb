// libstepop_local.so: the flavor `local` runs a step as a process of this machine. The step lives on when the host dies; the
// host's next life finds it by its step_run_id.
#include <stepop/plugin.hpp>

#include "local_operator.hpp"
#include "outcome.hpp"
#include "spawn.hpp"

namespace {

using namespace stepop;

plugin::Description describe() {
  plugin::Flavor flavor;
  flavor.name = "local";
  flavor.description =
      "Runs a step as a process on the host's machine. `image` is taken and not used. Needs Linux "
      "5.3 for process descriptors.";
  flavor.config_schema = local::config_schema();
  flavor.settings_schema = local::settings_schema();
  flavor.request_schema = local::request_schema();
  flavor.reasons = local::reasons();
  flavor.open = [](const boost::json::object& config, plugin::Events& events) {
    return std::make_unique<local::LocalOperator>(local::read_config(config), local::supervisor_path(), events);
  };
  return {"stepop_local", STEPOP_LOCAL_VERSION, {std::move(flavor)}, {}};
}

}  // namespace

STEPOP_PLUGIN(describe)
