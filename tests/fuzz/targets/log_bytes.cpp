// Whatever a kubelet sends as a log, read after read: each piece is bounded, the end comes once and comes, and how the
// bytes were cut changes nothing.
#include "input.hpp"
#include "kubelet_log.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

using namespace lifecycle;
using lifecycle::testing::Lines;

// Between two answers of the kubelet.
constexpr std::string_view between = "\n--\n";
// The longest it puts up with is a server that fails for fifteen minutes; it asks again after seconds.
constexpr int most_reads = 2000;

struct Plan {
  LogWish wish;
  std::size_t remember = 1;
};

class Follower {
 public:
  explicit Follower(const Plan& plan) : machine_(plan.wish, 1, plan.remember) {
    obey(machine_.on_container(ContainerLife::running, now_));
  }

  void answer(const std::vector<std::string_view>& pieces, const LogReadEnd& end) {
    until_it_reads();
    if (machine_.finished()) return;
    const int read = read_;
    for (const auto piece : pieces) {
      if (read_ != read || !reading_) return;
      obey(machine_.on_bytes(piece, now_));
    }
    if (read_ != read || !reading_) return;
    reading_ = false;
    now_ += std::chrono::seconds{1};
    obey(machine_.on_end(end, now_));
  }

  void container_ends() { obey(machine_.on_container(ContainerLife::ended, now_)); }

  // The kubelet has nothing more, and says so in one of its ways.
  void to_the_end(std::size_t way) {
    for (int reads = 0; !machine_.finished(); ++reads) {
      require(reads < most_reads, "the log of a container that has ended comes to an end");
      if (way == 0) answer({}, testing::clean());
      if (way == 1) answer({"unable to retrieve container logs for containerd://1"}, testing::clean());
      if (way == 2) answer({}, testing::refused(404, "pods \"p\" not found"));
      if (way == 3) answer({}, testing::refused(500, "Internal error occurred"));
    }
    require(lines_.ended(), "the end is told");
    require(!machine_.wake_at(), "what has ended sleeps for good");
    require(machine_.on_time(now_ + std::chrono::hours{1}).pieces.empty(), "nothing comes after the end");
    require(machine_.on_gone(now_).pieces.empty(), "nothing comes after the end");
  }

  const std::vector<std::string>& lines() const { return lines_.all(); }

 private:
  void until_it_reads() {
    for (int waits = 0; !reading_ && !machine_.finished(); ++waits) {
      require(waits < 10, "a machine that waits reads when its time has come");
      const auto due = machine_.wake_at();
      require(due.has_value(), "a machine that does not read has a time to wake");
      require(*due <= now_ + std::chrono::hours{1}, "it does not sleep for ever");
      now_ = std::max(now_, *due);
      obey(machine_.on_time(now_));
    }
  }

  void obey(const LogActions& actions) {
    for (const auto& piece : actions.pieces) {
      require(!ended_, "nothing comes after the end");
      require(piece.data.size() <= LogMachine::piece_bytes, "a piece is bounded");
      if (piece.kind == LogPiece::Kind::end) ended_ = true;
      if (piece.kind == LogPiece::Kind::gap) {
        require(!piece.data.empty(), "a gap says why");
        require(!piece.partial, "a gap is no part of a line");
      }
    }
    lines_.add(actions.pieces);
    if (actions.hang_up) reading_ = false;
    if (actions.read) {
      require(!reading_, "one read at a time");
      reading_ = true;
      ++read_;
      require(!actions.read->since ||
                  actions.read->since->time_since_epoch() % std::chrono::seconds{1} == std::chrono::microseconds{0},
              "a kubelet counts in whole seconds");
    }
  }

  Instant now_ = testing::at(std::chrono::milliseconds{0});
  LogMachine machine_;
  Lines lines_;
  bool reading_ = false;
  bool ended_ = false;
  int read_ = 0;
};

std::vector<std::string_view> answers_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at; (at = text.find(between)) != std::string_view::npos;) {
    out.push_back(text.substr(0, at + 1));
    text.remove_prefix(at + between.size());
  }
  out.push_back(text);
  return out;
}

LogReadEnd end_of(std::size_t which) {
  LogReadEnd throttled = testing::refused(429, "slow down");
  throttled.retry_after = std::chrono::seconds::max();  // as a header may say
  switch (which) {
    case 1:
      return testing::broken();
    case 2:
      return testing::refused(400, "container \"main\" in pod \"p\" is waiting to start: ContainerCreating");
    case 3:
      return throttled;
    case 4:
      return testing::refused(404, "pods \"p\" not found");
    default:
      return testing::clean();
  }
}

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  Input input(data, size);
  Plan plan;
  plan.wish.follow = !input.decide();
  if (input.decide()) plan.wish.tail_lines = static_cast<std::int64_t>(input.below(3));
  plan.remember = std::size_t{1} << input.below(4);
  Follower whole(plan), cut(plan);
  const auto answers = answers_of(input.text());
  const std::size_t ends_at = input.below(answers.size() + 1);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i == ends_at) {
      whole.container_ends();
      cut.container_ends();
    }
    const auto end = end_of(input.below(5));
    whole.answer({answers[i]}, end);
    cut.answer(input.pieces(answers[i]), end);
  }
  whole.container_ends();
  cut.container_ends();
  const std::size_t way = input.below(4);
  whole.to_the_end(way);
  cut.to_the_end(way);
  require(whole.lines() == cut.lines(), "what is read does not depend on the pieces");
  return 0;
}
