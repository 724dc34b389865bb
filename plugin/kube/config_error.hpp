#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace stepop::kube {

/// One mistake in what describes a cluster: where it is, what is there, what should be there.
///
/// `what()` is the whole sentence. No field ever holds a secret.
class ConfigError : public std::runtime_error {
 public:
  ConfigError(std::string path, std::string found, std::string expected, std::string hint = {});

  /// Where in the input, e.g. `/home/me/.kube/config: contexts[2].context.cluster`.
  const std::string& path() const noexcept { return path_; }
  /// What is there, e.g. `"prd"`.
  const std::string& found() const noexcept { return found_; }
  /// What should be there, e.g. `the name of a cluster (dev, prod)`.
  const std::string& expected() const noexcept { return expected_; }
  /// What to try, e.g. `did you mean "prod"?`; may be empty.
  const std::string& hint() const noexcept { return hint_; }

 private:
  std::string path_;
  std::string found_;
  std::string expected_;
  std::string hint_;
};

}  // namespace stepop::kube
