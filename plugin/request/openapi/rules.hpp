// What the OpenAPI document does not say: which texts a field takes, and which fields go together.
// Each rule is of Kubernetes' own validation (pkg/apis/core/validation); only such as are the same
// in every supported version are here. The API server judges the rest.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "request/openapi/table.hpp"
#include "request/reader.hpp"
#include "request/rule.hpp"

namespace stepop::request::openapi {

// Each: null when there is none.
const Rule* rule_of(const Type&, const Field&);                         // of a text, or of a map's values
const Rule* key_rule_of(const Type&, const Field&);                     // of a map's keys
const std::vector<std::string>* choices_of(const Type&, const Field&);  // the texts that a text may be

std::size_t count_of_rules();  // of these three, for a test that each is of a field that there is

struct Range {
  std::int64_t least;
  std::int64_t most;
};
Range range_of(const Type&, const Field&);  // of an integer

// Whether errors keep silent about what a text holds: it may be a secret.
bool is_private(const Type&, const Field&);

// Rules over several fields of an object that has read without a mistake (in camelCase).
void check_object(const Type&, const json::object&, const Reader&);

}  // namespace stepop::request::openapi
