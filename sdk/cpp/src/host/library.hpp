// A loaded plugin, shared by all that came out of it: unmapped when the last of those is gone.
#pragma once

#include <stepop/host.hpp>

#include <boost/dll/shared_library.hpp>

#include "covers.hpp"

namespace stepop::host::detail {

class Library {
 public:
  // Throws LoadError.
  static std::shared_ptr<const Library> load(const std::filesystem::path& file);

  const std::filesystem::path& file() const noexcept { return file_; }
  const std::string& name() const noexcept { return name_; }
  const std::string& version() const noexcept { return version_; }
  const json::object& description() const noexcept { return description_; }
  const stepop_plugin& plugin() const noexcept { return *plugin_; }

  // A function of the plugin; NULL when it has none.
  template <class Function>
  Function slot(Function stepop_plugin::*function) const noexcept {
    return member_of(*plugin_, plugin_->struct_size, function, Function{});
  }
  // The same; throws Error(UNSUPPORTED).
  template <class Function>
  Function require(Function stepop_plugin::*function, std::string_view function_name) const {
    if (const Function found = slot(function)) return found;
    throw Error(STEPOP_E_UNSUPPORTED, "the plugin " + name_ + " does not have " + std::string(function_name));
  }

  void release(void* object) const noexcept {
    if (object != nullptr) slot (&stepop_plugin::release)(object);
  }
  // Takes `error` over. Returns what it says.
  Error failure(stepop_code code, stepop_error* error, std::string_view function_name) const;

  // What `describe` says, parsed. Throws Error, or boost::system::system_error for text that is no
  // JSON.
  json::object read_description() const;

 private:
  Library() = default;

  std::filesystem::path file_;
  boost::dll::shared_library library_;
  const stepop_plugin* plugin_ = nullptr;
  std::string name_;
  std::string version_;
  json::object description_;
};

// The findings of a JSON array, as `check` and errors have them; what does not fit is left out.
std::vector<Finding> read_findings(std::string_view text);

// An open operator. Destroyed when the Operator and all its log streams are gone.
class OperatorCore {
 public:
  OperatorCore(std::shared_ptr<const Library> library, stepop_operator* op) noexcept
      : library_(std::move(library)), op_(op) {}
  OperatorCore(const OperatorCore&) = delete;
  OperatorCore& operator=(const OperatorCore&) = delete;
  ~OperatorCore() { library_->slot (&stepop_plugin::destroy)(op_); }

  const std::shared_ptr<const Library>& library() const noexcept { return library_; }
  stepop_operator* op() const noexcept { return op_; }

 private:
  std::shared_ptr<const Library> library_;
  stepop_operator* op_;
};

}  // namespace stepop::host::detail
