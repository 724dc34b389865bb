// Times and quantities.
#include "input.hpp"
#include "kube/timestamp.hpp"
#include "request/quantity.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

void check_time(std::string_view text) {
  const auto time = kube::parse_rfc3339(text);
  if (!time) return;
  const auto written = kube::format_rfc3339(*time);
  const auto year = std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*time)}.year();
  // A zone may carry the first and the last day beyond four digits.
  if (year < std::chrono::year{0} || year > std::chrono::year{9999}) return;
  require(kube::parse_rfc3339(written) == time, "a time that is written is read as the same");
}

void check_http_date(std::string_view text) {
  if (const auto time = kube::parse_http_date(text)) {
    require(time->time_since_epoch() % std::chrono::seconds{1} == std::chrono::microseconds{0}, "whole seconds");
  }
}

void check_quantity(std::string_view text) {
  const auto quantity = request::parse_quantity(text);
  if (!quantity) {
    const auto probable = request::probable_quantity(text);
    require(probable.empty() || request::parse_quantity(probable), "what was probably meant is a quantity");
    return;
  }
  require(quantity->text == text, "it goes to the cluster as it was written");
  require(quantity->billionths < 1'000'000'000, "billionths are less than one");
  const auto canonical = quantity->canonical();
  const auto again = request::parse_quantity(canonical);
  // A whole of 19 digits with billionths is more than a quantity may be written with.
  require(again || !quantity->is_integer(), "the normal form of an integer is a quantity");
  if (!again) return;
  require(*again == *quantity, "its normal form is the same amount");
  require(again->canonical() == canonical, "its normal form is the normal form of itself");
}

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_time(text);
  check_http_date(text);
  check_quantity(text);
  return 0;
}
