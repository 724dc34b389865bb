#include "request/quantity.hpp"

#include <gtest/gtest.h>

namespace stepop::request {
namespace {

struct Amount {
  const char* text;
  std::uint64_t whole;
  std::uint32_t billionths;
};

TEST(QuantityText, IsReadAsKubernetesReadsIt) {
  for (const Amount& amount : {
           Amount{"0", 0, 0},
           Amount{"-0", 0, 0},
           Amount{"00", 0, 0},
           Amount{"2", 2, 0},
           Amount{"+2", 2, 0},
           Amount{"0002", 2, 0},
           Amount{"0.5", 0, 500'000'000},
           Amount{".5", 0, 500'000'000},
           Amount{"5.", 5, 0},
           Amount{"1.G", 1'000'000'000, 0},
           Amount{"500m", 0, 500'000'000},
           Amount{"1500m", 1, 500'000'000},
           Amount{"3u", 0, 3'000},
           Amount{"3n", 0, 3},
           Amount{"2k", 2'000, 0},
           Amount{"2M", 2'000'000, 0},
           Amount{"2G", 2'000'000'000, 0},
           Amount{"2T", 2'000'000'000'000, 0},
           Amount{"2P", 2'000'000'000'000'000, 0},
           Amount{"2E", 2'000'000'000'000'000'000, 0},
           Amount{"2Ki", 2'048, 0},
           Amount{"2Mi", 2'097'152, 0},
           Amount{"1.5Gi", 1'610'612'736, 0},
           Amount{"2Ti", 2'199'023'255'552, 0},
           Amount{"2Pi", 2'251'799'813'685'248, 0},
           Amount{"7Ei", 8'070'450'532'247'928'832, 0},
           Amount{"0.1Ki", 102, 400'000'000},
           Amount{"12e3", 12'000, 0},
           Amount{"12E3", 12'000, 0},
           Amount{"12e+3", 12'000, 0},
           Amount{"12e-3", 0, 12'000'000},
           Amount{"9223372036854775807", 9'223'372'036'854'775'807u, 0},
           Amount{"1000000000000000000000000e-20", 10'000, 0},
       }) {
    const auto quantity = parse_quantity(amount.text);
    ASSERT_TRUE(quantity) << amount.text;
    EXPECT_EQ(quantity->whole, amount.whole) << amount.text;
    EXPECT_EQ(quantity->billionths, amount.billionths) << amount.text;
    EXPECT_EQ(quantity->text, amount.text);
  }
}

TEST(QuantityText, FinerThanABillionthIsRoundedUp) {
  EXPECT_EQ(parse_quantity("0.0000000001")->billionths, 1u);
  EXPECT_EQ(parse_quantity("1.0000000001")->billionths, 1u);
  EXPECT_EQ(parse_quantity("1e-30")->billionths, 1u);
  const auto up_to_one = parse_quantity("0.9999999999");
  EXPECT_EQ(up_to_one->whole, 1u);
  EXPECT_EQ(up_to_one->billionths, 0u);
}

TEST(QuantityText, IsRefusedWhenItIsNone) {
  for (const char* text : {"",
                           " ",
                           "x",
                           "-1",
                           "-0.5",
                           "4 GB",
                           "4GB",
                           "4gi",
                           "4 Gi",
                           " 4",
                           "4 ",
                           "1,5",
                           "1.2.3",
                           "1e",
                           "1e+",
                           "e3",
                           "Gi",
                           ".",
                           "+",
                           "--1",
                           "+-1",
                           "1e3Gi",
                           "1Zi",
                           "0x10",
                           "1_000",
                           "1e-",
                           "1e++3",
                           "nan",
                           "1e1.5",
                           "9223372036854775808",
                           "8Ei",
                           "10E",
                           "1e19",
                           "1e400",
                           "1e99999999999",
                           "12345678901234567890123"}) {
    EXPECT_FALSE(parse_quantity(text)) << '"' << text << '"';
  }
}

TEST(QuantityText, WithANulInsideIsRefused) {
  EXPECT_FALSE(parse_quantity(std::string_view("1\0", 2)));
}

TEST(Quantities, AreComparedByAmount) {
  EXPECT_EQ(*parse_quantity("1Gi"), *parse_quantity("1024Mi"));
  EXPECT_EQ(*parse_quantity("1"), *parse_quantity("1000m"));
  EXPECT_LT(*parse_quantity("999m"), *parse_quantity("1"));
  EXPECT_GT(*parse_quantity("1Gi"), *parse_quantity("1G"));
  EXPECT_LT(*parse_quantity("1100m"), *parse_quantity("1.2"));
}

TEST(Quantities, OfOneAmountHaveOneCanonicalText) {
  EXPECT_EQ(parse_quantity("1024Mi")->canonical(), "1073741824");
  EXPECT_EQ(parse_quantity("1Gi")->canonical(), "1073741824");
  EXPECT_EQ(parse_quantity("500m")->canonical(), "0.5");
  EXPECT_EQ(parse_quantity("0.50")->canonical(), "0.5");
  EXPECT_EQ(parse_quantity("1n")->canonical(), "0.000000001");
  EXPECT_EQ(parse_quantity("0m")->canonical(), "0");
}

TEST(ProbableQuantity, GuessesTheUnitThatWasMeant) {
  EXPECT_EQ(probable_quantity("4 GB"), "4G");
  EXPECT_EQ(probable_quantity("512MiB"), "512Mi");
  EXPECT_EQ(probable_quantity("4gi"), "4Gi");
  EXPECT_EQ(probable_quantity("2K"), "2k");
  EXPECT_EQ(probable_quantity("1_000"), "1000");
}

TEST(ProbableQuantity, DoesNotGuessWhereItCannotKnow) {
  for (const char* text : {"", "a lot", "1,5", "-4Gi", "1Zi", "1e", "B"}) {
    EXPECT_EQ(probable_quantity(text), "") << text;
  }
}

}  // namespace
}  // namespace stepop::request
