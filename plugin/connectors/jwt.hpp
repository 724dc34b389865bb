// Private keys, and JSON Web Tokens signed with them (RFC 7515, 7518, 7519). Pure, but for PS256's salt.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace stepop::connectors {

namespace json = boost::json;

// An RSA key. Copies share it.
class PrivateKey {
 public:
  // Throws plugin::Error (INVALID) at `path`: no PEM, cut in half, the password wrong or missing, another kind of key.
  // Nothing of the key or the password is in it.
  static PrivateKey read(std::string_view pem, const std::string& password, const std::string& path);

  enum class Algorithm { RS256, PS256 };
  // `header` is completed with "alg".
  std::string signed_token(json::object header, const json::object& claims, Algorithm) const;

 private:
  explicit PrivateKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;  // EVP_PKEY
};

// SHA-256 of the first certificate's DER, which names it ("x5t#S256"). Throws as PrivateKey::read.
std::string certificate_thumbprint(std::string_view pem, const std::string& path);

}  // namespace stepop::connectors
