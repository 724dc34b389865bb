#include "scripted_operator.hpp"

#include <stepop/draft/render.h>

#include <condition_variable>
#include <map>
#include <mutex>

namespace stepop::test {
namespace {

namespace json = boost::json;
using namespace plugin;

constexpr int metrics = 42;

void fail(std::string_view how) {
  if (how == "error")
    throw Error(STEPOP_E_INVALID,
                std::vector<Finding>{
                    {Finding::Level::error, "UnknownKey", "a.b", "there is no such key", "did you mean \"c\"?", false},
                    {Finding::Level::error, "WrongType", "d", "expected a string", "", true}});
  if (how == "exception") throw std::runtime_error("a defect");
  if (how == "number") throw 7;
  if (how == "no_memory") throw std::bad_alloc();
}

class ScriptedOperator : public Operator {
 public:
  ScriptedOperator(const json::object& config, Events& events)
      : events_(events), block_check_(config.contains("block_check")) {}

  std::vector<Finding> check(const json::object* request, std::chrono::milliseconds) override {
    block();
    return {{Finding::Level::ok, "Reachable", "", request == nullptr ? "operator" : "request", "", false},
            {Finding::Level::warning, "Quota", "ns", "nearly used up", "ask for more", true}};
  }

  void submit(const json::object& request, bool report_lost_if_absent) override {
    if (const json::value* how = request.if_contains("throw")) fail(how->as_string());
    const std::string id(request.at("step_run_id").as_string());
    events_.state({id, report_lost_if_absent ? State::lost : State::accepted, 0, {}});
    if (const json::value* states = request.if_contains("states"))
      for (const json::value& state : states->as_array())
        events_.state({id, static_cast<State>(state.at(0).to_number<std::uint32_t>()),
                       state.at(1).to_number<std::uint32_t>(), state.at(2).as_object()});
    const std::lock_guard lock(mutex_);
    requests_[id] = request;
  }

  void cancel(std::string_view id, std::optional<std::chrono::milliseconds> grace) override {
    json::object detail;
    if (grace) detail["grace"] = grace->count();
    events_.state({std::string(id), State::cancelled, 0, detail});
  }

  void attach(std::uint64_t ticket, const json::object& filter, bool own) override {
    if (own) events_.displaced("other");
    events_.attached(ticket, {filter.contains("labels") ? "labelled" : "any"});
  }

  void open_logs(std::string_view id, const LogOptions&, std::shared_ptr<LogPipe> pipe) override {
    const std::lock_guard lock(mutex_);
    const json::object& request = requests_.at(std::string(id));
    if (const json::value* lines = request.if_contains("log"))
      for (const json::value& line : lines->as_array()) {
        LogRecord record;
        record.data = line.as_string();
        record.time_us = 5;
        pipe->push(std::move(record));
      }
    LogRecord end;
    end.kind = LogRecord::Kind::end;
    if (request.contains("log_end")) pipe->push(std::move(end));
    pipes_.push_back(std::move(pipe));
  }

  void forget(std::string_view id, const json::object& options) override {
    events_.forgotten(id, options.contains("cleanup"));
  }

  void shutdown(std::chrono::milliseconds) override {
    const std::lock_guard lock(mutex_);
    over_ = true;
    shut_down_.notify_all();
  }

 protected:
  void block() {
    if (!block_check_) return;
    events_.warning("", "InCheck", "");
    std::unique_lock lock(mutex_);
    shut_down_.wait(lock, [this] { return over_; });
  }

 private:
  Events& events_;
  const bool block_check_;
  std::mutex mutex_;
  std::condition_variable shut_down_;
  bool over_ = false;
  std::map<std::string, json::object> requests_;
  std::vector<std::shared_ptr<LogPipe>> pipes_;
};

class RenderingOperator final : public ScriptedOperator, public Renderer {
 public:
  using ScriptedOperator::ScriptedOperator;

  Rendering render(const json::object& request, bool dry_run, std::chrono::milliseconds timeout) override {
    if (const json::value* how = request.if_contains("throw")) fail(how->as_string());
    block();
    Rendering rendering;
    rendering.manifests = {{{"kind", "Told"}, {"step", request.at("step_run_id")}}};
    if (!dry_run) return rendering;
    rendering.accepted = {nullptr};
    rendering.findings = {{Finding::Level::error, "Quota", "manifests[0]",
                           "asked for " + std::to_string(timeout.count()), "ask less", true}};
    return rendering;
  }
};

}  // namespace

plugin::Description scripted_description() {
  Flavor flavor;
  flavor.name = "scripted";
  flavor.description = "does as it is told";
  flavor.config_schema = {{"type", "object"}};
  flavor.reasons = {"Told"};
  flavor.open = [](const json::object& config, Events& events) -> std::unique_ptr<Operator> {
    if (const json::value* how = config.if_contains("open")) {
      if (how->as_string() == "null") return nullptr;
      fail("error");
    }
    if (config.contains("no_render")) return std::make_unique<ScriptedOperator>(config, events);
    return std::make_unique<RenderingOperator>(config, events);
  };
  return {"stepop_scripted",
          "1.2.3",
          {std::move(flavor)},
          {{"stepop.metrics/1", &metrics}, {STEPOP_EXT_RENDER, render_extension()}}};
}

}  // namespace stepop::test
