#include "connectors/expiry.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <memory>

#include "connectors/encoding.hpp"

namespace stepop::connectors {
namespace json = boost::json;
namespace {

// Without one OpenSSL would ask for it on the terminal of the host.
int no_password(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::optional<Time> end_of_certificate(std::string_view pem) {
  if (pem.empty()) return std::nullopt;
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr), X509_free);
  ERR_clear_error();  // what it left would be taken for an error of the next who asks
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> epoch(ASN1_TIME_set(nullptr, 0), ASN1_TIME_free);
  int days = 0, seconds = 0;
  if (!certificate || !epoch ||
      ASN1_TIME_diff(&days, &seconds, epoch.get(), X509_get0_notAfter(certificate.get())) != 1)
    return std::nullopt;
  return Time{std::chrono::hours{24} * days + std::chrono::seconds{seconds}};
}

std::optional<Time> end_of_token(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  boost::system::error_code problem;
  const json::value claims =
      json::parse(from_base64(token.substr(first + 1, second - first - 1)).value_or(""), problem);
  if (problem || !claims.is_object()) return std::nullopt;
  const json::value* exp = claims.get_object().if_contains("exp");
  if (exp == nullptr || !exp->is_number()) return std::nullopt;
  // A number that no clock can hold says nothing.
  constexpr double most = 1e11;
  const double seconds = exp->to_number<double>();
  if (!(seconds > 0 && seconds < most)) return std::nullopt;
  return Time{std::chrono::seconds{static_cast<long long>(seconds)}};
}

std::optional<Time> earlier(std::optional<Time> one, std::optional<Time> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

std::optional<Time> end_of(const kube::ClusterAccess& access) {
  return earlier(end_of_token(access.token), end_of_certificate(access.client_certificate_pem));
}

}  // namespace stepop::connectors
