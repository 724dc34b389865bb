#include "engine/side_reads.hpp"

#include <utility>
#include <variant>

namespace stepop::engine {

void SideReads::ask(kube::Request request, Told told) {
  const auto id = next_id_++;
  auto& place = questions_[id];
  place = std::make_unique<Question>(
      Question{std::move(request), std::move(told), boost::asio::steady_timer(io_), std::nullopt});
  place->timer.expires_after(deadline);
  place->timer.async_wait([this, id](const boost::system::error_code& error) {
    if (!error) tell(id, std::nullopt);
  });
  waiting_.push_back(id);
  send_more();
}

void SideReads::send_more() {
  while (under_way_ < most_under_way && !waiting_.empty()) {
    const auto id = waiting_.front();
    waiting_.pop_front();
    const auto found = questions_.find(id);
    if (found == questions_.end()) continue;
    ++under_way_;
    found->second->call = client_.call(std::move(found->second->request),
                                       [this, id](kube::Outcome outcome) { on_answer(id, std::move(outcome)); });
  }
}

void SideReads::on_answer(std::uint64_t id, kube::Outcome outcome) {
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  found->second->call.reset();
  --under_way_;
  auto* response = std::get_if<kube::Response>(&outcome);
  tell(id, response && response->status == 200 ? std::optional(std::move(response->body)) : std::nullopt);
}

void SideReads::tell(std::uint64_t id, std::optional<std::string> body) {
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  const auto question = std::move(found->second);
  questions_.erase(found);
  question->timer.cancel();
  if (question->call) {
    client_.cancel(*question->call);
    --under_way_;
  }
  question->told(std::move(body));
  send_more();
}

void SideReads::stop() {
  for (const auto& [id, question] : std::exchange(questions_, {})) {
    if (question->call) client_.cancel(*question->call);
  }
  waiting_.clear();
  under_way_ = 0;
}

}  // namespace stepop::engine
