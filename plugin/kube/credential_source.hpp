#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "kube/cluster_access.hpp"
#include "kube/exec_plugin.hpp"

namespace stepop::kube {

/// The whole way to a cluster, of a source that knows where it is, too. It takes the place of what the client had.
struct FreshAccess {
  ClusterAccess access{};
  /// When its credentials end, by the clock of whoever made them; nothing: nobody knows.
  std::optional<std::chrono::system_clock::time_point> expires_at{};
  /// What that clock shows now, where it is known to be another one than ours.
  std::optional<std::chrono::system_clock::time_point> their_time{};
};

/// Credentials, or a sentence that says why there are none. No secret in it.
using Fetched = std::variant<Credentials, FreshAccess, std::string>;

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
