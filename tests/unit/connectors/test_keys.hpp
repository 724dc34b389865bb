// An RSA key and its certificate, made once for all tests of a process.
#pragma once

#include <string>

namespace stepop::connectors {

struct TestKey {
  std::string pem;
  std::string encrypted;  // with `password`
  std::string password = "open sesame";
  std::string certificate;
};
const TestKey& test_key();

}  // namespace stepop::connectors
