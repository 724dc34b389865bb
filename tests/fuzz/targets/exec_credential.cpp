// What a credential plugin prints, and what it writes for people: credentials that fit in a request, or a sentence; and
// of its secrets nothing in any sentence.
#include <algorithm>
#include <stdexcept>

#include "input.hpp"
#include "kube/exec_plugin.hpp"
#include "require.hpp"

namespace {

using namespace stepop;
using fuzz::require;

constexpr const char* secret = "a-secret-of-the-kubeconfig";

kube::ExecPlugin plugin() {
  kube::ExecPlugin out;
  out.command = "login";
  out.api_version = kube::exec_v1;
  out.environment = {std::string("LOGIN_SECRET=") + secret};
  out.added_names = {"LOGIN_SECRET"};
  return out;
}

void check_printed(const std::string& text) {
  kube::Credentials credentials;
  try {
    credentials = kube::read_exec_credential(plugin(), text);
  } catch (const std::runtime_error& problem) {
    const std::string said = problem.what();
    require(!said.empty() && said.size() < 200, "a problem is a sentence");
    return;
  }
  require(!credentials.token.empty() || !credentials.client_key_pem.empty(), "credentials hold something");
  require(credentials.client_certificate_pem.empty() == credentials.client_key_pem.empty(),
          "a certificate comes with its key");
  require(std::all_of(credentials.token.begin(), credentials.token.end(), [](char c) { return c > ' ' && c < 0x7f; }),
          "a token fits in a header");
}

void check_written(const std::string& text) {
  const std::string said = kube::exec_stderr(plugin(), text);
  require(said.size() <= 700, "what is kept of it is short");
  require(std::none_of(said.begin(), said.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
          "it is one line");
  require(said.find(secret) == std::string::npos, "a secret of the kubeconfig is hidden");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  stepop::fuzz::Input input(data, size);
  check_printed(input.text());
  check_written(input.text());
  check_written(input.text() + secret + input.text());
  return 0;
}
