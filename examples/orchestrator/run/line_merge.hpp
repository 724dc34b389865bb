// The log of a step of several pods, as one text: the lines of the first pod as they are, those of the others behind `[1] `,
// `[2] ` and so on, and what was lost of them likewise. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::orchestrator {

class LineMerge {
 public:
  enum class Text {
    piece,  // of a line of the first pod, which goes on
    line,   // or its end
    gap,    // says that lines were lost
  };
  using Give = std::function<void(std::uint32_t index, std::string_view text, Text what)>;
  // A longer line of a pod that is not the first is cut.
  static constexpr std::size_t longest_line = 1u << 20;

  explicit LineMerge(Give give) : give_(std::move(give)) {}

  // A line without its newline, or with `partial` a piece of one.
  void add(std::uint32_t index, std::string_view data, bool partial);
  // Lines of this pod were lost, as `text` says.
  void add_gap(std::uint32_t index, std::string_view text);
  // Nothing follows: gives what is unfinished.
  void end();

 private:
  struct Whole {
    std::uint32_t index;
    std::string text;
    Text what;
  };
  void give_whole(Whole whole);
  void end_first();

  Give give_;
  bool first_is_open_ = false;                 // a piece of a line of the first pod was given, and not its end
  std::vector<Whole> held_;                    // whole lines of the others, until that line ends
  std::map<std::uint32_t, std::string> open_;  // unfinished lines of the others
};

}  // namespace stepop::orchestrator
