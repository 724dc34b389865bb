#include "input/core_schema.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace stepop::orchestrator {
namespace {

struct Case {
  std::string written;
  std::string json;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.written;
}

class PlainScalarTest : public testing::TestWithParam<Case> {};

TEST_P(PlainScalarTest, MeansWhatTheCoreSchemaSays) {
  const PlainScalar read = read_plain_scalar(GetParam().written);
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(boost::json::serialize(read.value), GetParam().json) << GetParam().written;
}

INSTANTIATE_TEST_SUITE_P(Scalars, PlainScalarTest,
                         testing::Values(Case{"", "null"}, Case{"~", "null"}, Case{"null", "null"},
                                         Case{"true", "true"}, Case{"FALSE", "false"}, Case{"no", R"("no")"},
                                         Case{"yes", R"("yes")"}, Case{"on", R"("on")"}, Case{"y", R"("y")"},
                                         Case{"0", "0"}, Case{"-7", "-7"}, Case{"+7", "7"}, Case{"0644", R"("0644")"},
                                         Case{"-017", R"("-017")"}, Case{"0o17", "15"}, Case{"0o8", R"("0o8")"},
                                         Case{"0xFf", "255"}, Case{"1e3", "1E3"}, Case{".5", "5E-1"}, Case{"1.", "1E0"},
                                         Case{"1.10", "1.1E0"}, Case{"1.2.3", R"("1.2.3")"},
                                         Case{"1_000", R"("1_000")"}, Case{"12:30", R"("12:30")"},
                                         Case{"2026-01-01", R"("2026-01-01")"}, Case{"500m", R"("500m")"},
                                         Case{"9223372036854775807", "9223372036854775807"},
                                         Case{"-9223372036854775808", "-9223372036854775808"},
                                         Case{"18446744073709551615", "18446744073709551615"}, Case{"e3", R"("e3")"},
                                         Case{"+", R"("+")"}, Case{".", R"(".")"}));

TEST(PlainScalar, RefusesAnIntegerBeyond64Bits) {
  EXPECT_EQ(read_plain_scalar("18446744073709551616").error, "this integer does not fit 64 bits");
}

TEST(PlainScalar, RefusesWhatJsonCannotSay) {
  EXPECT_EQ(read_plain_scalar("-.inf").error, "this number is not finite");
  EXPECT_EQ(read_plain_scalar(".NaN").error, "this number is not finite");
  EXPECT_EQ(read_plain_scalar("1e999").error, "this number does not fit a double");
}

}  // namespace
}  // namespace stepop::orchestrator
