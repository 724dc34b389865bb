#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "kube/exec_plugin.hpp"

namespace stepop::kube {

/// Credentials, or a sentence that says why there are none. No secret in it.
using Fetched = std::variant<Credentials, std::string>;

/// Where credentials that end come from. Used on the thread of the io_context alone.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  /// Obtains them anew. One at a time. `done` is called once, from the io_context, and not after the
  /// source is gone.
  virtual void fetch(std::function<void(Fetched)> done) = 0;
};

std::unique_ptr<CredentialSource> make_exec_source(boost::asio::io_context& io, ExecPlugin plugin);

}  // namespace stepop::kube
