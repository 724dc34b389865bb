#include "manifest/canonical.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <stdexcept>

#include "manifest/sha256.hpp"

namespace stepop::manifest {
namespace {

TEST(Canonical, WritesEachKindWithItsLength) {
  EXPECT_EQ(canonical(json::parse(R"({"a": [null, true, false, -3, "x", ""], "bb": {}})")),
            "o2:1:al6:ntfi-3;s1:xs0:2:bbo0:");
}

TEST(Canonical, DoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(canonical(json::parse(R"({"a": 1, "b": {"c": 2, "d": 3}})")),
            canonical(json::parse(R"({"b": {"d": 3, "c": 2}, "a": 1})")));
}

TEST(Canonical, DependsOnTheOrderOfAList) {
  EXPECT_NE(canonical(json::parse("[1,2]")), canonical(json::parse("[2,1]")));
}

TEST(Canonical, NeverWritesTwoValuesAlike) {
  EXPECT_NE(canonical(json::parse(R"(["a","b"])")), canonical(json::parse(R"(["a,b"])")));
  EXPECT_NE(canonical(json::parse(R"(["as1:b"])")), canonical(json::parse(R"(["a","b"])")));
  EXPECT_NE(canonical(json::parse(R"([[],1])")), canonical(json::parse(R"([[1]])")));
  EXPECT_NE(canonical(json::parse(R"({"a":"b"})")), canonical(json::parse(R"(["a","b"])")));
  EXPECT_NE(canonical(json::parse("1")), canonical(json::parse("\"1\"")));
}

TEST(Canonical, IsTheSameForSignedAndUnsignedIntegers) {
  EXPECT_EQ(canonical(json::value(std::int64_t{5})), canonical(json::value(std::uint64_t{5})));
}

TEST(Canonical, HasNoFractions) {
  EXPECT_THROW(canonical(json::value(0.5)), std::logic_error);
}

TEST(Sha256, IsOpenSslsOfTheStandardsExample) {
  EXPECT_EQ(hex(sha256("abc"), 32), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Base32, WritesEightyBitsByRfc4648InLowerCase) {
  Sha256 hash{};
  EXPECT_EQ(base32_of_80_bits(hash), "aaaaaaaaaaaaaaaa");
  hash.fill(0xFF);
  EXPECT_EQ(base32_of_80_bits(hash), "7777777777777777");
  const std::string_view foobar = "foobarfoob";
  std::copy(foobar.begin(), foobar.end(), hash.begin());
  EXPECT_EQ(base32_of_80_bits(hash), "mzxw6ytbojtg633c");
}

}  // namespace
}  // namespace stepop::manifest
