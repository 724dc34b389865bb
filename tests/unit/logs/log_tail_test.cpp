// Which container is quoted in a step's terminal event, and what of its log.
#include "lifecycle/log_tail.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "../lifecycle/pods.hpp"
#include "lifecycle/reading.hpp"

namespace stepop::lifecycle {
namespace {

using namespace pods;

Pod with_log(Pod pod) {
  for (auto& status : pod.container_statuses) status.state.container_id = "containerd://1";
  return pod;
}

Report ends(const Pod& pod, StepState state, std::string_view why = "") {
  Report report;
  report.state = state;
  report.reason = why;
  report.place = place_of(pod);
  return report;
}

TEST(ContainerToQuote, IsMainOfAStepThatFailed) {
  const auto pod = with_log(ended(3));
  EXPECT_EQ(container_to_quote(ends(pod, StepState::failed, reason::non_zero_exit), &pod), "main");
  EXPECT_EQ(container_to_quote(ends(pod, StepState::cancelled), &pod), "main");
}

TEST(ContainerToQuote, IsNoneOfASuccess) {
  const auto pod = with_log(ended(0));
  EXPECT_FALSE(container_to_quote(ends(pod, StepState::succeeded), &pod));
}

TEST(ContainerToQuote, IsNoneWhileTheStepGoesOn) {
  const auto pod = started();
  EXPECT_FALSE(container_to_quote(ends(pod, StepState::running), &pod));
}

TEST(ContainerToQuote, IsNoneWhereNothingStarted) {
  const auto pod = bound();
  EXPECT_FALSE(container_to_quote(ends(pod, StepState::failed, reason::start_timeout), &pod));
  EXPECT_FALSE(container_to_quote(ends(pod, StepState::failed, reason::forbidden), nullptr));
  auto unknown = ended(137, "ContainerStatusUnknown");
  EXPECT_FALSE(container_to_quote(ends(unknown, StepState::failed, reason::node_rejected), &unknown));
}

TEST(ContainerToQuote, IsNoneWhereNobodyAnswers) {
  const auto pod = with_log(ended(3));
  EXPECT_FALSE(container_to_quote(ends(pod, StepState::lost, reason::workload_vanished), &pod));
  EXPECT_FALSE(container_to_quote(ends(pod, StepState::failed, reason::node_lost), &pod));
  auto silent = started();
  silent.conditions = {{"Ready", "False", "", "", {}}, {"ContainersReady", "True", "", "", {}}};
  EXPECT_FALSE(container_to_quote(ends(silent, StepState::failed, reason::deadline_exceeded), &silent));
}

TEST(ContainerToQuote, IsNoneOfAPodThatTheReportDoesNotTellOf) {
  const auto pod = with_log(ended(3));
  auto report = ends(pod, StepState::failed, reason::conflict);
  report.place = {};
  EXPECT_FALSE(container_to_quote(report, &pod));
}

TEST(ContainerToQuote, IsTheInitContainerThatFailed) {
  auto pod = bound();
  pod.phase = PodPhase::Failed;
  for (const auto* name : {"fetch", "unpack"}) {
    kube::ContainerStatus status;
    status.name = name;
    status.state = terminated(status.name == "unpack" ? 2 : 0, "Error");
    status.state.container_id = "containerd://2";
    pod.init_container_statuses.push_back(status);
  }
  EXPECT_EQ(container_to_quote(ends(pod, StepState::failed, reason::init_container_failed), &pod), "unpack");
  EXPECT_FALSE(container_to_quote(ends(pod, StepState::failed, reason::evicted), &pod));
}

const std::string when = "2026-11-24T02:46:32.123456789Z ";

TEST(TailOf, IsTheLinesWithoutTheirTimes) {
  EXPECT_EQ(tail_of(when + "one\n" + when + "\n" + when + "2026-11-24T02:46:32Z three"),
            "one\n\n2026-11-24T02:46:32Z three\n");
  EXPECT_EQ(tail_of(""), "");
}

TEST(TailOf, IsNotWhatTheKubeletSaysOfItself) {
  EXPECT_EQ(tail_of("unable to retrieve container logs for containerd://0123"), "");
  EXPECT_EQ(tail_of(when + "one\nfailed to watch file\n"), "one\n");
}

TEST(TailOf, MayBeginInTheMidstOfALine) {
  EXPECT_EQ(tail_of("rest of a long line\n" + when + "last\n"), "rest of a long line\nlast\n");
  const std::string rest(40'000, 'x');
  EXPECT_EQ(tail_of(rest + "\n"), std::string(tail_bytes - 1, 'x') + "\n");
}

TEST(TailOf, HasAtMostSoManyLines) {
  std::string answer;
  for (int i = 1; i <= 30; ++i) answer += when + std::to_string(i) + "\n";
  const auto tail = tail_of(answer);
  EXPECT_EQ(tail.substr(0, 3), "11\n");
  EXPECT_EQ(std::count(tail.begin(), tail.end(), '\n'), tail_lines);
}

TEST(TailOf, HasAtMostSoManyBytesInWholeLines) {
  std::string answer;
  for (int i = 0; i < 10; ++i) answer += when + std::string(999, static_cast<char>('0' + i)) + "\n";
  const auto tail = tail_of(answer);
  EXPECT_EQ(tail.size(), 8'000u);
  EXPECT_EQ(tail.front(), '2');
}

TEST(TailOf, KeepsTheEndOfALastLineThatIsTooLongFromAWholeCharacterOn) {
  std::string line = "x";
  for (int i = 0; i < 6'000; ++i) line += "\xC3\xA9";
  line += "end";
  const auto tail = tail_of(when + line + "\n");
  EXPECT_LE(tail.size(), tail_bytes);
  EXPECT_EQ(tail.substr(0, 2), "\xC3\xA9");
  EXPECT_EQ(tail.substr(tail.size() - 4), "end\n");
}

}  // namespace
}  // namespace stepop::lifecycle
