// The ${...} of a stack or pipeline file: which of them are ours, and what the environment says.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::orchestrator {

// A value of the environment, or none when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

struct ReferencePiece {
  bool is_reference = false;
  std::string text;         // what is between ${ and }; of other text: itself, with `$${` as `${`
  std::string_view source;  // as it is written
};

struct ReferencePieces {
  std::vector<ReferencePiece> pieces;  // no two texts are neighbours
  std::string error;                   // a sentence: a } is missing
};

// `kinds`: how the references begin that count, e.g. "env:". Any other ${...} is text: it belongs to the step's own
// shell. `$${` is a literal `${`. The pieces point into `text`.
ReferencePieces reference_pieces(std::string_view text, const std::vector<std::string_view>& kinds);

struct ReferenceValue {
  std::string text;
  std::string error;  // a sentence; then there is no text
};
// Of "env:NAME" or "env:NAME:-default".
ReferenceValue environment_value(std::string_view reference, const Environment&);

}  // namespace stepop::orchestrator
