#include "verdict.hpp"

#include <unistd.h>

#include <mutex>

namespace stepop::conformance {
namespace {

int told_to = -1;
std::mutex one_line_at_a_time;

void tell(char kind, std::string_view text) {
  std::string line{kind, ' '};
  // A plugin's words may hold anything.
  for (const char c : text) line += c == '\n' ? ' ' : c;
  line += '\n';
  const std::lock_guard lock(one_line_at_a_time);
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = ::write(told_to, rest.data(), rest.size());
    if (written <= 0) return;  // the parent is gone, and soon so is this process
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void tell_to(int descriptor) {
  told_to = descriptor;
}

void doing(std::string_view what) {
  tell('D', what);
}

void broken(std::string_view seen) {
  tell(static_cast<char>(Outcome::broken), seen);
  throw Ended();
}

void unsupported(std::string_view what) {
  tell(static_cast<char>(Outcome::unsupported), what);
  throw Ended();
}

void answered(std::string_view what) {
  tell(static_cast<char>(Outcome::answered), what);
  throw Ended();
}

}  // namespace stepop::conformance
