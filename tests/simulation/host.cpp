#include "host.hpp"

#include <algorithm>

namespace stepop::simulation {

Host::Host(Given given)
    : given_(given),
      journal_(given_.policies.size()),
      submitted_(given_.policies.size()),
      forget_asked_(given_.policies.size()) {}

Operator& Host::open() {
  const auto number = static_cast<std::uint32_t>(operators_.size());
  return operators_.emplace_back(number, given_.agenda, given_.network, given_.observer, given_.trace,
                                 given_.random.fork(500 + number).next(), given_.mutation);
}

void Host::start() {
  live();
  for (std::uint32_t step = 0; step < journal_.size(); ++step) {
    auto random = given_.random.fork(900 + step);
    const auto when = random.between(Duration(0), random.chance(50) ? milliseconds(50) : seconds(3));
    given_.agenda.in(when, *this, journal_step, step);
  }
}

void Host::live() {
  ++lives_;
  if (given_.trace.wanted()) given_.trace.say("HOST begins life " + std::to_string(lives_));
  current_ = &open();
  queue_.clear();
  consume_planned_ = false;
  std::fill(submitted_.begin(), submitted_.end(), false);
  std::fill(forget_asked_.begin(), forget_asked_.end(), false);
  current_->start();
  for (std::uint32_t step = 0; step < journal_.size(); ++step) {
    const auto& entry = journal_[step];
    if (entry.forgotten || !entry.requested) continue;
    if (entry.terminal) {
      given_.agenda.in(given_.random.between(Duration(0), milliseconds(20)), *this, forget_step, step, lives_);
    } else {
      given_.agenda.in(given_.random.between(Duration(0), milliseconds(20)), *this, submit_step, step, lives_);
    }
  }
}

void Host::submit(std::uint32_t step) {
  if (submitted_[step] || journal_[step].terminal) return;
  auto& entry = journal_[step];
  submitted_[step] = true;
  if (given_.trace.wanted()) {
    given_.trace.say("HOST submits s" + std::to_string(step) + (entry.pending ? ", report_lost" : ", create"));
  }
  if (given_.mutation == Mutation::host_journals_after_submit) {
    given_.agenda.in(seconds(3), *this, journal_step, step, lives_);
  }
  current_->submit(step, given_.policies[step], entry.pending);
  if (entry.cancelled) current_->cancel(step, entry.cancel_grace);
}

void Host::on_announce(Operator& from, std::uint32_t step, const lifecycle::Report& report) {
  if (&from != current_) return;
  queue_.push_back({step, report.state >= lifecycle::StepState::pending, lifecycle::is_terminal(report.state)});
  if (consume_planned_) return;
  consume_planned_ = true;
  auto& random = given_.random;
  given_.agenda.in(random.between(Duration(0), random.chance(10) ? seconds(2) : milliseconds(30)), *this, consume, 0,
                   lives_);
}

void Host::on_forgotten(Operator& from, std::uint32_t step) {
  if (&from != current_) return;
  given_.agenda.in(given_.random.between(Duration(0), milliseconds(20)), *this, note_forgotten, step, lives_);
}

// Whoever displaced it may be gone by then: a host that wants its step takes it back.
void Host::on_displaced(Operator& from, std::uint32_t step) {
  if (&from != current_) return;
  given_.agenda.in(seconds(40), *this, own_again, step, lives_);
}

void Host::on_event(const Event& event) {
  auto& random = given_.random;
  if (event.what == other_dies) {
    auto& other = operators_[event.a];
    if (other.alive()) {
      if (given_.trace.wanted()) given_.trace.say("the other operator " + other.instance() + " dies");
      other.die();
      --others_;
    }
    return;
  }
  if (event.what == begin_life) {
    if (event.b == lives_) live();
    return;
  }
  if (event.what == journal_step) {
    // A host that is dead at that moment submits it in its next life.
    auto& entry = journal_[event.a];
    if (!current_) {
      given_.agenda.in(seconds(1), *this, journal_step, event.a);
      return;
    }
    if (given_.mutation == Mutation::host_journals_after_submit) {
      // What was submitted and not journalled, the next life knows nothing of.
      if (event.b == 0) submit(event.a);
      if (event.b == lives_) entry.requested = true;
      return;
    }
    entry.requested = true;
    given_.agenda.in(random.between(Duration(0), milliseconds(5)), *this, submit_step, event.a, lives_);
    return;
  }
  if (!current_ || event.b != lives_) return;
  if (current_->paused_until() > given_.agenda.now()) {
    given_.agenda.at(current_->paused_until(), *this, event.what, event.a, event.b);
    return;
  }
  switch (static_cast<What>(event.what)) {
    case submit_step:
      return submit(event.a);
    case consume:
      consume_planned_ = false;
      for (const auto& heard : std::exchange(queue_, {})) {
        auto& entry = journal_[heard.step];
        entry.told_pending = entry.told_pending || heard.at_or_after_pending;
        if (heard.at_or_after_pending && given_.mutation != Mutation::host_forgets_the_pending_entry) {
          entry.pending = true;
        }
        if (!heard.terminal || entry.terminal) continue;
        entry.terminal = true;
        given_.agenda.in(random.between(Duration(0), random.chance(30) ? seconds(5) : milliseconds(200)), *this,
                         forget_step, heard.step, lives_);
      }
      return;
    case forget_step:
      if (others_ > 0) {
        // Who shares its steps with another process lets that end first.
        given_.agenda.in(seconds(1), *this, forget_step, event.a, lives_);
        return;
      }
      if (given_.trace.wanted()) given_.trace.say("HOST forgets s" + std::to_string(event.a));
      forget_asked_[event.a] = true;
      current_->forget(event.a, given_.policies[event.a].cleanup);
      return;
    case own_again:
      if (journal_[event.a].terminal || !current_->has(event.a)) return;
      if (given_.trace.wanted())
        given_.trace.say("HOST submits s" + std::to_string(event.a) + " again: it was displaced");
      current_->submit(event.a, given_.policies[event.a], journal_[event.a].pending);
      return;
    case note_forgotten:
      journal_[event.a].forgotten = true;
      return;
    default:
      return;
  }
}

bool Host::die(Duration away, Duration lingers) {
  if (!current_) return false;
  if (given_.trace.wanted()) given_.trace.say("HOST dies" + std::string(lingers > Duration(0) ? ", not quite" : ""));
  if (lingers > Duration(0)) {
    // The process that was given up for dead goes on for a while.
    ++others_;
    given_.agenda.in(lingers, *this, other_dies, current_->number());
  } else {
    current_->die();
  }
  current_ = nullptr;
  given_.agenda.in(away, *this, begin_life, 0, lives_);
  return true;
}

bool Host::pause(Duration how_long) {
  if (!current_) return false;
  current_->pause_until(given_.agenda.now() + how_long);
  return true;
}

bool Host::cancel(std::uint32_t step, std::optional<std::chrono::milliseconds> grace) {
  auto& entry = journal_[step];
  if (!current_ || !submitted_[step] || entry.terminal || current_->paused_until() > given_.agenda.now()) return false;
  if (given_.trace.wanted()) given_.trace.say("HOST cancels s" + std::to_string(step));
  entry.cancelled = true;
  entry.cancel_grace = grace;
  current_->cancel(step, grace);
  return true;
}

bool Host::second_owner(Duration how_long, bool attaches, bool owns) {
  if (!current_ || others_ > 0) return false;
  if (std::any_of(forget_asked_.begin(), forget_asked_.end(), [](bool asked) { return asked; })) return false;
  auto& other = open();
  ++others_;
  if (given_.trace.wanted()) given_.trace.say("another operator, " + other.instance() + ", opens");
  other.start();
  if (attaches) {
    other.attach(owns, given_.policies);
  } else {
    for (std::uint32_t step = 0; step < journal_.size(); ++step) {
      if (journal_[step].requested && !journal_[step].terminal) {
        other.submit(step, given_.policies[step], journal_[step].pending);
      }
    }
  }
  given_.agenda.in(how_long, *this, other_dies, other.number());
  return true;
}

bool Host::done() const {
  return std::all_of(journal_.begin(), journal_.end(), [](const JournalEntry& entry) { return entry.forgotten; });
}

}  // namespace stepop::simulation
