// What a command shows: a table for people, a document for programs.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "screen/table.hpp"

namespace stepop::orchestrator {

enum class Output { text, json, yaml };

// On stdout. REQUIRES: not `text`.
void write_document(Output, const boost::json::value&);

// On stdout, whole; the first row in bold.
void write_table(std::vector<std::vector<Cell>> rows);

}  // namespace stepop::orchestrator
