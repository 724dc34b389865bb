// The extension stepop.render/1 over a Renderer.
#include <stepop/draft/render.h>
#include <stepop/plugin.hpp>

#include "boundary.hpp"
#include "json_text.hpp"
#include "objects.hpp"
#include "operator_handle.hpp"
#include "options.hpp"

namespace stepop::plugin {
namespace {

json::object to_json(const Rendering& rendering) {
  json::object shown{{"manifests", rendering.manifests}};
  if (rendering.accepted) shown["accepted"] = *rendering.accepted;
  shown["findings"] = to_json(rendering.findings);
  return shown;
}

stepop_code render(stepop_operator* op, const char* request, std::uint32_t dry_run, std::int64_t timeout_ms,
                   stepop_text** out, stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(op, "op");
    op->require_open();
    require(request, "request");
    require(out, "out");
    require_timeout(timeout_ms);
    if (dry_run > 1) throw Error(STEPOP_E_INVALID, "`dry_run` must be 0 or 1, found " + std::to_string(dry_run));
    auto* renderer = dynamic_cast<Renderer*>(op->implementation.get());
    if (renderer == nullptr) throw Error(STEPOP_E_UNSUPPORTED, "this flavor has no manifests to show");
    const json::object step = parse_object(request, "the request");
    step_run_id_of(step);
    const auto rendering = op->blocking(
        [&](Operator&) { return renderer->render(step, dry_run == 1, std::chrono::milliseconds(timeout_ms)); });
    *out = make_text(json::serialize(to_json(rendering)));
    return STEPOP_OK;
  });
}

constexpr stepop_render functions{sizeof(stepop_render), 0, render};

}  // namespace

const void* render_extension() noexcept {
  return &functions;
}

}  // namespace stepop::plugin
