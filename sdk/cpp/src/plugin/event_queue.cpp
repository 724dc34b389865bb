#include "event_queue.hpp"

#include <tuple>

namespace stepop::plugin {

EventQueue::Place EventQueue::append(std::uint32_t kind, std::string_view step_run_id, std::string detail,
                                     std::int64_t time_us) {
  QueuedEvent event;
  event.kind = kind;
  event.time_us = time_us;
  event.step_run_id = step_run_id;
  event.detail = std::make_shared<const std::string>(std::move(detail));
  return waiting_.insert(waiting_.end(), std::move(event));
}

bool EventQueue::state(std::string_view step_run_id, State state, std::uint32_t attempt, std::string detail,
                       std::int64_t time_us) {
  const auto known = steps_.find(step_run_id);
  if (known != steps_.end()) {
    const QueuedEvent& newest = known->second.newest;
    if (is_terminal(static_cast<State>(newest.state))) {
      if (is_terminal(state)) ++second_ends_;
      return false;
    }
    const auto before = std::tuple(newest.attempt, newest.state);
    const auto now = std::tuple(attempt, static_cast<std::uint32_t>(state));
    if (now < before || (now == before && detail == *newest.detail)) return false;
  }

  // What can fail for lack of memory comes first, so that a failure changes nothing.
  QueuedEvent event;
  event.kind = STEPOP_EVENT_STATE;
  event.state = static_cast<std::uint32_t>(state);
  event.attempt = attempt;
  event.time_us = time_us;
  event.step_run_id = step_run_id;
  event.detail = std::make_shared<const std::string>(std::move(detail));
  std::list<QueuedEvent> appended{event};
  Step& step = known != steps_.end() ? known->second : steps_.try_emplace(std::string(step_run_id)).first->second;

  if (step.state_waits) {
    **step.state_waits = std::move(appended.front());
  } else {
    step.state_waits = appended.begin();
    waiting_.splice(waiting_.end(), appended);
  }
  step.newest = std::move(event);
  return true;
}

bool EventQueue::bounded(std::uint32_t kind, std::string_view step_run_id, std::string detail, std::int64_t time_us) {
  std::size_t& count = kind == STEPOP_EVENT_WARNING ? warnings_ : log_lines_;
  if (count >= max_waiting) {
    ++dropped_;
    return false;
  }
  append(kind, step_run_id, std::move(detail), time_us);
  ++count;
  return true;
}

void EventQueue::attached(std::uint64_t ticket, std::string detail, std::int64_t time_us) {
  append(STEPOP_EVENT_ATTACHED, "", std::move(detail), time_us)->ticket = ticket;
}

void EventQueue::forgotten(std::string_view step_run_id, std::string detail, std::int64_t time_us) {
  append(STEPOP_EVENT_FORGOTTEN, step_run_id, std::move(detail), time_us);
  if (const auto found = steps_.find(step_run_id); found != steps_.end()) steps_.erase(found);
}

bool EventQueue::displaced(std::string_view step_run_id, std::int64_t time_us) {
  const auto found = steps_.find(step_run_id);
  if (found != steps_.end() && found->second.displaced_waits) return false;
  const Place place = append(STEPOP_EVENT_DISPLACED, step_run_id, "{}", time_us);
  if (found != steps_.end()) found->second.displaced_waits = place;
  return true;
}

bool EventQueue::log_ready(std::uint64_t ticket, std::string_view step_run_id, std::int64_t time_us) {
  const auto [found, absent] = log_ready_waits_.try_emplace(ticket);
  if (!absent) return false;
  try {
    found->second = append(STEPOP_EVENT_LOG_READY, step_run_id, "{}", time_us);
  } catch (...) {
    log_ready_waits_.erase(found);
    throw;
  }
  found->second->ticket = ticket;
  return true;
}

bool EventQueue::withdraw_log_ready(std::uint64_t ticket) {
  const auto found = log_ready_waits_.find(ticket);
  if (found == log_ready_waits_.end()) return false;
  waiting_.erase(found->second);
  log_ready_waits_.erase(found);
  return true;
}

void EventQueue::number(std::size_t count) {
  for (auto event = waiting_.begin(); count != 0; ++event, --count) event->sequence = ++last_sequence_;
}

void EventQueue::pop(std::size_t count) {
  for (; count != 0; --count) {
    const Place first = waiting_.begin();
    switch (first->kind) {
      case STEPOP_EVENT_STATE:
      case STEPOP_EVENT_DISPLACED:
        // The step may have been forgotten, and even submitted anew, since: then what waits is
        // another event.
        if (const auto found = steps_.find(first->step_run_id); found != steps_.end()) {
          Step& step = found->second;
          if (step.state_waits == first) step.state_waits.reset();
          if (step.displaced_waits == first) step.displaced_waits.reset();
        }
        break;
      case STEPOP_EVENT_LOG_READY:
        log_ready_waits_.erase(first->ticket);
        break;
      case STEPOP_EVENT_WARNING:
        --warnings_;
        break;
      case STEPOP_EVENT_PLUGIN_LOG:
        --log_lines_;
        break;
      default:
        break;
    }
    waiting_.pop_front();
  }
}

const QueuedEvent* EventQueue::newest(std::string_view step_run_id) const {
  const auto found = steps_.find(step_run_id);
  if (found == steps_.end()) return nullptr;
  found->second.newest.sequence = last_sequence_;
  return &found->second.newest;
}

}  // namespace stepop::plugin
