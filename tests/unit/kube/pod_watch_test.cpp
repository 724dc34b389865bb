#include "kube/pod_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/line_splitter.hpp"
#include "scripted_server.hpp"

namespace stepop::kube {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto patience = 10s;

std::string chunk(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}
const std::string stream_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string event(const std::string& type, const std::string& uid, const std::string& version,
                  const std::string& more = {}) {
  return R"({"type":")" + type + R"(","object":{"metadata":{"name":"p","namespace":"dev","uid":")" + uid +
         R"(","resourceVersion":")" + version + "\"" + more + "}}}\n";
}
std::string end_of_initial_events(const std::string& version) {
  return event("BOOKMARK", "", version, R"(,"annotations":{"k8s.io/initial-events-end":"true"})");
}

class PodWatchTest : public ::testing::Test {
 protected:
  void watch(const std::string& url) {
    ClusterAccess access;
    access.server = url;
    client.emplace(io, access);
    WatchOptions options;
    options.namespace_ = "dev";
    options.first_backoff = 1ms;
    pods.emplace(io, *client, options, [this](WatchNotice notice) { hear(std::move(notice)); });
    pods->start();
  }

  void hear(WatchNotice notice) {
    if (const auto* n = std::get_if<PodApplied>(&notice)) {
      heard.push_back("applied " + n->pod.metadata.uid);
    } else if (const auto* n = std::get_if<PodRemoved>(&notice)) {
      heard.push_back("removed " + n->uid);
    } else if (std::get_if<Synced>(&notice)) {
      heard.push_back("synced");
    } else if (const auto* n = std::get_if<WatchTrouble>(&notice)) {
      heard.push_back("trouble " + n->message);
    }
    if (then && !heard.empty()) then(heard.back());
  }

  void run_until(std::size_t notices) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (heard.size() < notices) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never happened";
      io.run_one_for(100ms);
      if (io.stopped()) io.restart();
    }
  }

  boost::asio::io_context io{1};
  std::optional<Client> client;
  std::optional<PodWatch> pods;
  std::vector<std::string> heard;
  std::function<void(const std::string&)> then;
};

TEST_F(PodWatchTest, FollowsAStreamHoweverItsLinesAreCut) {
  ScriptedServer server({[](Peer& peer) {
    EXPECT_THAT(*peer.request(), HasSubstr("sendInitialEvents=true"));
    const std::string lines =
        event("ADDED", "a", "1") + event("ADDED", "b", "2") + end_of_initial_events("5") + event("DELETED", "a", "6");
    std::string bytes = stream_head;
    for (std::size_t i = 0; i < lines.size(); i += 7) bytes += chunk(lines.substr(i, 7));
    peer.send(bytes);
    peer.wait_for_end();
  }});
  watch(server.url());
  run_until(4);
  EXPECT_THAT(heard, ElementsAre("applied a", "applied b", "synced", "removed a"));
  EXPECT_TRUE(pods->unbroken());
  EXPECT_EQ(pods->known_pods(), 1u);
}

TEST_F(PodWatchTest, ResumesOnANewConnectionAfterATruncatedChunk) {
  ScriptedServer server({[](Peer& peer) {
                           peer.request();
                           peer.send(stream_head + chunk(event("ADDED", "a", "1") + end_of_initial_events("5")) +
                                     "ff\r\n{\"type\":\"ADD");
                           peer.close();
                           peer.wait_for_end();
                         },
                         [](Peer& peer) {
                           EXPECT_THAT(*peer.request(), HasSubstr("resourceVersion=5&"));
                           peer.send(stream_head + chunk(event("ADDED", "b", "6")));
                           peer.wait_for_end();
                         }});
  watch(server.url());
  run_until(5);
  EXPECT_THAT(heard, ElementsAre("applied a", "synced", StartsWith("trouble"), "applied b", "synced"));
}

TEST_F(PodWatchTest, ListsInPagesWhenTheServerHasNoStreamingLists) {
  const auto serve = [](Peer& peer) {
    while (const auto request = peer.request()) {
      if (request->find("sendInitialEvents") != std::string::npos) {
        peer.send("HTTP/1.1 422 X\r\nContent-Length: 2\r\n\r\n{}");
      } else if (request->find("watch=true") != std::string::npos) {
        peer.send(stream_head + chunk(event("MODIFIED", "b", "9")));
      } else if (request->find("continue=next") != std::string::npos) {
        peer.answer(R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"uid":"b","resourceVersion":"2"}}]})");
      } else {
        peer.answer(
            R"({"metadata":{"resourceVersion":"7","continue":"next"},"items":[{"metadata":{"uid":"a","resourceVersion":"1"}}]})");
      }
    }
  };
  ScriptedServer server({serve});
  watch(server.url());
  run_until(4);
  EXPECT_THAT(heard, ElementsAre("applied a", "applied b", "synced", "applied b"));
}

TEST_F(PodWatchTest, RelistsAfter410InTheMidstOfAChunk) {
  ScriptedServer server({[](Peer& peer) {
                           peer.request();
                           peer.send(stream_head +
                                     chunk(event("ADDED", "a", "1") + end_of_initial_events("5") +
                                           "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n" +
                                           event("ADDED", "never", "6")));
                           peer.wait_for_end();
                         },
                         [](Peer& peer) {
                           EXPECT_THAT(*peer.request(), HasSubstr("sendInitialEvents=true"));
                           peer.send(stream_head + chunk(event("ADDED", "b", "8") + end_of_initial_events("9")));
                           peer.wait_for_end();
                         }});
  watch(server.url());
  run_until(5);
  EXPECT_THAT(heard, ElementsAre("applied a", "synced", "applied b", "removed a", "synced"));
}

TEST_F(PodWatchTest, ReadsALineOfManyMegabytes) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send(stream_head +
              chunk(event("ADDED", "a", "1", R"(,"annotations":{"big":")" + std::string(5u << 20, 'x') + "\"}")));
    peer.wait_for_end();
  }});
  watch(server.url());
  run_until(1);
  EXPECT_THAT(heard, ElementsAre("applied a"));
}

TEST_F(PodWatchTest, SaysNothingMoreOnceItIsStoppedOrDestroyedByItsConsumer) {
  for (const bool destroy : {false, true}) {
    heard.clear();
    ScriptedServer server({[](Peer& peer) {
      peer.request();
      peer.send(stream_head + chunk(event("ADDED", "a", "1") + event("ADDED", "b", "2")));
      peer.wait_for_end();
    }});
    watch(server.url());
    then = [&](const std::string& what) {
      if (what != "applied a") return;
      if (destroy) {
        pods.reset();
      } else {
        pods->stop();
      }
    };
    run_until(1);
    io.restart();
    io.poll();
    EXPECT_THAT(heard, ElementsAre("applied a"));
  }
}

TEST(LineSplitter, SkipsEmptyLinesAndRefusesEndlessOnes) {
  LineSplitter lines(5);
  std::vector<std::string> got;
  const auto keep = [&](std::string_view line) {
    got.emplace_back(line);
    return true;
  };
  EXPECT_TRUE(lines.feed("a\n\nb", keep));
  EXPECT_TRUE(lines.feed("b\n\n", keep));
  EXPECT_THAT(got, ElementsAre("a", "bb"));
  EXPECT_TRUE(lines.feed("12345", keep));
  EXPECT_FALSE(lines.feed("6", keep));
}

}  // namespace
}  // namespace stepop::kube
