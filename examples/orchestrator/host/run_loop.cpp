#include "host/run_loop.hpp"

#include <signal.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "screen/times.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

using std::chrono::milliseconds;

// Keys of the poll set below this are operators.
constexpr std::uint64_t kSignals = 1u << 20;
constexpr std::uint64_t kControl = kSignals + 1;
constexpr std::uint64_t kTimer = kSignals + 2;

// Events taken of one operator a turn: enough for one transaction to be worth it.
constexpr std::uint32_t kEventsATurn = 512;
// A table that changes faster is only a flicker.
constexpr milliseconds kRedrawEvery{50};
// The outcome is known, and only the clean-up is not confirmed: so long without any news, then the
// run ends anyway. A later resume asks for it again.
constexpr std::chrono::seconds kAcknowledgementPatience{30};

std::vector<StepNode> nodes_of(const Pipeline& pipeline) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < pipeline.steps.size(); ++i) index[pipeline.steps[i].name] = i;
  std::vector<StepNode> nodes;
  for (const Step& step : pipeline.steps) {
    StepNode node{step.name, {}};
    for (const Need& need : step.needs) {
      const std::size_t at = index.at(need.step);
      // A need that is named twice is one need.
      if (std::find(node.needs.begin(), node.needs.end(), at) == node.needs.end()) node.needs.push_back(at);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::vector<StepRecord> records_of(const JournalledRun& run) {
  std::vector<StepRecord> records;
  for (const JournalledStep& step : run.steps) records.push_back(step.record);
  return records;
}

Limits limits_of(const json::object& options) {
  Limits limits;
  if (const json::value* value = options.if_contains("max_parallel"))
    limits.max_parallel = value->to_number<std::size_t>();
  if (const json::value* value = options.if_contains("fail_fast")) limits.fail_fast = value->as_bool();
  return limits;
}

}  // namespace

RunLoop::RunLoop(const StateDirectory& state_directory, Journal& journal, JournalledRun run, Pipeline pipeline,
                 const std::vector<OpenOperator>& operators, Progress& progress)
    : state_directory_(state_directory),
      journal_(journal),
      names_{run.id, run.name},
      pipeline_(std::move(pipeline)),
      operators_(operators),
      progress_(progress),
      machine_(nodes_of(pipeline_), limits_of(run.options), records_of(run), run.cancel_asked),
      log_marked_(pipeline_.steps.size(), false),
      dropped_(operators.size(), 0),
      view_(view_of(run)),
      signals_({SIGINT, SIGTERM, SIGWINCH}),
      control_(listen_for_control(state_directory.run_directory(run.id))) {
  for (std::size_t i = 0; i < pipeline_.steps.size(); ++i) {
    const Step& step = pipeline_.steps[i];
    step_of_id_[step_run_id(names_, step)] = i;
    requests_.push_back(run.steps[i].request);
    const auto open = std::find_if(operators_.begin(), operators_.end(),
                                   [&](const auto& candidate) { return candidate.entry.name == step.step_operator; });
    operator_index_.push_back(static_cast<std::size_t>(open - operators_.begin()));
    keep_result(i);
  }
  for (std::size_t i = 0; i < operators_.size(); ++i) poll_.add(operators_[i].op.event_fd(), i);
  poll_.add(signals_.fd(), kSignals);
  poll_.add(control_.get(), kControl);
  if (progress_.wants_ticks()) {
    timer_ = second_timer();
    poll_.add(timer_.get(), kTimer);
  }
}

RunLoop::End RunLoop::drive() {
  take_over(machine_.start());
  // Asked for between the reading of the run and the opening of the control pipe.
  if (journal_.cancel_asked(names_.id)) ask_to_cancel();
  settle();
  draw();
  while (!finished_ && !leave_) {
    wait_and_take();
    settle();
    draw();
  }
  return leave_ ? End::steps_left_running : End::finished;
}

// ---- Carrying out -------------------------------------------------------------------------------

void RunLoop::take_over(const Actions& actions) {
  if (!actions.empty()) last_progress_ = Clock::now();
  actions_.insert(actions_.end(), actions.begin(), actions.end());
}

// Until nothing is asked for: what is carried out may lead to more.
void RunLoop::settle() {
  while (!actions_.empty() || write_cancel_) {
    Actions now = std::exchange(actions_, {});
    make_requests(now);
    write_down(now);
    for (const Action& action : now) act_on(action);
  }
}

// A request is made once, of results that are in the journal, and journalled with the step. One
// that cannot be made ends its step here: its submit is dropped.
void RunLoop::make_requests(Actions& actions) {
  Actions more;
  std::erase_if(actions, [&](const Action& action) {
    if (action.kind != Action::Kind::submit || !requests_[action.step].empty()) return false;
    RequestMaking made = make_request(names_, pipeline_, pipeline_.steps[action.step], results_);
    if (made.error.empty()) {
      requests_[action.step] = json::serialize(made.request);
      return false;
    }
    const Actions refused = machine_.refused(action.step, "InvalidRequest", made.error,
                                             "change what the earlier step writes to "
                                             "$STEPOP_RESULT_PATH, or the reference to it");
    more.insert(more.end(), refused.begin(), refused.end());
    return true;
  });
  if (more.empty()) return;
  // What is refused now may start other steps: their requests too.
  make_requests(more);
  actions.insert(actions.end(), more.begin(), more.end());
}

void RunLoop::write_down(const Actions& actions) {
  std::set<std::size_t> dirty;
  std::vector<std::size_t> fresh_requests;
  bool finish = false;
  for (const Action& action : actions) {
    if (action.kind == Action::Kind::journal) dirty.insert(action.step);
    if (action.kind == Action::Kind::submit && !view_.steps[action.step].submitted_at)
      fresh_requests.push_back(action.step);
    finish = finish || action.kind == Action::Kind::finish;
  }
  if (dirty.empty() && !finish && !write_cancel_) return;
  const Microseconds now = now_us();
  Journal::Turn turn(journal_, names_.id);
  if (std::exchange(write_cancel_, false)) turn.write_cancel_asked();
  for (const std::size_t step : fresh_requests) {
    const OpenOperator& used = operator_of(step);
    turn.write_request(step, requests_[step],
                       {{"flavor", used.entry.flavor},
                        {"configuration", used.entry.configuration},
                        {"plugin_file", used.plugin_file.string()}},
                       now);
    view_.steps[step].submitted_at = now;
  }
  for (const std::size_t step : dirty) {
    const StepRecord& record = machine_.record(step);
    StepView& seen = view_.steps[step];
    if (has_ended(record.state) && !seen.ended_at) seen.ended_at = now;
    turn.write_step(step, record, seen.ended_at);
  }
  view_.state = machine_.state();
  if (machine_.all_ended() && !view_.ended_at) view_.ended_at = now;
  if (machine_.all_ended()) {
    turn.write_run(view_.state, machine_.all_settled(), view_.ended_at);
  }
  turn.commit();
  for (const std::size_t step : dirty) refresh_view(step);
}

void RunLoop::refresh_view(std::size_t step) {
  const StepRecord& record = machine_.record(step);
  StepView& seen = view_.steps[step];
  const bool news =
      seen.record.state != record.state || seen.record.detail != record.detail || seen.record.attempt != record.attempt;
  seen.record = record;
  if (record.log_complete && !log_marked_[step]) {
    log_marked_[step] = true;
    LogCopy(state_directory_.log_file(names_.id, seen.name), state_directory_.log_complete_file(names_.id, seen.name))
        .complete();
  }
  if (!news) return;
  dirty_screen_ = true;
  progress_.step_changed(view_, step);
}

void RunLoop::act_on(const Action& action) {
  switch (action.kind) {
    case Action::Kind::journal:
      break;  // written already
    case Action::Kind::submit:
      submit(action);
      break;
    case Action::Kind::open_log:
      open_log(action.step);
      break;
    case Action::Kind::cancel:
      cancel(action.step);
      break;
    case Action::Kind::forget:
      forget(action.step);
      break;
    case Action::Kind::finish:
      finished_ = true;
      break;
  }
}

const OpenOperator& RunLoop::operator_of(std::size_t step) const {
  return operators_.at(operator_index_[step]);
}

void RunLoop::submit(const Action& action) {
  const auto if_absent = action.report_lost ? host::IfAbsent::report_lost : host::IfAbsent::create;
  std::vector<LateError> missing;
  const std::string request = with_secrets(requests_[action.step], process_environment(), missing);
  if (!missing.empty()) {
    const std::string message = "settings.secrets." + missing.front().path + ": " + missing.front().what;
    return take_over(machine_.refused(action.step, "SecretUnavailable", message, ""));
  }
  try {
    operator_of(action.step).op.submit(request, if_absent);
  } catch (const host::Error& error) {
    std::string reason = "SubmitFailed";
    if (error.code() == STEPOP_E_INVALID) reason = "InvalidRequest";
    if (error.code() == STEPOP_E_CONFLICT) reason = "Conflict";
    std::string message;
    std::string hint;
    for (const host::Finding& finding : error.findings()) {
      if (!message.empty()) message += "; ";
      message += finding.path.empty() ? finding.message : finding.path + ": " + finding.message;
      if (hint.empty()) hint = finding.hint;
    }
    if (message.empty()) message = error.what();
    take_over(machine_.refused(action.step, reason, message, hint));
  }
}

void RunLoop::open_log(std::size_t step) {
  const std::string& name = pipeline_.steps[step].name;
  try {
    host::LogStream stream = operator_of(step).op.open_logs(step_run_id(names_, pipeline_.steps[step]));
    auto copy = std::make_unique<LogCopy>(state_directory_.log_file(names_.id, name),
                                          state_directory_.log_complete_file(names_.id, name));
    logs_.add(step, operator_index_[step], std::move(stream), std::move(copy));
    log_marked_[step] = true;  // the stream's end marks it
    if (has_ended(machine_.record(step).state)) logs_.step_ended(step, Clock::now());
  } catch (const host::Error& error) {
    if (error.code() != STEPOP_E_NOT_FOUND && error.code() != STEPOP_E_UNSUPPORTED)
      note("warning: step " + name + ": its log cannot be read: " + error.what());
    take_over(machine_.log_complete(step));
  }
}

void RunLoop::cancel(std::size_t step) {
  try {
    operator_of(step).op.cancel(step_run_id(names_, pipeline_.steps[step]));
  } catch (const host::Error& error) {
    // A step that was refused has ended here meanwhile.
    if (error.code() != STEPOP_E_NOT_FOUND) {
      note("warning: step " + pipeline_.steps[step].name + " cannot be cancelled: " + error.what());
    }
  }
}

void RunLoop::forget(std::size_t step) {
  try {
    operator_of(step).op.forget(step_run_id(names_, pipeline_.steps[step]));
  } catch (const host::Error& error) {
    note("warning: step " + pipeline_.steps[step].name + ": its end cannot be acknowledged: " + error.what());
  }
}

void RunLoop::ask_to_cancel() {
  if (machine_.cancel_asked()) return;
  write_cancel_ = true;
  take_over(machine_.cancel());
}

// ---- Taking in ----------------------------------------------------------------------------------

std::optional<milliseconds> RunLoop::patience() const {
  if (logs_.more_at_once()) return milliseconds{0};
  std::optional<Clock::time_point> until = logs_.next_deadline();
  const auto sooner = [&](Clock::time_point other) { until = until ? std::min(*until, other) : other; };
  if (machine_.only_acknowledgements_missing()) sooner(last_progress_ + kAcknowledgementPatience);
  if (dirty_screen_) sooner(last_drawn_ + kRedrawEvery);
  if (!until) return std::nullopt;
  // Rounded up: waking before the time would be waking twice.
  const auto left = std::chrono::ceil<milliseconds>(*until - Clock::now());
  return std::max(left, milliseconds{0});
}

void RunLoop::wait_and_take() {
  for (const std::uint64_t key : poll_.wait(patience())) {
    if (key == kSignals) {
      take_signals();
    } else if (key == kControl) {
      drain_control(control_.get());
      if (journal_.cancel_asked(names_.id) && !machine_.cancel_asked()) {
        note("cancelling: `stepop cancel` asked for it");
        ask_to_cancel();
      }
    } else if (key == kTimer) {
      drain_timer(timer_.get());
      dirty_screen_ = true;
    } else {
      take_events(key);
    }
  }
  copy_logs();
  give_up_acknowledgements();
}

// For the requests of later steps, which may be made before this one's end is shown.
void RunLoop::keep_result(std::size_t step) {
  const StepRecord& record = machine_.record(step);
  if (record.state != StepState::succeeded) return;
  if (const json::value* result = record.detail.if_contains("result"))
    results_.emplace(pipeline_.steps[step].name, *result);
}

void RunLoop::take_signals() {
  for (const int number : signals_.take()) {
    if (number == SIGWINCH) {
      dirty_screen_ = true;
    } else if (!machine_.cancel_asked()) {
      note("stopping: all steps are being cancelled; once more leaves them running");
      ask_to_cancel();
    } else {
      leave_ = true;
    }
  }
}

void RunLoop::take_events(std::size_t operator_index) {
  const auto batch = operators_[operator_index].op.next_events(kEventsATurn);
  if (!batch) return;
  for (const host::Event event : *batch) take_event(operator_index, event);
  if (std::uint64_t& known = dropped_[operator_index]; batch->dropped() > known) {
    note("warning: step operator " + operators_[operator_index].entry.name + ": " +
         std::to_string(batch->dropped() - known) + " of its warnings and log lines were dropped");
    known = batch->dropped();
  }
}

void RunLoop::take_event(std::size_t operator_index, const host::Event& event) {
  std::optional<std::size_t> step;
  if (const auto known = step_of_id_.find(std::string(event.step_run_id())); known != step_of_id_.end())
    step = known->second;
  const std::string about =
      step ? "step " + pipeline_.steps[*step].name : "step operator " + operators_[operator_index].entry.name;
  const auto word = [&](const json::object& detail, const char* member) -> std::string {
    const json::value* value = detail.if_contains(member);
    return value && value->is_string() ? std::string(value->get_string()) : "";
  };
  switch (event.kind()) {
    case host::EventKind::state:
      if (step) take_state(*step, event);
      break;
    case host::EventKind::log_ready:
      logs_.ready(operator_index, event.ticket());
      break;
    case host::EventKind::forgotten:
      if (step) take_over(machine_.forgotten(*step));
      break;
    case host::EventKind::displaced:
      note("warning: " + about + " was taken over by another process; it is only watched here");
      break;
    case host::EventKind::warning: {
      const json::object detail = event.parse_detail();
      std::string line = "warning: " + about + ": " + word(detail, "message");
      if (const std::string hint = word(detail, "hint"); !hint.empty()) line += "; " + hint;
      note(line);
      break;
    }
    case host::EventKind::plugin_log: {
      const json::object detail = event.parse_detail();
      const std::string level = word(detail, "level");
      if (level == "warning" || level == "error") note(level + ": " + about + ": " + word(detail, "message"));
      break;
    }
    default:
      break;  // of a newer contract
  }
}

void RunLoop::take_state(std::size_t step, const host::Event& event) {
  const auto state = step_state_from_abi(event.native().state);
  if (!state) return;
  StepObservation seen{step, *state, event.attempt(), event.parse_detail()};
  take_over(machine_.observe(std::move(seen)));
  keep_result(step);
  if (has_ended(*state)) logs_.step_ended(step, Clock::now());
}

void RunLoop::copy_logs() {
  for (const LogStreams::Ended& ended : logs_.copy_some(Clock::now())) {
    if (ended.by_patience) {
      note("warning: step " + pipeline_.steps[ended.step].name +
           ": its log did not come to an end; the copy may lack its last lines");
    }
    take_over(machine_.log_complete(ended.step));
  }
}

void RunLoop::give_up_acknowledgements() {
  if (!actions_.empty() || !machine_.only_acknowledgements_missing()) return;
  if (Clock::now() < last_progress_ + kAcknowledgementPatience) return;
  note("warning: not every step's clean-up is confirmed; `stepop run --resume " + names_.name + "` asks for it again");
  take_over(machine_.stop_waiting());
}

// Above the live table, which is drawn again below it.
void RunLoop::note(const std::string& line) {
  progress_.note(line);
  dirty_screen_ = true;
}

void RunLoop::draw() {
  const auto now = Clock::now();
  if (!dirty_screen_ || (!finished_ && now < last_drawn_ + kRedrawEvery)) return;
  dirty_screen_ = false;
  last_drawn_ = now;
  progress_.redraw(view_);
}

}  // namespace stepop::orchestrator
