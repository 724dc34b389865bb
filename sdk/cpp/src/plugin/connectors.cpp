// The extension stepop.connectors/1 over the functions of Connectors.
#include <stepop/plugin_connectors.hpp>

#include "boundary.hpp"
#include "json_text.hpp"
#include "objects.hpp"

namespace stepop::plugin {
namespace {

// The plugin's, kept by connectors_extension, which is called before a host can have the extension.
Connectors mine;

// Reads `connector`, asks, and hands the answer out.
template <class Ask>
stepop_code answer(const char* connector, std::int64_t timeout_ms, stepop_text** out, stepop_error** error, Ask&& ask) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(connector, "connector");
    require(out, "out");
    require_timeout(timeout_ms);
    const json::value said = ask(parse_object(connector, "the connector"), std::chrono::milliseconds(timeout_ms));
    *out = make_text(json::serialize(said));
    return STEPOP_OK;
  });
}

std::string_view or_none(const char* resource_id) {
  return resource_id == nullptr ? std::string_view() : std::string_view(resource_id);
}

stepop_code types(stepop_text** out, stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(out, "out");
    *out = make_text(json::serialize(mine.types()));
    return STEPOP_OK;
  });
}

stepop_code validate(const char* connector, stepop_error** error) {
  return guarded(error, [&] {
    require(connector, "connector");
    mine.validate(parse_object(connector, "the connector"));
    return STEPOP_OK;
  });
}

stepop_code verify(const char* connector, std::int64_t timeout_ms, stepop_text** out, stepop_error** error) {
  return answer(connector, timeout_ms, out, error,
                [](const json::object& read, std::chrono::milliseconds timeout) { return mine.verify(read, timeout); });
}

stepop_code list_resources(const char* connector, const char* resource_type, std::int64_t timeout_ms, stepop_text** out,
                           stepop_error** error) {
  return answer(connector, timeout_ms, out, error, [&](const json::object& read, std::chrono::milliseconds timeout) {
    require(resource_type, "resource_type");
    return mine.list_resources(read, resource_type, timeout);
  });
}

stepop_code describe_resource(const char* connector, const char* resource_id, std::int64_t timeout_ms,
                              stepop_text** out, stepop_error** error) {
  return answer(connector, timeout_ms, out, error, [&](const json::object& read, std::chrono::milliseconds timeout) {
    return mine.describe_resource(read, or_none(resource_id), timeout);
  });
}

stepop_code access(const char* connector, const char* resource_id, std::int64_t timeout_ms, stepop_text** out,
                   stepop_error** error) {
  return answer(connector, timeout_ms, out, error, [&](const json::object& read, std::chrono::milliseconds timeout) {
    return mine.access(read, or_none(resource_id), timeout);
  });
}

constexpr stepop_connectors functions{sizeof(stepop_connectors), 0,     types, validate, verify, list_resources,
                                      describe_resource,         access};

}  // namespace

const void* connectors_extension(const Connectors& connectors) noexcept {
  mine = connectors;
  return &functions;
}

}  // namespace stepop::plugin
