#include "api_server.hpp"

#include <gtest/gtest.h>

#include "manifest/labels.hpp"
#include "names.hpp"

namespace stepop::simulation {
namespace {

using Type = kube::WatchLine::Type;

class ApiServerTest : public testing::Test, ClusterObserver {
 protected:
  kube::Pod pod(std::string name) {
    kube::Pod made;
    made.metadata.name = std::move(name);
    made.metadata.labels = {{std::string(manifest::label::owner), owner_name}};
    return made;
  }
  PodRecord& created() {
    api.create(pod("p"), 0, 0, Random(1));
    return api.pods().back();
  }
  PodRecord& on_a_node() {
    auto& made = created();
    made.object.node_name = "n";
    api.publish(made);
    return made;
  }
  std::vector<Type> told() const {
    std::vector<Type> types;
    for (const auto& change : api.history(kube::Resource::Pods)) types.push_back(change.type);
    return types;
  }

  void on_created(PodRecord&) override {}
  void on_deletion(PodRecord&) override { ++deletions; }
  void on_removed(PodRecord&) override { ++removals; }
  void on_beside(std::uint32_t) override {}
  void on_started(const PodRecord&) override {}
  void on_change(kube::Resource, std::size_t) override {}

  int deletions = 0;
  int removals = 0;
  Agenda agenda;
  ApiServer api{agenda, *this};
};

TEST_F(ApiServerTest, ANameIsTakenUntilItsPodIsGone) {
  auto& first = created();
  EXPECT_EQ(api.create(pod("p"), 0, 0, Random(1)).status.reason, "AlreadyExists");
  api.erase(first);
  const auto second = api.create(pod("p"), 0, 0, Random(1));
  ASSERT_EQ(second.kind, Reply::Kind::pod);
  EXPECT_NE(second.pod->metadata.uid, first.object.metadata.uid);
}

TEST_F(ApiServerTest, APodWithoutANodeGoesAtOnce) {
  auto& made = created();
  api.remove("p", made.object.metadata.uid, "", 30, Asker::stepop);
  EXPECT_EQ(told(), (std::vector{Type::Added, Type::Modified, Type::Deleted}));
  EXPECT_TRUE(made.confirmed_stopped());
}

TEST_F(ApiServerTest, APodOnANodeWaitsForItsKubelet) {
  on_a_node();
  const auto reply = api.remove("p", "", "", 30, Asker::stepop);
  EXPECT_TRUE(reply.pod->metadata.deletion_timestamp);
  EXPECT_EQ(deletions, 1);
  EXPECT_EQ(removals, 0);
}

TEST_F(ApiServerTest, ASecondDeleteOnlyShortensTheGrace) {
  auto& made = on_a_node();
  api.remove("p", "", "", 30, Asker::somebody);
  api.remove("p", "", "", 60, Asker::somebody);
  EXPECT_EQ(made.object.metadata.deletion_grace_seconds, 30);
  api.remove("p", "", "", 5, Asker::somebody);
  EXPECT_EQ(made.object.metadata.deletion_grace_seconds, 5);
  EXPECT_EQ(deletions, 2);
}

TEST_F(ApiServerTest, APodThatIsRemovedByForceHasConfirmedNothing) {
  auto& made = on_a_node();
  api.remove("p", "", "", 0, Asker::somebody);
  EXPECT_EQ(removals, 1);
  EXPECT_FALSE(made.confirmed_stopped());
}

TEST_F(ApiServerTest, AnotherUidIsAConflictAndNothingHappens) {
  on_a_node();
  EXPECT_EQ(api.remove("p", "other", "", 0, Asker::stepop).status.code, 409);
  EXPECT_EQ(api.patch(kube::Resource::Pods, "p", "other", "", ApiServer::Meta::label, "a", "b").status.code, 409);
  EXPECT_EQ(removals, 0);
}

TEST_F(ApiServerTest, APatchWithAnOldResourceVersionIsAConflict) {
  auto& made = created();
  const auto old = made.object.metadata.resource_version;
  api.publish(made);
  EXPECT_EQ(
      api.patch(kube::Resource::Pods, "p", made.object.metadata.uid, old, ApiServer::Meta::label, "a", "b").status.code,
      409);
}

TEST_F(ApiServerTest, APodWhoseLabelsNoLongerMatchIsDeletedToTheWatchAndStillThere) {
  auto& made = created();
  made.object.metadata.labels.set(std::string(manifest::label::owner), "changed");
  api.publish(made);
  EXPECT_EQ(told(), (std::vector{Type::Added, Type::Deleted}));
  EXPECT_EQ(api.get(kube::Resource::Pods, "p").kind, Reply::Kind::pod);
  EXPECT_TRUE(api.list(kube::Resource::Pods, api.revision()).empty());
}

TEST_F(ApiServerTest, AListShowsWhatWasThereAtItsRevision) {
  auto& made = created();
  const auto then = api.revision();
  api.erase(made);
  EXPECT_EQ(api.list(kube::Resource::Pods, then).size(), 1u);
  EXPECT_TRUE(api.list(kube::Resource::Pods, api.revision()).empty());
}

TEST_F(ApiServerTest, AWatchFromBeforeACompactionHasExpired) {
  const auto then = api.revision();
  created();
  api.compact();
  EXPECT_TRUE(api.compacted(then));
  EXPECT_FALSE(api.compacted(api.revision()));
}

}  // namespace
}  // namespace stepop::simulation
