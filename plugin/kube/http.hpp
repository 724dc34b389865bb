#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace stepop::kube {

enum class Method { Get, Post, Put, Patch, Delete };

/// "GET", "POST", …
std::string_view method_name(Method method) noexcept;

/// One HTTP request to the API server. Authentication, Host and User-Agent are the client's.
struct Request {
  Method method = Method::Get;
  /// Path and query, e.g. `/api/v1/namespaces/dev/pods?limit=1`; see targets.hpp. The path
  /// prefix of the server's URL, if any, is put in front by the client.
  std::string target{};
  std::string body{};
  /// Of the body. A PATCH needs `application/merge-patch+json` or its like.
  std::string content_type = "application/json";
  /// Beside those that the client writes; an Accept wins over the client's.
  std::vector<std::pair<std::string, std::string>> headers{};
  /// Of a call: from call() to the whole answer, waiting for a connection included.
  /// Of a stream: from stream() to the head of the answer. Zero: ClientOptions::call_timeout.
  std::chrono::milliseconds timeout{0};
  /// Longest body to accept (of a stream: of an error answer). Zero: ClientOptions'.
  std::size_t max_response_bytes = 0;
};

/// An answer of any status: that a server said 500 is a Response, not a TransportError.
struct Response {
  int status = 0;
  std::string body{};
  std::string content_type{};
  /// Retry-After, when given in seconds or as a date.
  std::optional<std::chrono::seconds> retry_after{};
  /// The Date header as it came (IMF-fixdate); empty when absent.
  std::string date{};
  /// Texts of the `Warning: 299` headers: what the API server wants its user to know.
  std::vector<std::string> warnings{};
  /// X-Kubernetes-Pf-Prioritylevel-Uid etc. are not kept; the audit id is, for bug reports.
  std::string audit_id{};
};

/// Why there is no answer.
struct TransportError {
  enum class Kind {
    Resolve,      ///< the host name has no address
    Connect,      ///< no address accepts connections
    Tls,          ///< the handshake or the verification of the server failed
    Timeout,      ///< no (whole) answer in time
    Reset,        ///< the connection ended before the whole answer had come
    Protocol,     ///< what came is not HTTP, or not a whole answer
    TooLarge,     ///< the body is longer than allowed
    Credentials,  ///< our own credentials could not be read (e.g. the token file)
    Cancelled,    ///< Client::abort_all()
  };
  Kind kind = Kind::Reset;
  /// False only when it is certain that the server never had the whole request, so that it
  /// cannot have acted on it. True means: the outcome is unknown.
  bool may_have_reached_server = false;
  /// A sentence for people, naming the server. Never holds a secret.
  std::string message{};
};

/// "Resolve", "Connect", …
std::string_view kind_name(TransportError::Kind kind) noexcept;

using Outcome = std::variant<Response, TransportError>;

}  // namespace stepop::kube
