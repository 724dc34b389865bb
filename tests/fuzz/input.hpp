#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <string>
#include <string_view>
#include <vector>

namespace stepop::fuzz {

// What libFuzzer made: a text, and after the last mark the decisions of how to treat it. So a seed is what was recorded,
// and nothing else; without a mark, every decision is the first one.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : Input(split(data, size)) {}

  const std::string& text() const { return text_; }

  // One of 0 … most - 1.
  std::size_t below(std::size_t most) { return decisions_.ConsumeIntegralInRange<std::size_t>(0, most - 1); }
  bool decide() { return below(2) != 0; }
  // Whether there is anything left that was not taken for the same answer again and again.
  bool has_decisions() { return decisions_.remaining_bytes() > 0; }

  // The text in pieces, cut anywhere. One piece when nothing is decided.
  std::vector<std::string_view> pieces(std::string_view of) {
    std::vector<std::string_view> out;
    while (has_decisions() && of.size() > 1) {
      const std::size_t longest = below(4) == 0 ? of.size() : std::min<std::size_t>(of.size(), 32);
      const std::size_t size = 1 + below(longest);
      out.push_back(of.substr(0, size));
      of.remove_prefix(size);
    }
    out.push_back(of);
    return out;
  }

 private:
  static constexpr char mark[] = "\n%%\n";
  struct Parts {
    std::string_view text, decisions;
  };
  static Parts split(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t at = all.rfind(mark);
    if (at == std::string_view::npos) return {all, {}};
    return {all.substr(0, at), all.substr(at + sizeof mark - 1)};
  }
  explicit Input(Parts parts)
      : text_(parts.text),
        decisions_(reinterpret_cast<const std::uint8_t*>(parts.decisions.data()), parts.decisions.size()) {}

  std::string text_;
  FuzzedDataProvider decisions_;
};

}  // namespace stepop::fuzz
