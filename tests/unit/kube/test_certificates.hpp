#pragma once

#include <string>

namespace stepop::kube::test {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

/// A fresh self-signed authority.
KeyPair make_authority(const std::string& name);

/// A certificate by an authority. `san` is as in openssl.cnf: `DNS:localhost,IP:127.0.0.1`; may be
/// empty. Valid from `from` to `until` seconds from now.
KeyPair make_certificate(const KeyPair& authority, const std::string& name, const std::string& san, long from = -60,
                         long until = 3600);

}  // namespace stepop::kube::test
