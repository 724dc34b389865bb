// A host as the checks need one: each call is one function of the plugin, with its code; what comes out is copied and given
// back. It trusts nothing and judges nothing: that is the checks' work.
#pragma once

#include <stepop/stepop.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "check.hpp"
#include "verdict.hpp"

namespace stepop::conformance {

std::string code_name(stepop_code code);

// Whether `struct_size` covers a member of `T`.
template <class T, class Member>
bool covers(std::uint32_t struct_size, Member T::*member) {
  static const T sample{};
  const auto offset = reinterpret_cast<const char*>(&(sample.*member)) - reinterpret_cast<const char*>(&sample);
  return struct_size >= static_cast<std::size_t>(offset) + sizeof(Member);
}

// The library under test. Its destructor unloads it.
class Library {
 public:
  explicit Library(const Subject& subject);
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library();

  // dlclose, before the destructor does it.
  void unload();
  stepop_plugin_entry_fn entry() const { return entry_; }
  void* handle() const { return handle_; }
  const stepop_plugin& plugin() const { return *plugin_; }

  // A function, or the end of the check as `unsupported`.
  template <class Function>
  Function slot(Function stepop_plugin::*member, std::string_view name) const {
    if (!covers(plugin_->struct_size, member) || plugin_->*member == nullptr)
      unsupported("it has no " + std::string(name));
    return plugin_->*member;
  }
  void release(void* object) const { slot(&stepop_plugin::release, "release")(object); }
  // The text's copy; it is released.
  std::string take(stepop_text* text) const;
  json::value describe() const;
  // What it says of the subject's flavor.
  json::object flavor(const Subject& subject) const;

 private:
  void* handle_ = nullptr;
  stepop_plugin_entry_fn entry_ = nullptr;
  const stepop_plugin* plugin_ = nullptr;
};

// A copy of a stepop_event.
struct Event {
  std::uint32_t kind = 0, state = 0, terminal = 0, attempt = 0;
  std::uint64_t sequence = 0;
  std::int64_t time_us = 0;
  std::uint64_t ticket = 0;
  std::string step_run_id;
  std::string detail;

  bool is_state() const { return kind == STEPOP_EVENT_STATE; }
  bool ends() const { return is_state() && terminal == 1; }
  json::object read_detail() const;
};
std::vector<Event> copied(const stepop_batch& batch);
std::string state_name(std::uint32_t state);

// What a call said.
struct Answer {
  stepop_code code = STEPOP_OK;
  std::string message;
  json::array findings;

  bool ok() const { return code == STEPOP_OK; }
  // Whether a finding's path holds this word.
  bool names(std::string_view word) const;
  std::string text() const;
};

// An open operator. Its destructor ends and acknowledges the steps that it was given, whatever the check did with them.
class Operator {
 public:
  Operator(const Library& library, const Subject& subject);
  Operator(const Library& library, const Subject& subject, const json::object& config);
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  ~Operator();

  stepop_operator* raw() const { return op_; }
  const Library& library() const { return library_; }

  Answer submit(const json::object& request, std::uint32_t if_absent = STEPOP_IF_ABSENT_CREATE);
  // Submits, and needs OK.
  std::string started(const json::object& request);
  Answer status(const std::string& id, std::optional<Event>* out = nullptr) const;
  Answer wait(const std::string& id, std::int64_t timeout_ms, std::optional<Event>* out = nullptr) const;
  Answer next_events(std::uint32_t max, std::int64_t timeout_ms, std::vector<Event>* out = nullptr);
  Answer event_fd(int* out) const;
  Answer cancel(const std::string& id, std::int64_t grace_ms = STEPOP_GRACE_DEFAULT) const;
  Answer attach(const std::string& filter, std::uint32_t own, std::uint64_t* ticket);
  Answer forget(const std::string& id, const char* options = nullptr);
  Answer shutdown(std::int64_t timeout_ms) const;
  void destroy();

  // Reads events until one is as wanted; those that were read before count. Breaks the check when it does not come.
  Event until(std::string_view what, const std::function<bool(const Event&)>& wanted);
  Event until_state(const std::string& id, std::uint32_t at_least);
  Event until_end(const std::string& id);
  // Everything that this operator has told so far.
  const std::vector<Event>& seen() const { return seen_; }
  // Reads what is in the queue now.
  const std::vector<Event>& drain();

  // The steps run on: the destructor leaves them alone.
  void leave_steps() { given_.clear(); }
  // The destructor ends this one too.
  void clean_up(const std::string& id) { given_.push_back(id); }

 private:
  void end_steps();

  const Library& library_;
  const std::chrono::milliseconds patience_;
  stepop_operator* op_ = nullptr;
  std::vector<std::string> given_;
  std::vector<Event> seen_;
};

// A stream of a step's log.
struct Record {
  std::uint32_t kind = 0, flags = 0;
  std::string data;
};
class Logs {
 public:
  // Needs OK.
  Logs(Operator& op, const std::string& id, const char* options = nullptr);
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;
  ~Logs() { close(); }

  std::uint64_t ticket() const { return ticket_; }
  Answer read(std::uint32_t max, std::vector<Record>* out = nullptr) const;
  // All records, the END included; waits for LOG_READY where there is nothing.
  std::vector<Record> read_all();
  void close();

 private:
  Operator& op_;
  stepop_logs* logs_ = nullptr;
  std::uint64_t ticket_ = 0;
};

// Copies an error and gives it back.
Answer answer(const Library& library, stepop_code code, stepop_error* error);

}  // namespace stepop::conformance
