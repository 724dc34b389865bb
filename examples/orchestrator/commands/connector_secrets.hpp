// Which of a service connector's attributes are secrets, and whether they stand where others may read them.
#pragma once

#include <boost/json/array.hpp>
#include <filesystem>
#include <stepop/host_connectors.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "input/stack_file.hpp"

namespace stepop::orchestrator {

// The attributes of a method as the plugin describes them; empty for a type or a method that it does not know, of which
// it complains itself.
boost::json::array attributes_of(const host::Connectors&, const std::string& type, const std::string& method);

bool is_secret(const boost::json::array& attributes, std::string_view name);

// A secret that stands plainly in a stack file which others may read is worth a word on stderr.
void warn_of_plain_secrets(const std::filesystem::path& stack_file, const ServiceConnectorEntry&,
                           const boost::json::array& attributes);
// The same of each connector behind these step operators.
void warn_of_plain_secrets(const Stack&, const std::vector<std::string>& step_operators, const host::PluginDirectory&);

}  // namespace stepop::orchestrator
