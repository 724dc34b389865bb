// What is wrong in a file that a person wrote, and where.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace stepop::orchestrator {

// 1-based; line 0 means that there is no place.
struct Place {
  int line = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

struct Finding {
  std::string file;  // may be empty
  Place place;
  std::string path;     // in the file, e.g. "steps.train.needs[0]"; may be empty
  std::string message;  // what was found and what was expected
  std::string hint;     // what to write instead; may be empty
};

// One line: "pipeline.yaml:4:5: steps.train.comand: unknown key; did you mean \"command\"?"
std::string to_text(const Finding&);

// Everything that is wrong, together. Thrown before anything has been created.
class BadInput : public std::runtime_error {
 public:
  explicit BadInput(std::vector<Finding> findings);  // REQUIRES: at least one
  explicit BadInput(std::string message);            // one finding without a place
  const std::vector<Finding>& findings() const noexcept { return findings_; }

 private:
  std::vector<Finding> findings_;
};

}  // namespace stepop::orchestrator
