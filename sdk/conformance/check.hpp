// A check: one rule of stepop.h, in the header's own words, and the code that sees whether a plugin keeps it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace stepop::conformance {

namespace json = boost::json;

// What is tested: a library, and what its operators and steps are made of.
struct Subject {
  std::string file;  // absolute
  std::string flavor;
  json::object config;
  // Requests without their step_run_id: of a step that ends well, of one that fails, and of one that runs until it is
  // cancelled.
  json::object good;
  json::object failing;
  json::object endless;
  // How long a step may take to get where it is expected. A check as a whole has twice as long.
  std::chrono::milliseconds patience{};

  // A request with an id that no step has had.
  json::object step(const json::object& request) const;
};

struct Check {
  std::string_view name;  // "cancel.running"
  std::string_view says;  // of stepop.h, word by word but for line breaks
  void (*run)(const Subject&);
};

std::vector<Check> arguments_checks();
std::vector<Check> cancelling_checks();
std::vector<Check> ending_checks();
std::vector<Check> events_checks();
std::vector<Check> loading_checks();
std::vector<Check> logs_checks();
std::vector<Check> process_checks();
std::vector<Check> schemas_checks();
std::vector<Check> taking_over_checks();
std::vector<Check> waiting_checks();

// All of them, in the order of the table.
std::vector<Check> all_checks();

std::string id_of(const json::object& request);

}  // namespace stepop::conformance
