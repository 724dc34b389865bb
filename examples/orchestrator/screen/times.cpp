#include "screen/times.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace stepop::orchestrator {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

std::string local(std::int64_t us, const char* format) {
  const std::time_t seconds = static_cast<std::time_t>(us / kSecond);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

std::string two(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

}  // namespace

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::string rfc3339(std::int64_t us) {
  const std::time_t seconds = static_cast<std::time_t>(us / kSecond);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(us % kSecond));
  return std::string(text.data()) + fraction.data();
}

std::string clock_time(std::int64_t us) {
  return local(us, "%H:%M:%S");
}
std::string date_time(std::int64_t us) {
  return local(us, "%Y-%m-%d %H:%M:%S");
}

std::string duration(std::int64_t us) {
  us = std::max<std::int64_t>(us, 0);
  const std::int64_t seconds = us / kSecond;
  if (seconds < 10) return std::to_string(seconds) + "." + std::to_string(us % kSecond / (kSecond / 10)) + "s";
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m" + two(seconds % 60) + "s";
  if (seconds < 86400) return std::to_string(seconds / 3600) + "h" + two(seconds % 3600 / 60) + "m";
  return std::to_string(seconds / 86400) + "d" + two(seconds % 86400 / 3600) + "h";
}

}  // namespace stepop::orchestrator
