#pragma once

#include <string>

namespace stepop::plugin {

// `text` with every byte that is not part of valid UTF-8 (RFC 3629) replaced by U+FFFD.
std::string with_valid_utf8(std::string text);

}  // namespace stepop::plugin
