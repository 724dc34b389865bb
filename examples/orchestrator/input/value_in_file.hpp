// A value that stays where it is written: the journal has its place, and whoever needs it reads the file again.
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <string>

#include "input/reference.hpp"

namespace stepop::orchestrator {

// {"$file": "/home/me/p.yaml", "$path": "steps.train.secrets.TOKEN"}
boost::json::value place_of_value(const std::filesystem::path& file, const std::string& path);
bool is_place_of_value(const boost::json::value&);
std::string file_of_place(const boost::json::value&);
std::string path_of_place(const boost::json::value&);

// The string that stands there now, as it is written. An error does not say what stands there.
ReferenceValue value_in_file(const boost::json::value& place);  // REQUIRES: is_place_of_value

}  // namespace stepop::orchestrator
