#pragma once

#include <string>

namespace stepop::kube {

/// The parts of a cluster's URL that a connection needs. Internal to the room.
struct ServerUrl {
  bool tls = true;
  /// Without brackets.
  std::string host;
  bool host_is_ip = false;
  std::string port;
  /// Path in front of every target, without a slash at the end; mostly empty.
  std::string prefix;
  /// Value of the Host header.
  std::string host_header;
  /// `https://host:port`, for messages.
  std::string display;
};

/// Throws ConfigError.
ServerUrl parse_server_url(const std::string& url);

}  // namespace stepop::kube
