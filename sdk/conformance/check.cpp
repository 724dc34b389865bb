#include "check.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace stepop::conformance {

json::object Subject::step(const json::object& request) const {
  json::object made = request;
  made["step_run_id"] = "conformance/" + to_string(boost::uuids::random_generator()());
  return made;
}

std::string id_of(const json::object& request) {
  return std::string(request.at("step_run_id").as_string());
}

std::vector<Check> all_checks() {
  std::vector<Check> all;
  for (const auto& of_a_theme :
       {loading_checks(), schemas_checks(), arguments_checks(), events_checks(), waiting_checks(), cancelling_checks(),
        logs_checks(), taking_over_checks(), ending_checks(), process_checks()})
    all.insert(all.end(), of_a_theme.begin(), of_a_theme.end());
  return all;
}

}  // namespace stepop::conformance
