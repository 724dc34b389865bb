#include "kube/http.hpp"

namespace stepop::kube {

std::string_view method_name(Method method) noexcept {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Patch:
      return "PATCH";
    case Method::Delete:
      return "DELETE";
  }
  return "GET";
}

std::string_view kind_name(TransportError::Kind kind) noexcept {
  using Kind = TransportError::Kind;
  switch (kind) {
    case Kind::Resolve:
      return "Resolve";
    case Kind::Connect:
      return "Connect";
    case Kind::Tls:
      return "Tls";
    case Kind::Timeout:
      return "Timeout";
    case Kind::Reset:
      return "Reset";
    case Kind::Protocol:
      return "Protocol";
    case Kind::TooLarge:
      return "TooLarge";
    case Kind::Credentials:
      return "Credentials";
    case Kind::Cancelled:
      return "Cancelled";
  }
  return "Reset";
}

}  // namespace stepop::kube
