// Stack and pipeline files: read, or refused with every mistake; and what is kept of them for a resumed run is the same.
#include <boost/json.hpp>

#include "input.hpp"
#include "input/pipeline_check.hpp"
#include "input/runtime_config.hpp"
#include "input/stack_edit.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

using namespace orchestrator;

std::optional<std::string> environment(const std::string& name) {
  return name == "HOME" ? std::optional<std::string>("/home/me") : std::nullopt;
}

template <class F>
auto accepted(F&& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const BadInput& bad) {
    require(!bad.findings().empty(), "a refusal says what is wrong");
    for (const auto& finding : bad.findings()) {
      require(!finding.message.empty(), "a mistake has a message");
      require(finding.place.line >= 0 && finding.place.column >= 0, "a place is one");
    }
    return std::nullopt;
  }
}

// The journal, and the plugin, read what is written.
void check_kept(const boost::json::object& object) {
  boost::system::error_code error;
  boost::json::parse(boost::json::serialize(object), error);
  require(!error, "what is kept is JSON");
}

void check_template(const std::string& text) {
  const auto reading = read_template(text, environment);
  const auto written = to_json(reading.value);
  require(template_from_json(written) == reading.value, "a template that is kept is the same");
  Results results;
  for (const auto& part : reading.value.parts) {
    if (const auto* reference = std::get_if<ResultReference>(&part)) {
      require(read_template(to_text(*reference), environment).value.parts == Template{{*reference}}.parts,
              "a reference that is written is the same");
      results[reference->step] = boost::json::object{{"rows", 3}, {"names", {"a", "b"}}};
    }
  }
  render(reading.value, results);
  render(reading.value, {});
}

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  using namespace stepop::orchestrator;
  Input input(data, size);
  check_template(input.text());
  const auto document = accepted([&] { return parse_yaml("f.yaml", input.text()); });
  if (!document) return 0;
  static const Stack plain = read_stack(
      parse_yaml("stack.yaml", "name: s\nplugin_directories: [p]\nstep_operators: {here: {flavor: local}}\n"), "/tmp",
      environment);
  const auto stack = accepted([&] { return read_stack(*document, "/tmp", environment); });
  if (stack) {
    check_kept(to_json(*stack));
    require(to_json(stack_from_json(to_json(*stack))) == to_json(*stack), "a stack that is kept is the same");
  }
  // Whatever is written, an edit says what was meant, or nothing.
  const std::string text = input.text();
  accepted([&] {
    return edited_stack("f.yaml", text, {{{"step_operators", "new", "flavor"}, boost::json::value("local")}});
  });
  accepted([&] { return edited_stack("f.yaml", text, {{{"step_operators", "here"}, std::nullopt}}); });
  const auto config = accepted([&] { return read_runtime_config(*document, environment); });
  auto pipeline = accepted([&] { return read_pipeline(*document, environment); });
  if (pipeline) {
    require(!pipeline->steps.empty(), "a pipeline has a step");
    check_kept(to_json(*pipeline));
    require(to_json(pipeline_from_json(to_json(*pipeline))) == to_json(*pipeline),
            "a pipeline that is kept is the same");
    if (config) apply(*config, *pipeline);
    bind_to_stack(*pipeline, stack ? *stack : plain);
    check_pipeline(*pipeline, stack ? *stack : plain);
  }
  return 0;
}
