#include "utf8.hpp"

#include <cstddef>
#include <string_view>

namespace stepop::plugin {
namespace {

// Bytes of the character at the front of `text`; 0 when there is none. The ranges are those of RFC 3629, section 4.
std::size_t character_size(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&byte](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool too_large = first == 0xF4 && byte(1) > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string with_valid_utf8(std::string text) {
  std::size_t good = 0;
  while (good < text.size()) {
    const std::size_t size = character_size(std::string_view(text).substr(good));
    if (size == 0) break;
    good += size;
  }
  if (good == text.size()) return text;

  std::string repaired = text.substr(0, good);
  for (std::string_view rest = std::string_view(text).substr(good); !rest.empty();) {
    const std::size_t size = character_size(rest);
    if (size == 0)
      repaired += "\xEF\xBF\xBD";
    else
      repaired += rest.substr(0, size);
    rest.remove_prefix(size == 0 ? 1 : size);
  }
  return repaired;
}

}  // namespace stepop::plugin
