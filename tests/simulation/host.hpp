#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "agenda.hpp"
#include "operator.hpp"

namespace stepop::simulation {

// What a host writes down of a step, and still has in its next life.
struct JournalEntry {
  bool requested = false;     // before the submit
  bool pending = false;       // the first event at or after `pending`
  bool told_pending = false;  // that event came, whether or not it was written down
  bool cancelled = false;
  std::optional<std::chrono::milliseconds> cancel_grace{};
  bool terminal = false;  // the terminal event
  bool forgotten = false;
};

// A host as stepop.h asks for it: it journals each request before it submits it, the first event at or after
// `pending`, the terminal event, and only then forgets. It may die between any two of these, and recovers by submitting
// the same requests again.
class Host : public Handler {
 public:
  struct Given {
    Agenda& agenda;
    Network& network;
    OperatorObserver& observer;
    Trace& trace;
    Random random;
    Mutation mutation;
    const std::vector<lifecycle::Policy>& policies;  // of each step
  };
  explicit Host(Given given);

  void start();
  void on_announce(Operator& from, std::uint32_t step, const lifecycle::Report& report);
  void on_forgotten(Operator& from, std::uint32_t step);
  void on_displaced(Operator& from, std::uint32_t step);
  void on_event(const Event& event) override;

  // What befalls it. Each says whether it could.
  bool die(Duration away, Duration lingers);
  bool pause(Duration how_long);
  bool cancel(std::uint32_t step, std::optional<std::chrono::milliseconds> grace);
  bool second_owner(Duration how_long, bool attaches, bool owns);

  const JournalEntry& journal(std::uint32_t step) const { return journal_[step]; }
  bool submitted(std::uint32_t step) const { return submitted_[step]; }
  bool forgetting(std::uint32_t step) const { return forget_asked_[step]; }
  const Operator* current() const { return current_; }
  std::uint32_t lives() const { return lives_; }
  std::uint32_t others() const { return others_; }  // operators that live beside the current one
  bool done() const;

 private:
  enum What : std::uint32_t {
    begin_life,
    journal_step,
    submit_step,
    consume,
    forget_step,
    note_forgotten,
    own_again,
    other_dies
  };
  struct Heard {
    std::uint32_t step;
    bool at_or_after_pending;
    bool terminal;
  };

  void live();
  void submit(std::uint32_t step);
  Operator& open();

  Given given_;
  std::deque<Operator> operators_;  // every one that ever was: a dead one's calls are still on their way
  Operator* current_ = nullptr;
  std::uint32_t lives_ = 0;
  std::uint32_t others_ = 0;  // alive beside the current one
  std::vector<JournalEntry> journal_;
  std::vector<bool> submitted_;     // in this life
  std::vector<bool> forget_asked_;  // in this life
  std::vector<Heard> queue_;        // what the operator has told, and the host has not read yet
  bool consume_planned_ = false;
};

}  // namespace stepop::simulation
