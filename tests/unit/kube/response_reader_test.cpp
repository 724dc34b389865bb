#include "kube/response_reader.hpp"

#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

using Progress = ResponseReader::Progress;

struct Read {
  Progress progress = Progress::More;
  std::string body;
  int heads = 0;
  std::string failure;
  Response head;
  bool keep_alive = false;
};

/// Feeds the text in pieces of this size.
Read read(const std::string& text, std::size_t piece, bool end = false) {
  Read out;
  ResponseReader reader(1024, 1000,
                        {[&](const Response&) { ++out.heads; }, [&](std::string_view bytes) { out.body += bytes; }});
  for (std::size_t i = 0; i < text.size() && out.progress == Progress::More; i += piece) {
    out.progress = reader.feed(std::string_view(text).substr(i, piece));
  }
  if (end && out.progress == Progress::More) out.progress = reader.end(true);
  out.failure = reader.failure();
  out.head = reader.head();
  out.keep_alive = reader.keep_alive();
  return out;
}

TEST(ResponseReader, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\nA\r\n, 10 bytes\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Read got = read(text, piece);
    ASSERT_EQ(got.progress, Progress::Done) << piece << ' ' << got.failure;
    EXPECT_EQ(got.body, "hello, 10 bytes");
    EXPECT_EQ(got.heads, 1);
    EXPECT_EQ(got.head.status, 201);
    EXPECT_EQ(got.head.content_type, "application/json");
    EXPECT_TRUE(got.keep_alive);
  }
}

TEST(ResponseReader, ReadsAnEmptyChunkedBodyHoweverItIsCut) {
  const std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Read got = read(text, piece);
    ASSERT_EQ(got.progress, Progress::Done) << piece << ' ' << got.failure;
    EXPECT_EQ(got.body, "");
    EXPECT_TRUE(got.keep_alive);
  }
}

TEST(ResponseReader, FindsEveryTruncation) {
  const std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(read(text.substr(0, size), 7, true).progress, Progress::Failed) << size;
  }
  EXPECT_EQ(read(text, 7, true).progress, Progress::Done);
}

TEST(ResponseReader, ExpectsNoBodyWhereThereIsNone) {
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\n\r\n", 100).progress, Progress::Done);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 100).progress, Progress::Done);
}

TEST(ResponseReader, DoesNotKeepAConnectionThatSaysMoreThanItShould) {
  const Read got = read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", 1000);
  EXPECT_EQ(got.progress, Progress::Done);
  EXPECT_EQ(got.body, "ok");
  EXPECT_FALSE(got.keep_alive);
}

TEST(ResponseReader, ReadsRetryAfterInBothForms) {
  EXPECT_EQ(read("HTTP/1.1 429 X\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", 99).head.retry_after,
            std::chrono::seconds{3});
  EXPECT_EQ(read("HTTP/1.1 429 X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                 "Retry-After: Sun, 06 Nov 1994 08:49:47 GMT\r\nContent-Length: 0\r\n\r\n",
                 999)
                .head.retry_after,
            std::chrono::seconds{10});
  EXPECT_FALSE(read("HTTP/1.1 429 X\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", 99).head.retry_after);
}

TEST(ResponseReader, BoundsHeadsBodiesAndChunkLines) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", 100).progress, Progress::Failed);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", 100).progress, Progress::Failed);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n" + std::string(1001, 'x'), 100).progress,
            Progress::Failed);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(5000, '0'), 100).progress,
            Progress::Failed);
}

TEST(ResponseReader, RefusesConflictingLengths) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 99).progress,
            Progress::Failed);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 99).progress, Progress::Failed);
}

TEST(ResponseReader, RefusesAProtocolSwitch) {
  EXPECT_EQ(read("HTTP/1.1 101 Switching Protocols\r\n\r\n", 99).progress, Progress::Failed);
}

TEST(ResponseReader, BoundsAHeadOfManyShortLinesHoweverItIsCut) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) text += "Warning: 299 - \"x\"\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, text.size()}) {
    const Read got = read(text, piece);
    EXPECT_EQ(got.progress, Progress::Failed) << piece;
    EXPECT_EQ(got.heads, 0) << piece;
  }
}

TEST(ResponseReader, KnowsWhatIsNotHttpByItsFirstBytes) {
  EXPECT_EQ(read("SSH-2.0-OpenSSH_9.2\r\n", 100).progress, Progress::Failed);
  EXPECT_EQ(read("SSH-2.0-OpenSSH_9.2\r\n", 1).progress, Progress::Failed);
}

}  // namespace
}  // namespace stepop::kube
