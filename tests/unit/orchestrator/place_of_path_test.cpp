#include "input/place_of_path.hpp"

#include <gtest/gtest.h>

namespace stepop::orchestrator {
namespace {

std::optional<Place> place(std::string_view path) {
  static const YamlDocument document = parse_yaml("f.yaml",
                                                  "a:\n"
                                                  "  b:\n"
                                                  "    - c: 1\n"
                                                  "    - d: 2\n"
                                                  "  app.kubernetes.io/name: x\n");
  return place_of_path(document.root, path);
}

TEST(PlaceOfPath, FollowsNamesAndIndexes) {
  EXPECT_EQ(place("a.b[1].d"), (Place{4, 7}));
  EXPECT_EQ(place("a.b.0.c"), (Place{3, 7}));
}

TEST(PlaceOfPath, TakesQuotedNamesWhole) {
  EXPECT_EQ(place("a.\"app.kubernetes.io/name\""), (Place{5, 3}));
  EXPECT_EQ(place("a['app.kubernetes.io/name']"), (Place{5, 3}));
}

TEST(PlaceOfPath, StopsWhereThePathLeavesTheFile) {
  EXPECT_EQ(place("a.b[7].x"), (Place{2, 3}));
  EXPECT_EQ(place("a.missing"), (Place{1, 1}));
}

TEST(PlaceOfPath, KnowsNothingOfWhatIsNotThere) {
  EXPECT_EQ(place("x.y"), std::nullopt);
  EXPECT_EQ(place(""), std::nullopt);
}

}  // namespace
}  // namespace stepop::orchestrator
