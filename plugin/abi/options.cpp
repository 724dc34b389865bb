#include "abi/options.hpp"

namespace stepop::abi {
namespace {

using plugin::Finding;
namespace json = plugin::json;

// Reads members of one object and keeps what is wrong with them.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  const json::value* member(std::string_view name) {
    known_ += known_.empty() ? "" : ", ";
    known_ += name;
    const auto* found = object_.if_contains(name);
    read_ += found ? 1 : 0;
    return found;
  }
  std::vector<std::string> strings(std::string_view name) {
    std::vector<std::string> texts;
    const auto* found = member(name);
    if (!found) return texts;
    if (!found->is_array()) return wrong(name, "an array of strings"), texts;
    for (const auto& element : found->get_array()) {
      if (!element.is_string()) return wrong(name, "an array of strings"), texts;
      texts.emplace_back(element.get_string());
    }
    return texts;
  }
  std::optional<std::string> string(std::string_view name) {
    const auto* found = member(name);
    if (!found) return std::nullopt;
    if (found->is_string()) return std::string(found->get_string());
    wrong(name, "a string");
    return std::nullopt;
  }
  void wrong(std::string_view path, const std::string& expected) {
    findings_.push_back({Finding::Level::error, "WrongType", std::string(path), "expected " + expected, "", false});
  }
  // Throws what was found.
  void finish() {
    if (read_ < object_.size()) {
      for (const auto& entry : object_) {
        const std::string key(entry.key());
        if ((", " + known_ + ",").find(", " + key + ",") == std::string::npos) {
          findings_.push_back(
              {Finding::Level::error, "UnknownKey", key, "found " + key + ", expected one of: " + known_, "", false});
        }
      }
    }
    if (!findings_.empty()) throw plugin::Error(STEPOP_E_INVALID, std::move(findings_));
  }

 private:
  const json::object& object_;
  std::string known_;
  std::size_t read_ = 0;
  std::vector<Finding> findings_;
};

}  // namespace

engine::AttachFilter read_attach_filter(const json::object& filter, const std::string& default_namespace) {
  Reader reader(filter);
  engine::AttachFilter read;
  read.namespaces = reader.strings("namespaces");
  read.step_run_ids = reader.strings("step_run_ids");
  if (const auto* labels = reader.member("labels")) {
    if (!labels->is_object()) {
      reader.wrong("labels", "an object of strings");
    } else {
      for (const auto& label : labels->get_object()) {
        if (!label.value().is_string()) {
          reader.wrong("labels." + std::string(label.key()), "a string");
          continue;
        }
        read.labels.emplace_back(label.key(), label.value().get_string());
      }
    }
  }
  reader.finish();
  if (read.namespaces.empty()) read.namespaces.push_back(default_namespace);
  return read;
}

ForgetOptions read_forget_options(const json::object& options, const std::string& default_namespace) {
  Reader reader(options);
  ForgetOptions read;
  read.namespace_ = reader.string("namespace").value_or(default_namespace);
  if (const auto cleanup = reader.string("cleanup")) {
    if (*cleanup == "on_success") {
      read.cleanup = lifecycle::Cleanup::on_success;
    } else if (*cleanup == "never") {
      read.cleanup = lifecycle::Cleanup::never;
    } else if (*cleanup == "always") {
      read.cleanup = lifecycle::Cleanup::always;
    } else {
      reader.wrong("cleanup", "on_success, never or always");
    }
  }
  reader.finish();
  return read;
}

}  // namespace stepop::abi
