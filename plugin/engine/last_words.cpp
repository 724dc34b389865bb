#include "engine/last_words.hpp"

#include <utility>
#include <variant>

#include "kube/targets.hpp"
#include "lifecycle/log_tail.hpp"

namespace stepop::engine {
namespace {

// A runtime cuts lines into parts of 16 KiB, and a kubelet counts parts: with the times, what it sends is less than this.
constexpr std::size_t longest_answer = static_cast<std::size_t>(lifecycle::tail_lines) * 32 * 1024;

std::string target_of(const std::string& namespace_, const std::string& pod, const std::string& container) {
  kube::LogQuery query;
  query.container = container;
  query.timestamps = true;  // they tell a line from an error of the kubelet
  query.tail_lines = lifecycle::tail_lines;
  return kube::pod_log_target(namespace_, pod, query);
}

}  // namespace

void LastWords::ask(const std::string& namespace_, const std::string& pod, const std::string& container, Told told) {
  const auto id = next_id_++;
  auto& place = questions_[id];
  place = std::make_unique<Question>(
      Question{target_of(namespace_, pod, container), std::move(told), boost::asio::steady_timer(io_), std::nullopt});
  place->timer.expires_after(deadline);
  place->timer.async_wait([this, id](const boost::system::error_code& error) {
    if (!error) tell(id, {});
  });
  waiting_.push_back(id);
  send_more();
}

void LastWords::send_more() {
  while (under_way_ < most_under_way && !waiting_.empty()) {
    const auto id = waiting_.front();
    waiting_.pop_front();
    const auto found = questions_.find(id);
    if (found == questions_.end()) continue;
    kube::Request request;
    request.target = found->second->target;
    request.max_response_bytes = longest_answer;
    ++under_way_;
    found->second->call =
        client_.call(std::move(request), [this, id](const kube::Outcome& outcome) { on_answer(id, outcome); });
  }
}

void LastWords::on_answer(std::uint64_t id, const kube::Outcome& outcome) {
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  found->second->call.reset();
  --under_way_;
  const auto* response = std::get_if<kube::Response>(&outcome);
  tell(id, response && response->status == 200 ? lifecycle::tail_of(response->body) : std::string());
}

void LastWords::tell(std::uint64_t id, std::string tail) {
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  const auto question = std::move(found->second);
  questions_.erase(found);
  question->timer.cancel();
  if (question->call) {
    client_.cancel(*question->call);
    --under_way_;
  }
  question->told(std::move(tail));
  send_more();
}

void LastWords::stop() {
  for (const auto& [id, question] : std::exchange(questions_, {})) {
    if (question->call) client_.cancel(*question->call);
  }
  waiting_.clear();
  under_way_ = 0;
}

}  // namespace stepop::engine
