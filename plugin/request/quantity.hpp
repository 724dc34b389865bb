// An amount of a resource, by the rules of Kubernetes ("Kubernetes API Reference: Quantity").
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stepop::request {

// Never negative: every quantity that a step asks for is an amount.
struct Quantity {
  std::string text;  // as it was written; this goes to the cluster
  std::uint64_t whole = 0;
  std::uint32_t billionths = 0;  // what is finer is rounded up, as Kubernetes does

  bool is_integer() const { return billionths == 0; }
  // One text for equal amounts: "1Gi" and "1024Mi" have the same.
  std::string canonical() const;

  // By amount, not by text.
  friend bool operator==(const Quantity& a, const Quantity& b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    if (const auto order = a.whole <=> b.whole; order != 0) return order;
    return a.billionths <=> b.billionths;
  }
};

// Nothing when it is not a quantity, is negative, or is more than 2^63 - 1 (the most that
// Kubernetes holds).
std::optional<Quantity> parse_quantity(std::string_view text);

// What was probably meant by a text that is no quantity: "4G" for "4 GB". Empty when there is no
// guess.
std::string probable_quantity(std::string_view text);

}  // namespace stepop::request
