// Where each value of a YAML text stands, in bytes, so that one of them can be changed and all else stays as it was
// written: comments, order, blank lines.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace stepop::orchestrator {

struct LaidOutMember;

struct LaidOut {
  enum class Kind {
    nothing,  // `key:`; begin and end are where a value would stand, behind the colon
    scalar,
    alias,  // *name: what it stands for is elsewhere
    sequence,
    mapping,
  };
  Kind kind = Kind::nothing;
  bool flow = false;      // of collections: in brackets
  std::size_t begin = 0;  // of its tag or anchor, where it has one
  std::size_t end = 0;    // behind its last byte; comments that follow it are not part of it
  std::vector<LaidOut> items;
  std::vector<LaidOutMember> members;
};

struct LaidOutMember {
  std::string name;
  std::size_t begin = 0;  // of the key
  std::size_t colon = 0;  // behind it; the key's own end in a flow mapping's member without a colon
  LaidOut value;
};

// REQUIRES: parse_yaml has taken the text. Throws BadInput for what is laid out too unusually to be edited: explicit keys
// (`? key`).
LaidOut lay_out(const std::string& text);

}  // namespace stepop::orchestrator
