#include "kube/config_error.hpp"

namespace stepop::kube {

namespace {

std::string sentence(const std::string& path, const std::string& found, const std::string& expected,
                     const std::string& hint) {
  std::string text = path.empty() ? std::string("cluster access") : path;
  text += ": found " + found + ", expected " + expected;
  if (!hint.empty()) text += "; " + hint;
  return text;
}

}  // namespace

ConfigError::ConfigError(std::string path, std::string found, std::string expected, std::string hint)
    : std::runtime_error(sentence(path, found, expected, hint)),
      path_(std::move(path)),
      found_(std::move(found)),
      expected_(std::move(expected)),
      hint_(std::move(hint)) {}

}  // namespace stepop::kube
