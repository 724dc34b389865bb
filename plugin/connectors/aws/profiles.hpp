// AWS's shared config and credentials files ("Configuration and credential file settings", AWS CLI user guide). Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::connectors::aws {

using Profile = std::map<std::string, std::string>;
using Profiles = std::map<std::string, Profile>;

// `config`: its sections are [default] and [profile NAME]; those of a credentials file are [NAME]. A line that is none is
// skipped, as AWS's own libraries read them; indented lines below `key =` are that key's own settings, which nobody here needs.
Profiles read_profiles(std::string_view text, bool config);

// What both say; the credentials file wins key by key.
Profiles merged(Profiles config, const Profiles& credentials);

}  // namespace stepop::connectors::aws
