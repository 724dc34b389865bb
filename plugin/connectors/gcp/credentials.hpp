// From Google's credentials, given or found, to an access token.
#pragma once

#include <string>

#include "connectors/gcp/token.hpp"

namespace stepop::connectors::gcp {

// A credentials file's JSON, which may be base64 encoded. Throws plugin::Error (INVALID) at `path`; never quotes it.
json::object read_file_text(const std::string& text, const std::string& path);

// What a credentials file of any type gives: authorized_user, service_account, external_account,
// impersonated_service_account. Checks it first, so that nothing is asked with half a file.
Token token_of_file(const Surroundings&, const json::object& file, const std::string& path);

// Application default credentials: $GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, the metadata server.
Token default_token(const Surroundings&);

// The token of `account`, for whoever `source` is.
Token impersonate(const Surroundings&, const std::string& url, const std::string& account, const Token& source,
                  int seconds, const json::array& delegates = {});

}  // namespace stepop::connectors::gcp
