// stepop-conformance PLUGIN.so: checks a step-operator plugin against the contract of stepop.h.
#include <CLI/CLI.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "host.hpp"
#include "isolation.hpp"
#include "table.hpp"

namespace {

using namespace stepop::conformance;

constexpr const char* description =
    R"(Loads a step-operator plugin and checks that it keeps the contract of stepop.h.
Each check runs in a process of its own, so a plugin that crashes or hangs loses a row, not the table.

The steps are made of --request, and each gets an id of its own. Where --failing and --endless are not given, they
are --request with another "command": ["sh","-c",…], as the flavors `local` and `kubernetes` have it.
A flavor whose configuration has an "owner" gets one that nobody else has, unless --config names one. Steps are
cancelled and forgotten when their check is over; what a broken plugin leaves is looked for at the end.

Exit status: 0 all that the plugin has held, 1 something did not, 2 bad input.)";

constexpr const char* footer = R"(
  stepop-conformance plugins/libstepop_local.so
  stepop-conformance plugins/libstepop_kubernetes.so --config '{"kubernetes_context":"kind"}' \
      --request '{"image":"busybox:1.36"}')";

// Three lines, a result, and an end that is good.
constexpr const char* good_script =
    "echo one; echo two; echo three; test -z \"$STEPOP_RESULT_PATH\" || echo 42 >\"$STEPOP_RESULT_PATH\"";
constexpr const char* failing_script = "echo something is wrong; exit 3";
constexpr const char* endless_script = "echo begun; exec sleep 100000";

struct BadInput : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An argument that is a JSON object, or a file that holds one.
json::object object_of(const std::string& option, std::string text) {
  if (text.find_first_not_of(" \t\n") == text.npos || text[text.find_first_not_of(" \t\n")] != '{') {
    std::ifstream file(text, std::ios::binary);
    if (!file) throw BadInput(option + ": \"" + text + "\" is neither a JSON object nor a file that can be read");
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  json::error_code wrong;
  json::value value = json::parse(text, wrong);
  if (wrong) throw BadInput(option + ": not JSON: " + wrong.message());
  if (!value.is_object()) throw BadInput(option + ": expected a JSON object");
  if (value.get_object().contains("step_run_id"))
    throw BadInput(option + ".step_run_id: each step gets an id of its own: leave it out");
  return std::move(value.get_object());
}

json::object with_script(json::object request, const char* script) {
  request["command"] = json::array{"sh", "-c", script};
  return request;
}

// Its first flavor, and whether that is opened with an "owner".
void what_it_is(const Subject& subject) {
  const Library library(subject);
  Subject chosen = subject;
  if (chosen.flavor.empty())
    chosen.flavor = std::string(library.describe().at("flavors").as_array().at(0).at("name").as_string());
  const json::object flavor = library.flavor(chosen);
  const json::value* properties = flavor.at("config_schema").as_object().if_contains("properties");
  const bool owner = properties != nullptr && properties->is_object() && properties->get_object().contains("owner");
  answered(json::serialize(json::object{{"flavor", chosen.flavor}, {"owner", owner}}));
}

// Ends and forgets what an owner has left.
void sweep(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  std::uint64_t ticket = 0;
  if (!op.attach("{}", 1, &ticket).ok()) broken("attach");
  op.until("ATTACHED", [&](const Event& e) { return e.kind == STEPOP_EVENT_ATTACHED && e.ticket == ticket; });
  for (const Event& event : op.seen())
    if (event.is_state()) op.clean_up(event.step_run_id);
}

struct Options {
  std::string plugin, flavor, config = "{}", request = "{}", failing, endless, only, output = "table";
  unsigned at_once = 4, seconds = 60;
  bool list = false;
};

Subject subject_of(const Options& options) {
  Subject subject;
  std::error_code none;
  const auto file = std::filesystem::canonical(options.plugin, none);
  if (none) throw BadInput(options.plugin + ": " + none.message());
  subject.file = file.string();
  subject.flavor = options.flavor;
  subject.config = object_of("--config", options.config);
  const json::object request = object_of("--request", options.request);
  subject.good = request.contains("command") ? request : with_script(request, good_script);
  subject.failing =
      options.failing.empty() ? with_script(request, failing_script) : object_of("--failing", options.failing);
  subject.endless =
      options.endless.empty() ? with_script(request, endless_script) : object_of("--endless", options.endless);
  subject.patience = std::chrono::seconds(options.seconds);

  const std::string told = ask(what_it_is, subject);
  if (!told.empty()) {
    const json::value answer = json::parse(told);
    subject.flavor = std::string(answer.at("flavor").as_string());
    if (answer.at("owner").as_bool() && !subject.config.contains("owner"))
      subject.config["owner"] = "conformance-" + to_string(boost::uuids::random_generator()()).substr(0, 8);
  }
  return subject;
}

int run(const Options& options) {
  std::vector<Check> checks;
  for (const Check& check : all_checks())
    if (check.name.find(options.only) != check.name.npos) checks.push_back(check);
  if (checks.empty()) throw BadInput("--only: no check's name holds \"" + options.only + "\"; see --list");
  if (options.list) {
    for (const Check& check : checks) std::cout << check.name << "\n    " << check.says << "\n";
    return 0;
  }
  if (options.plugin.empty()) throw BadInput("PLUGIN.so: say which library to check");
  const Subject subject = subject_of(options);
  const bool table = options.output == "table";
  const std::vector<Row> rows = run_isolated(checks, subject, options.at_once, [&](const Row& row) {
    if (table) print_row(std::cout, row);
  });
  const bool all_held = std::all_of(rows.begin(), rows.end(), [](const Row& row) {
    return row.outcome == Outcome::held || row.outcome == Outcome::unsupported;
  });
  if (!all_held && !subject.flavor.empty()) {
    const auto swept = run_isolated({Check{"", "", sweep}}, subject, 1, [](const Row&) {});
    if (swept.front().outcome != Outcome::held)
      std::cerr << "steps of this run may be left (" << swept.front().seen << "): their owner is "
                << json::serialize(subject.config.contains("owner") ? subject.config.at("owner")
                                                                    : json::value("unknown"))
                << "\n";
  }
  if (table)
    std::cout << summary(rows) << "\n";
  else
    std::cout << json::serialize(to_json(rows)) << "\n";
  return all_held ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(description, "stepop-conformance");
  app.footer(std::string("Examples:") + footer);
  app.add_option("PLUGIN.so", options.plugin, "the library");
  app.add_option("--flavor", options.flavor, "the flavor to open (its first)");
  app.add_option("--config", options.config, "its configuration: a JSON object, or a file that holds one");
  app.add_option("--request", options.request, "a request of a step that ends well, without step_run_id");
  app.add_option("--failing", options.failing, "a request of a step that fails");
  app.add_option("--endless", options.endless, "a request of a step that runs until it is cancelled");
  app.add_option("--only", options.only, "only checks whose name holds this");
  app.add_option("--at-once", options.at_once, "how many checks run at a time (4)")->check(CLI::Range(1, 64));
  app.add_option("--seconds", options.seconds,
                 "how long a step may take to start or to end (60); a check has twice as long")
      ->check(CLI::Range(1, 3600));
  app.add_option("-o,--output", options.output, "table, or json")->check(CLI::IsMember({"table", "json"}));
  app.add_flag("--list", options.list, "what is checked, and the sentences of stepop.h");
  try {
    app.parse(argc, argv);
    return run(options);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  } catch (const BadInput& wrong) {
    std::cerr << "stepop-conformance: " << wrong.what() << "\n";
    return 2;
  }
}
