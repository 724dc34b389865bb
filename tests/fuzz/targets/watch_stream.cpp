// What a watch brings, in streams and in pages of lists: WatchMachine keeps a true view of whatever it is told, whoever
// tells it, and hears the same however the bytes were cut.
#include <map>

#include "input.hpp"
#include "kube/line_splitter.hpp"
#include "kube/watch_machine.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

using namespace kube;

constexpr std::size_t longest_line = 16 * 1024;
// Between two answers of the server: one stream, or one page.
constexpr std::string_view between = "\n--\n";

// Carries out what the machine asks, as PodWatch does, and keeps a view of its own from what it is told.
class Consumer {
 public:
  explicit Consumer(bool streaming_list) : machine_(options(streaming_list)), lines_(longest_line) {
    obey(machine_.start(now_));
  }

  // One answer: what it says, in pieces, and then its end.
  void answer(const std::vector<std::string_view>& pieces, bool clean) {
    for (int waits = 0; asked_ == Asked::nothing; ++waits) {
      require(waits < 3, "a machine that waits asks for something when its time has come");
      wait();
    }
    if (asked_ == Asked::page) {
      std::string body;
      for (const auto piece : pieces) body += piece;
      Response response;
      response.status = 200;
      response.body = std::move(body);
      asked_ = Asked::nothing;
      obey(machine_.on_list_page(now_, response));
      return;
    }
    Response head;
    head.status = 200;
    const auto stream = stream_;
    lines_.reset();
    obey(machine_.on_head(now_, head));
    for (const auto piece : pieces) {
      if (stream_ != stream || asked_ != Asked::stream) return;
      const bool readable = lines_.feed(piece, [&](std::string_view line) {
        obey(machine_.on_line(now_, parse_watch_line(line)));
        return stream_ == stream && asked_ == Asked::stream;
      });
      if (!readable) {
        WatchLine too_long;
        too_long.problem = "too long";
        obey(machine_.on_line(now_, std::move(too_long)));
      }
    }
    if (stream_ != stream || asked_ != Asked::stream) return;
    asked_ = Asked::nothing;
    now_ += std::chrono::seconds{2};
    const TransportError reset{TransportError::Kind::Reset, true, "reset"};
    obey(machine_.on_end(now_, clean ? nullptr : &reset));
  }

  const std::string& told() const { return told_; }

 private:
  enum class Asked { nothing, stream, page };

  static WatchOptions options(bool streaming_list) {
    WatchOptions options;
    options.namespace_ = "dev";
    options.streaming_list = streaming_list;
    return options;
  }

  void wait() {
    require(wake_at_.has_value(), "a machine that asks for nothing has a time to wake");
    now_ = std::max(now_, *wake_at_);
    wake_at_.reset();
    obey(machine_.on_timer(now_));
  }

  void obey(WatchActions actions) {
    for (auto& action : actions) {
      if (auto* open = std::get_if<OpenStream>(&action)) {
        require(asked_ == Asked::nothing, "one stream at a time");
        require(open->target.find_first_of(" \r\n") == std::string::npos, "a target is one word");
        asked_ = Asked::stream;
        ++stream_;
      } else if (auto* get = std::get_if<GetList>(&action)) {
        require(asked_ == Asked::nothing, "one call at a time");
        require(get->target.find_first_of(" \r\n") == std::string::npos, "a target is one word");
        asked_ = Asked::page;
      } else if (std::holds_alternative<CloseStream>(action)) {
        asked_ = Asked::nothing;
      } else if (auto* until = std::get_if<WaitUntil>(&action)) {
        wake_at_ = until->time;
      } else {
        hear(std::get<Deliver>(action).notice);
      }
    }
    require(machine_.known_pods() == view_.size(), "the machine knows the pods that it has told of");
    require(!machine_.unbroken() || (machine_.synced_since() && !relisting_),
            "a view whose changes are seen one by one was complete, and is not listed anew");
    require(!synced_ || machine_.synced_since().has_value(), "a complete view has a time");
  }

  void hear(const WatchNotice& notice) {
    if (const auto* applied = std::get_if<PodApplied>(&notice)) {
      const auto& meta = applied->pod.metadata;
      require(!meta.uid.empty(), "a pod has a uid");
      const auto [it, is_new] = view_.try_emplace(meta.uid, meta.resource_version);
      require(is_new || it->second != meta.resource_version, "a state is told once");
      it->second = meta.resource_version;
      told_ += "applied " + meta.uid + ' ' + meta.resource_version + '\n';
    } else if (const auto* removed = std::get_if<PodRemoved>(&notice)) {
      // A pod may be deleted that was never seen: it came and went in between.
      const bool known = view_.erase(removed->uid) > 0;
      require(known || removed->last, "a list lacks only what was there");
      told_ += "removed " + removed->uid + '\n';
    } else if (std::holds_alternative<RelistBegan>(notice)) {
      require(!relisting_, "a relist begins once before it is complete");
      relisting_ = true;
      told_ += "relist\n";
    } else if (const auto* synced = std::get_if<Synced>(&notice)) {
      require(synced->time <= now_, "a view is complete as of a time that has been");
      require(synced->time >= last_synced_, "it is never complete as of an earlier time");
      last_synced_ = synced->time;
      synced_ = true;
      relisting_ = false;
      told_ += "synced\n";
    } else if (std::holds_alternative<Unsynced>(notice)) {
      require(synced_, "an interruption is told once");
      synced_ = false;
      told_ += "unsynced\n";
    } else {
      const auto& trouble = std::get<WatchTrouble>(notice);
      require(!trouble.message.empty(), "trouble says what it is");
      require(trouble.next_try >= now_ && trouble.next_try <= now_ + std::chrono::seconds{300},
              "what failed is tried again within five minutes");
      told_ += "trouble " + std::to_string(static_cast<int>(trouble.kind)) + '\n';
    }
  }

  Instant now_{std::chrono::hours{1}};
  WatchMachine machine_;
  LineSplitter lines_;
  Asked asked_ = Asked::nothing;
  int stream_ = 0;
  std::optional<Instant> wake_at_;
  std::map<std::string, std::string> view_;  // uid -> resourceVersion
  bool synced_ = false;
  bool relisting_ = false;
  Instant last_synced_{};
  std::string told_;
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

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  Input input(data, size);
  const bool streaming_list = !input.decide();
  Consumer whole(streaming_list), cut(streaming_list);
  for (const auto answer : answers_of(input.text())) {
    const bool clean = !input.decide();
    whole.answer({answer}, clean);
    cut.answer(input.pieces(answer), clean);
  }
  require(whole.told() == cut.told(), "what is told does not depend on the pieces");
  return 0;
}
