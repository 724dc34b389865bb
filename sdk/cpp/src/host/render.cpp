// The extension stepop.render/1.
#include <stepop/draft/render.h>
#include <stepop/host.hpp>

#include "library.hpp"

namespace stepop::host {
namespace {

Rendering read(const detail::Library& library, std::string_view text) {
  const auto fault = [&](const std::string& what) {
    return Error(STEPOP_E_INTERNAL,
                 "the plugin " + library.name() + " does not keep to " STEPOP_EXT_RENDER ": " + what);
  };
  json::error_code error;
  json::value shown = json::parse(text, error);
  if (error || !shown.is_object()) throw fault("it returned no JSON object");
  auto& members = shown.get_object();
  if (!members.contains("manifests")) throw fault("it returned no \"manifests\"");
  const auto array = [&](std::string_view name) {
    json::value* found = members.if_contains(name);
    if (found == nullptr) return json::array();
    if (!found->is_array()) throw fault("\"" + std::string(name) + "\" is no array");
    return std::move(found->get_array());
  };
  return {array("manifests"), array("accepted"), detail::read_findings(json::serialize(array("findings")))};
}

}  // namespace

Rendering Operator::render(const json::object& request, bool dry_run, std::chrono::milliseconds timeout) const {
  const auto& library = core_->library();
  const auto get = library->slot(&stepop_plugin::get_extension);
  const auto* extension = get == nullptr ? nullptr : static_cast<const stepop_render*>(get(STEPOP_EXT_RENDER));
  const auto function = extension == nullptr
                            ? nullptr
                            : detail::member_of(*extension, extension->struct_size, &stepop_render::render,
                                                decltype(stepop_render::render){});
  if (function == nullptr)
    throw Error(STEPOP_E_UNSUPPORTED, "the plugin " + library->name() +
                                          " does not have " STEPOP_EXT_RENDER
                                          ": it cannot show what a request becomes");
  stepop_text* text = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code =
      function(core_->op(), json::serialize(request).c_str(), dry_run ? 1 : 0, timeout.count(), &text, &error);
  if (code != STEPOP_OK) throw library->failure(code, error, "render");
  return read(*library, Text(library, text).view());
}

}  // namespace stepop::host
