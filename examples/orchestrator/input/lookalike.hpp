// YAML that means something else than it looks: what YAML 1.1 reads differently from the core schema (core_schema.hpp).
#pragma once

#include <string>

#include "input/yaml_document.hpp"

namespace stepop::orchestrator {

// For a plain scalar such as `no`, `0777` or `12:30:00`: how it is read here, and what to write instead. "" for all else.
std::string lookalike_hint(const YamlValue&);

}  // namespace stepop::orchestrator
