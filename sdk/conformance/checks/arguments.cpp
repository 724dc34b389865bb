// Arguments: what is not there, what is wrong, whose they are; and how a refusal is said.
#include <sys/mman.h>

#include <cstring>

#include "host.hpp"

namespace stepop::conformance {
namespace {

constexpr const char* nobody = "conformance/nobody";

// Runs `call`, which must be refused as INVALID.
template <class Call>
void invalid(const Library& library, const std::string& what, Call&& call) {
  doing(what);
  stepop_error* error = nullptr;
  const stepop_code code = call(&error);
  const Answer said = answer(library, code, error);
  expect(said.code == STEPOP_E_INVALID, what + " returns " + said.text() + " instead of INVALID");
}

void null_operators(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  const std::string request = json::serialize(subject.step(subject.good));
  stepop_text* text = nullptr;
  stepop_batch* batch = nullptr;
  stepop_logs* logs = nullptr;
  stepop_log_batch* records = nullptr;
  std::int32_t fd = 0;
  std::uint64_t ticket = 0;
  invalid(library, "shutdown(NULL)", [&](auto e) { return p.shutdown(nullptr, 0, e); });
  if (p.check) invalid(library, "check(NULL)", [&](auto e) { return p.check(nullptr, nullptr, 100, &text, e); });
  invalid(library, "submit(NULL)", [&](auto e) { return p.submit(nullptr, request.c_str(), 0, e); });
  invalid(library, "status(NULL)", [&](auto e) { return p.status(nullptr, nobody, &batch, e); });
  invalid(library, "wait(NULL)", [&](auto e) { return p.wait(nullptr, nobody, 0, &batch, e); });
  invalid(library, "next_events(NULL)", [&](auto e) { return p.next_events(nullptr, 1, 0, &batch, e); });
  invalid(library, "event_fd(NULL)", [&](auto e) { return p.event_fd(nullptr, &fd, e); });
  invalid(library, "cancel(NULL)", [&](auto e) { return p.cancel(nullptr, nobody, 0, e); });
  if (p.attach) invalid(library, "attach(NULL)", [&](auto e) { return p.attach(nullptr, "{}", 0, &ticket, e); });
  if (p.logs_open)
    invalid(library, "logs_open(NULL)",
            [&](auto e) { return p.logs_open(nullptr, nobody, nullptr, &logs, &ticket, e); });
  if (p.logs_read) invalid(library, "logs_read(NULL)", [&](auto e) { return p.logs_read(nullptr, 1, &records, e); });
  invalid(library, "forget(NULL)", [&](auto e) { return p.forget(nullptr, nobody, nullptr, e); });
}

void null_texts(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  stepop_operator* none = nullptr;
  invalid(library, "open with flavor NULL", [&](auto e) { return p.open(nullptr, "{}", &none, e); });
  invalid(library, "open with config NULL", [&](auto e) { return p.open(subject.flavor.c_str(), nullptr, &none, e); });
  Operator op(library, subject);
  stepop_batch* batch = nullptr;
  stepop_logs* logs = nullptr;
  std::uint64_t ticket = 0;
  invalid(library, "submit with request NULL", [&](auto e) { return p.submit(op.raw(), nullptr, 0, e); });
  invalid(library, "status with step_run_id NULL", [&](auto e) { return p.status(op.raw(), nullptr, &batch, e); });
  invalid(library, "wait with step_run_id NULL", [&](auto e) { return p.wait(op.raw(), nullptr, 0, &batch, e); });
  invalid(library, "cancel with step_run_id NULL", [&](auto e) { return p.cancel(op.raw(), nullptr, 0, e); });
  if (p.attach)
    invalid(library, "attach with filter NULL", [&](auto e) { return p.attach(op.raw(), nullptr, 0, &ticket, e); });
  if (p.logs_open)
    invalid(library, "logs_open with step_run_id NULL",
            [&](auto e) { return p.logs_open(op.raw(), nullptr, nullptr, &logs, &ticket, e); });
  invalid(library, "forget with step_run_id NULL", [&](auto e) { return p.forget(op.raw(), nullptr, nullptr, e); });
}

void null_outs(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  invalid(library, "describe with out NULL", [&](auto e) { return p.describe(nullptr, e); });
  invalid(library, "open with out NULL",
          [&](auto e) { return p.open(subject.flavor.c_str(), json::serialize(subject.config).c_str(), nullptr, e); });
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  if (p.check)
    invalid(library, "check with out NULL", [&](auto e) { return p.check(op.raw(), nullptr, 100, nullptr, e); });
  invalid(library, "status with out NULL", [&](auto e) { return p.status(op.raw(), id.c_str(), nullptr, e); });
  invalid(library, "wait with out NULL", [&](auto e) { return p.wait(op.raw(), id.c_str(), 0, nullptr, e); });
  invalid(library, "next_events with out NULL", [&](auto e) { return p.next_events(op.raw(), 1, 0, nullptr, e); });
  invalid(library, "event_fd with out NULL", [&](auto e) { return p.event_fd(op.raw(), nullptr, e); });
  if (p.logs_open)
    invalid(library, "logs_open with out NULL",
            [&](auto e) { return p.logs_open(op.raw(), id.c_str(), nullptr, nullptr, nullptr, e); });
}

void nulls_that_are_allowed(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  doing("destroy(NULL)");
  p.destroy(nullptr);
  doing("release(NULL)");
  p.release(nullptr);
  if (p.logs_close) {
    doing("logs_close(NULL)");
    p.logs_close(nullptr);
  }
  doing("get_extension(NULL)");
  if (p.get_extension) p.get_extension(nullptr);
  Operator op(library, subject);
  doing("errors that nobody wants");
  const auto needs = [](std::string_view what, stepop_code code, stepop_code expected) {
    expect(code == expected, std::string(what) + " with `error` NULL returns " + code_name(code));
  };
  stepop_text* text = nullptr;
  needs("describe", p.describe(&text, nullptr), STEPOP_OK);
  p.release(text);
  stepop_batch* batch = nullptr;
  stepop_operator* none = nullptr;
  needs("open", p.open("conformance.no-such-flavor", "{}", &none, nullptr), STEPOP_E_NOT_FOUND);
  needs("status", p.status(op.raw(), nobody, &batch, nullptr), STEPOP_E_NOT_FOUND);
  needs("wait", p.wait(op.raw(), nobody, 0, &batch, nullptr), STEPOP_E_NOT_FOUND);
  needs("cancel", p.cancel(op.raw(), nobody, 0, nullptr), STEPOP_E_NOT_FOUND);
  needs("submit", p.submit(op.raw(), "not JSON", 0, nullptr), STEPOP_E_INVALID);
  if (p.attach) {
    const stepop_code code = p.attach(op.raw(), R"({"step_run_ids":[]})", 0, nullptr, nullptr);
    expect(code == STEPOP_OK || code == STEPOP_E_UNSUPPORTED, "attach with `ticket` NULL returns " + code_name(code));
  }
}

void outs_are_null(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  // Each `*out` begins as an address that is nowhere.
  const auto call = [&](const std::string& what, auto&& function) {
    doing(what);
    void* out = reinterpret_cast<void*>(std::uintptr_t{1});
    const stepop_code code = function(out);
    expect(code != STEPOP_OK, what + " returns OK");
    expect(out == nullptr, "after " + what + " has returned " + code_name(code) + ", *out is not NULL");
  };
  call("open of an unknown flavor", [&](void*& out) {
    return p.open("conformance.no-such-flavor", "{}", reinterpret_cast<stepop_operator**>(&out), nullptr);
  });
  call("open with a bad config", [&](void*& out) {
    return p.open(subject.flavor.c_str(), "[]", reinterpret_cast<stepop_operator**>(&out), nullptr);
  });
  Operator op(library, subject);
  call("status of an unknown step",
       [&](void*& out) { return p.status(op.raw(), nobody, reinterpret_cast<stepop_batch**>(&out), nullptr); });
  call("wait for an unknown step",
       [&](void*& out) { return p.wait(op.raw(), nobody, 0, reinterpret_cast<stepop_batch**>(&out), nullptr); });
  op.drain();
  call("next_events of nothing",
       [&](void*& out) { return p.next_events(op.raw(), 1, 0, reinterpret_cast<stepop_batch**>(&out), nullptr); });
  if (p.check)
    call("check of a request that is not JSON", [&](void*& out) {
      return p.check(op.raw(), "not JSON", 1000, reinterpret_cast<stepop_text**>(&out), nullptr);
    });
  if (p.logs_open)
    call("logs_open of an unknown step", [&](void*& out) {
      return p.logs_open(op.raw(), nobody, nullptr, reinterpret_cast<stepop_logs**>(&out), nullptr, nullptr);
    });
}

void errors_say_what_is_wrong(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  Operator op(library, subject);
  stepop_error* error = reinterpret_cast<stepop_error*>(std::uintptr_t{1});
  stepop_text* text = nullptr;
  doing("describe");
  expect(p.describe(&text, &error) == STEPOP_OK && error == nullptr, "after OK `*error` is not NULL");
  p.release(text);
  const json::object wrong = [&] {
    json::object request = subject.step(subject.good);
    request["conformance_unknown_member"] = 1;
    return request;
  }();
  doing("submit of a request with an unknown member");
  const stepop_code code = p.submit(op.raw(), json::serialize(wrong).c_str(), 0, &error);
  expect(code == STEPOP_E_INVALID, "a request with an unknown member gives " + code_name(code));
  expect(error != nullptr, "no error object comes with INVALID");
  expect(error->object.struct_size >= sizeof(stepop_error), "struct_size of the error does not cover its members");
  expect(error->code == code, "stepop_error.code differs from what the call returned");
  expect(error->message != nullptr && std::strlen(error->message) == error->message_size && error->message_size > 0,
         "the message is empty, or not of message_size bytes before its NUL");
  expect(std::strchr(error->message, '\n') == nullptr, "the message has more than one line");
  expect(error->findings != nullptr && std::strlen(error->findings) == error->findings_size,
         "the findings are not of findings_size bytes before their NUL");
  const std::string findings = error->findings;
  p.release(error);
  json::error_code none;
  const json::value array = json::parse(findings, none);
  expect(!none && array.is_array() && !array.get_array().empty(), "the findings are no JSON array with a finding");
  for (const json::value& finding : array.get_array()) {
    expect(finding.is_object(), "a finding is no object");
    for (const char* member : {"level", "code", "path", "message", "hint"}) {
      const json::value* found = finding.get_object().if_contains(member);
      expect(found != nullptr && found->is_string(), std::string("a finding has no text \"") + member + "\"");
    }
    const std::string_view level = finding.at("level").as_string();
    expect(level == "error" || level == "warning", "a finding's level is neither error nor warning");
    const json::value* retryable = finding.get_object().if_contains("retryable");
    expect(retryable == nullptr || retryable->is_bool(), "a finding's \"retryable\" is no truth value");
  }
}

void flavors_are_known(const Subject& subject) {
  const Library library(subject);
  stepop_operator* op = nullptr;
  stepop_error* error = nullptr;
  doing("open of an unknown flavor");
  const stepop_code code =
      library.plugin().open("conformance.no-such-flavor", json::serialize(subject.config).c_str(), &op, &error);
  expect(answer(library, code, error).code == STEPOP_E_NOT_FOUND, "an unknown flavor gives " + code_name(code));
}

void configs_are_checked_whole(const Subject& subject) {
  const Library library(subject);
  const auto open = [&](const std::string& config) {
    doing("open with the config " + config.substr(0, 100));
    stepop_operator* op = nullptr;
    stepop_error* error = nullptr;
    const stepop_code code = library.plugin().open(subject.flavor.c_str(), config.c_str(), &op, &error);
    if (code == STEPOP_OK) library.plugin().destroy(op);
    return answer(library, code, error);
  };
  for (const char* bad : {"", "not JSON", "[]", "\"text\"", "{\"a\":", "\xff\xfe"})
    expect(open(bad).code == STEPOP_E_INVALID, std::string("the config `") + bad + "` is not INVALID");
  json::object config = subject.config;
  config["conformance_first"] = 1;
  config["conformance_second"] = 2;
  const Answer said = open(json::serialize(config));
  expect(said.code == STEPOP_E_INVALID, "unknown members of the config give " + said.text());
  expect(said.names("conformance_first") && said.names("conformance_second"),
         "two unknown members, and the findings' paths are " + json::serialize(said.findings).substr(0, 300));
}

void requests_are_checked(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  Operator op(library, subject);
  const auto submit = [&](const std::string& request, std::uint32_t if_absent = 0) {
    doing("submit of " + request.substr(0, 100));
    stepop_error* error = nullptr;
    const stepop_code code = p.submit(op.raw(), request.c_str(), if_absent, &error);
    return answer(library, code, error);
  };
  for (const char* bad :
       {"", "not JSON", "[]", "{}", "{\"step_run_id\":", "{\"step_run_id\":7}", "{\"step_run_id\":\"\"}"})
    expect(submit(bad).code == STEPOP_E_INVALID, std::string("the request `") + bad + "` is not INVALID");
  const json::object good = subject.step(subject.good);
  json::object unknown = good;
  unknown["conformance_member"] = 1;
  const Answer said = submit(json::serialize(unknown));
  expect(said.code == STEPOP_E_INVALID && said.names("conformance_member"),
         "an unknown member gives " + said.text() + ", without its path");
  json::object deeper = good;
  json::object settings = good.contains("settings") ? good.at("settings").as_object() : json::object{};
  settings["conformance_setting"] = 1;
  deeper["settings"] = settings;
  const Answer deep = submit(json::serialize(deeper));
  expect(deep.code == STEPOP_E_INVALID && deep.names("settings.conformance_setting"),
         "an unknown setting gives " + deep.text() + ", without its path");
  expect(submit(json::serialize(good), 7).code == STEPOP_E_INVALID, "if_absent 7 is not INVALID");
  expect(op.status(id_of(good)).code == STEPOP_E_NOT_FOUND, "a step whose request was refused is known");
}

void texts_are_copied(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  const std::string config = json::serialize(subject.config);
  const json::object step = subject.step(subject.good);
  const std::string request = json::serialize(step), id = id_of(step);
  // Pages of their own, gone when the call is over.
  const auto lent = [](const std::string& text, auto&& call) {
    const std::size_t size = text.size() + 1;
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(memory, text.c_str(), size);
    const stepop_code code = call(static_cast<const char*>(memory));
    ::munmap(memory, size);
    return code;
  };
  doing("a text that is unmapped as soon as the call is over");
  stepop_operator* raw = nullptr;
  stepop_code code = lent(config, [&](auto text) { return p.open(subject.flavor.c_str(), text, &raw, nullptr); });
  expect(code == STEPOP_OK, "open returns " + code_name(code));
  code = lent(request, [&](auto text) { return p.submit(raw, text, 0, nullptr); });
  expect(code == STEPOP_OK, "submit returns " + code_name(code));
  stepop_batch* batch = nullptr;
  code = p.wait(raw, id.c_str(), subject.patience.count(), &batch, nullptr);
  expect(code == STEPOP_OK, "the step's request was unmapped after submit; wait returns " + code_name(code));
  const auto end = copied(*batch);
  p.release(batch);
  expect(end.front().step_run_id == id, "the step has another id");
  p.forget(raw, id.c_str(), R"({"cleanup":"always"})", nullptr);
  p.shutdown(raw, 5000, nullptr);
  p.destroy(raw);
}

void objects_outlive_their_operator(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  stepop_batch *status = nullptr, *end = nullptr, *events = nullptr;
  stepop_error* error = nullptr;
  std::string id;
  {
    Operator op(library, subject);
    id = op.started(subject.step(subject.good));
    doing("taking objects out");
    expect(p.wait(op.raw(), id.c_str(), subject.patience.count(), &end, nullptr) == STEPOP_OK,
           "wait does not return OK");
    expect(p.status(op.raw(), id.c_str(), &status, nullptr) == STEPOP_OK, "status does not return OK");
    expect(p.next_events(op.raw(), 100, 0, &events, nullptr) == STEPOP_OK, "next_events does not return OK");
    p.cancel(op.raw(), nobody, 0, &error);
  }
  // On another thread, and after `destroy`.
  doing("release after destroy, on another thread");
  on_a_thread([&] {
    for (stepop_batch* batch : {status, end, events}) {
      for (const Event& event : copied(*batch))
        expect(event.detail.starts_with('{'), "an event is gone with its operator");
      p.release(batch);
    }
    p.release(error);
  }).join();
}

}  // namespace

std::vector<Check> arguments_checks() {
  constexpr const char* wrong = "Any function may return STEPOP_E_INVALID (an argument is wrong)";
  return {
      {"null.operators", wrong, null_operators},
      {"null.texts", wrong, null_texts},
      {"null.outs", wrong, null_outs},
      {"null.allowed", "Its last argument, `stepop_error **error`, may be NULL", nulls_that_are_allowed},
      {"out.null_on_failure", "On any code but STEPOP_OK, `*out` is set to NULL.", outs_are_null},
      {"error.objects", "otherwise it is set to NULL on STEPOP_OK and may be set to an object otherwise",
       errors_say_what_is_wrong},
      {"open.flavor", "Errors: NOT_FOUND (no such flavor), INVALID.", flavors_are_known},
      {"open.config", "`config` is a JSON object; it is checked whole, and every mistake is reported with its path.",
       configs_are_checked_whole},
      {"submit.request",
       "What the caller handed over is wrong; the error's findings name each mistake and its path. Nothing was "
       "created.",
       requests_are_checked},
      {"text.copied", "are copied: the caller may free them when the call returns", texts_are_copied},
      {"release.after_destroy", "who gives it back with `release`, on any thread, also after `destroy`",
       objects_outlive_their_operator},
  };
}

}  // namespace stepop::conformance
