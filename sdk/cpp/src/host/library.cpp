#include "library.hpp"

#include <dlfcn.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "elf_file.hpp"

namespace stepop::host {
namespace detail {
namespace {

std::string dotted(std::uint32_t abi_version) {
  return std::to_string(abi_version >> 16) + "." + std::to_string(abi_version & 0xffff);
}

// stepop.h: while the major version is 0 the minor ones must be equal too.
bool goes_with_ours(std::uint32_t abi_version) {
  if constexpr (STEPOP_ABI_MAJOR == 0) return abi_version == STEPOP_ABI_VERSION;
  return abi_version >> 16 == STEPOP_ABI_MAJOR;
}

void require_library(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    if (error) throw LoadError({Problem::Kind::unreadable, file, "cannot be read: " + error.message(), ""});
    throw LoadError({Problem::Kind::not_a_library, file, "is not a file", "a plugin directory holds shared libraries"});
  }
  if (!std::ifstream(file, std::ios::binary))
    throw LoadError({Problem::Kind::unreadable, file, std::string("cannot be read: ") + std::strerror(errno),
                     "make it readable for the user that runs the host"});
  if (std::string fault = elf_fault(file); !fault.empty())
    throw LoadError({Problem::Kind::not_a_library, file, std::move(fault),
                     "remove it from the plugin directory, or copy it there again"});
}

}  // namespace

std::shared_ptr<const Library> Library::load(const std::filesystem::path& file) {
  require_library(file);
  const std::shared_ptr<Library> library(new Library);
  library->file_ = file;

  boost::dll::fs::error_code error;
  // rtld_local is the absence of rtld_global. An absolute path, so that the loader does not search.
  library->library_.load(std::filesystem::absolute(file), error, boost::dll::load_mode::rtld_now);
  if (error) {
    // Boost's code says only that it failed; the loader says why.
    const char* const said = ::dlerror();
    const std::string why = said == nullptr ? error.message() : said;
    throw LoadError({Problem::Kind::unloadable, file, "cannot be loaded: " + why,
                     "see what it needs with `ldd`, and whether it is for this machine"});
  }
  if (!library->library_.has(STEPOP_PLUGIN_ENTRY_SYMBOL))
    throw LoadError({Problem::Kind::no_entry, file,
                     "is no step-operator plugin: it does not export " STEPOP_PLUGIN_ENTRY_SYMBOL,
                     "remove it from the plugin directory"});

  const auto entry = library->library_.get<const stepop_plugin*(std::uint32_t)>(STEPOP_PLUGIN_ENTRY_SYMBOL);
  const stepop_plugin* plugin = entry(STEPOP_ABI_VERSION);
  const std::string ours = dotted(STEPOP_ABI_VERSION);
  if (plugin == nullptr)
    throw LoadError({Problem::Kind::other_abi, file, "does not work with ABI " + ours,
                     "install the plugin and the host from the same release"});
  library->plugin_ = plugin;
  if (plugin->struct_size < offsetof(stepop_plugin, version) + sizeof plugin->version || plugin->name == nullptr ||
      plugin->version == nullptr)
    throw LoadError({Problem::Kind::incomplete, file, "does not say its name and version", "report it to its author"});
  if (!goes_with_ours(plugin->abi_version))
    throw LoadError({Problem::Kind::other_abi, file,
                     "was built for ABI " + dotted(plugin->abi_version) + ", this host for " + ours,
                     "install the plugin and the host from the same release"});
  library->name_ = plugin->name;
  library->version_ = plugin->version;

  if (!library->slot(&stepop_plugin::describe) || !library->slot(&stepop_plugin::open) ||
      !library->slot(&stepop_plugin::destroy) || !library->slot(&stepop_plugin::release))
    throw LoadError({Problem::Kind::incomplete, file, "lacks one of describe, open, destroy and release",
                     "report it to its author"});
  try {
    library->description_ = library->read_description();
  } catch (const std::exception& wrong) {
    throw LoadError({Problem::Kind::bad_description, file, std::string("does not describe itself: ") + wrong.what(),
                     "report it to its author"});
  }
  return library;
}

json::object Library::read_description() const {
  stepop_text* text = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = slot(&stepop_plugin::describe)(&text, &error);
  if (code != STEPOP_OK) throw failure(code, error, "describe");
  const std::string copy(text->data, text->size);
  release(text);

  json::value value = json::parse(copy);
  if (!value.is_object()) throw Error(STEPOP_E_INTERNAL, "its description is not a JSON object");
  const json::value* flavors = value.get_object().if_contains("flavors");
  if (flavors == nullptr || !flavors->is_array())
    throw Error(STEPOP_E_INTERNAL, "its description has no array \"flavors\"");
  for (const json::value& flavor : flavors->get_array()) {
    const json::value* name = flavor.is_object() ? flavor.get_object().if_contains("name") : nullptr;
    if (name == nullptr || !name->is_string())
      throw Error(STEPOP_E_INTERNAL, "its description has a flavor without a name");
  }
  return std::move(value.get_object());
}

Error Library::failure(stepop_code code, stepop_error* error, std::string_view function_name) const {
  if (error == nullptr)
    return Error(code, std::string(function_name) + " failed: " + std::string(host::code_name(code)) + " (" +
                           std::to_string(code) + ")");
  std::string message(error->message, error->message_size);
  std::vector<Finding> findings = read_findings({error->findings, error->findings_size});
  release(error);
  return Error(code, std::move(message), std::move(findings));
}

std::vector<Finding> read_findings(std::string_view text) {
  std::vector<Finding> findings;
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_array()) return findings;
  for (const json::value& element : value.get_array()) {
    if (!element.is_object()) continue;
    const auto string = [&element](std::string_view key) {
      const json::value* found = element.get_object().if_contains(key);
      return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    Finding finding;
    const std::string level = string("level");
    finding.level = level == "ok"        ? Finding::Level::ok
                    : level == "warning" ? Finding::Level::warning
                                         : Finding::Level::error;
    finding.code = string("code");
    finding.path = string("path");
    finding.message = string("message");
    finding.hint = string("hint");
    const json::value* retryable = element.get_object().if_contains("retryable");
    finding.retryable = retryable != nullptr && retryable->is_bool() && retryable->get_bool();
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace detail
}  // namespace stepop::host
