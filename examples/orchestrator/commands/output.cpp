#include "commands/output.hpp"

#include <unistd.h>

#include <boost/json/serialize.hpp>

#include "input/yaml_text.hpp"
#include "screen/progress.hpp"
#include "screen/style.hpp"

namespace stepop::orchestrator {

void write_document(Output output, const boost::json::value& document) {
  write_text(STDOUT_FILENO, output == Output::yaml ? to_yaml(document) : boost::json::serialize(document) + "\n");
}

void write_table(std::vector<std::vector<Cell>> rows) {
  const Style style = style_of(STDOUT_FILENO);
  if (!rows.empty()) {
    for (Cell& cell : rows.front()) cell.look = [style](std::string_view text) { return style.bold(text); };
  }
  // Not cut to a terminal's width: what is shown here is often what the user came for.
  write_lines(STDOUT_FILENO, table(rows, 0));
}

}  // namespace stepop::orchestrator
