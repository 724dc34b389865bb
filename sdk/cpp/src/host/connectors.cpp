// The extension stepop.connectors/1.
#include <stepop/host_connectors.hpp>

#include "library.hpp"

namespace stepop::host {
namespace {

const stepop_connectors& functions_of(const Plugin& plugin) {
  const auto* found = static_cast<const stepop_connectors*>(plugin.extension(STEPOP_EXT_CONNECTORS));
  if (found == nullptr) throw Error(STEPOP_E_UNSUPPORTED, "the plugin " + plugin.name() + " has no service connectors");
  return *found;
}

template <class Function>
Function function_of(const Plugin& plugin, Function stepop_connectors::*member, std::string_view name) {
  const stepop_connectors& functions = functions_of(plugin);
  const Function function = detail::member_of(functions, functions.struct_size, member, Function{});
  if (function == nullptr)
    throw Error(STEPOP_E_UNSUPPORTED, "the plugin " + plugin.name() + " does not have " + std::string(name));
  return function;
}

Error failure(const Plugin& plugin, stepop_code code, stepop_error* error, std::string_view name) {
  if (error == nullptr) return Error(code, std::string(name) + " failed, and the plugin says no more");
  Error said(code, std::string(error->message, error->message_size),
             detail::read_findings({error->findings, error->findings_size}));
  plugin.native().release(error);
  return said;
}

// Calls a function of the extension with what stands before `out`, and parses what it returned.
template <class Function, class... Arguments>
json::value ask(const Plugin& plugin, Function stepop_connectors::*member, std::string_view name,
                Arguments... arguments) {
  stepop_text* text = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = function_of(plugin, member, name)(arguments..., &text, &error);
  if (code != STEPOP_OK) throw failure(plugin, code, error, name);
  const std::string said(text->data, text->size);
  plugin.native().release(text);
  json::error_code wrong;
  json::value parsed = json::parse(said, wrong);
  if (wrong)
    throw Error(STEPOP_E_INTERNAL, "the plugin " + plugin.name() + " returned no JSON from " + std::string(name));
  return parsed;
}

template <class Kind>
Kind as(json::value value, std::string_view name) {
  Kind* found = nullptr;
  if constexpr (std::is_same_v<Kind, json::array>)
    found = value.if_array();
  else
    found = value.if_object();
  if (found == nullptr)
    throw Error(STEPOP_E_INTERNAL, "the plugin returned other JSON than it should from " + std::string(name));
  return std::move(*found);
}

}  // namespace

Connectors::Connectors(const Plugin& plugin) : plugin_(plugin) {
  functions_of(plugin_);
}

json::array Connectors::types() const {
  return as<json::array>(ask(plugin_, &stepop_connectors::types, "types"), "types");
}

void Connectors::validate(const json::object& connector) const {
  stepop_error* error = nullptr;
  const stepop_code code =
      function_of(plugin_, &stepop_connectors::validate, "validate")(json::serialize(connector).c_str(), &error);
  if (code != STEPOP_OK) throw failure(plugin_, code, error, "validate");
}

json::object Connectors::verify(const json::object& connector, std::chrono::milliseconds timeout) const {
  return as<json::object>(ask(plugin_, &stepop_connectors::verify, "verify", json::serialize(connector).c_str(),
                              static_cast<std::int64_t>(timeout.count())),
                          "verify");
}

json::array Connectors::list_resources(const json::object& connector, const std::string& resource_type,
                                       std::chrono::milliseconds timeout) const {
  return as<json::array>(
      ask(plugin_, &stepop_connectors::list_resources, "list_resources", json::serialize(connector).c_str(),
          resource_type.c_str(), static_cast<std::int64_t>(timeout.count())),
      "list_resources");
}

json::object Connectors::describe_resource(const json::object& connector, const std::string& resource_id,
                                           std::chrono::milliseconds timeout) const {
  return as<json::object>(
      ask(plugin_, &stepop_connectors::describe_resource, "describe_resource", json::serialize(connector).c_str(),
          resource_id.c_str(), static_cast<std::int64_t>(timeout.count())),
      "describe_resource");
}

json::object Connectors::access(const json::object& connector, const std::string& resource_id,
                                std::chrono::milliseconds timeout) const {
  return as<json::object>(ask(plugin_, &stepop_connectors::access, "access", json::serialize(connector).c_str(),
                              resource_id.c_str(), static_cast<std::int64_t>(timeout.count())),
                          "access");
}

}  // namespace stepop::host
