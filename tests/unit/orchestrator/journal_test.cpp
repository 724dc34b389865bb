#include "run/journal.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "input/finding.hpp"
#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

class JournalTest : public testing::Test {
 protected:
  std::string file() const { return temporary_.path() / "journal.db"; }

  static JournalledRun demo(std::string id, Microseconds created_at = 1) {
    JournalledRun run;
    run.id = std::move(id);
    run.pipeline = {{"pipeline", "demo"}};
    run.stack = {{"name", "s"}};
    run.options = {{"max_parallel", 2}};
    run.created_at = created_at;
    run.steps.resize(2);
    run.steps[0].name = "a";
    run.steps[0].step_operator = "here";
    run.steps[1].name = "b";
    run.steps[1].step_operator = "cluster";
    return run;
  }

  static std::string error_of(Journal& journal, const std::string& name) {
    try {
      journal.find_run(name);
    } catch (const BadInput& bad) {
      return bad.what();
    }
    return "no error";
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(JournalTest, IsReadableByItsUserAlone) {
  Journal journal(file());
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
}

TEST_F(JournalTest, KeepsARunAsItWasGiven) {
  {
    Journal journal(file());
    EXPECT_EQ(journal.add_run(demo("id1"), "demo", std::nullopt), "demo-1");
  }
  Journal journal(file());
  const JournalledRun run = journal.find_run("demo-1");
  EXPECT_EQ(run.id, "id1");
  EXPECT_EQ(run.options, demo("x").options);
  EXPECT_EQ(run.steps.at(1).name, "b");
  EXPECT_EQ(run.steps.at(1).step_operator, "cluster");
  EXPECT_EQ(run.steps.at(1).record.state, StepState::waiting);
  EXPECT_EQ(run.state, RunState::running);
}

TEST_F(JournalTest, CountsTheRunsOfAPipeline) {
  Journal journal(file());
  journal.add_run(demo("id1"), "demo", "demo-2");
  EXPECT_EQ(journal.add_run(demo("id2"), "demo", std::nullopt), "demo-3");
}

TEST_F(JournalTest, RefusesANameThatIsTaken) {
  Journal journal(file());
  journal.add_run(demo("id1"), "demo", "mine");
  EXPECT_THROW(journal.add_run(demo("id2"), "demo", "mine"), BadInput);
}

TEST_F(JournalTest, FindsARunByTheBeginningOfItsId) {
  Journal journal(file());
  journal.add_run(demo("abc1"), "demo", std::nullopt);
  journal.add_run(demo("abd1"), "demo", std::nullopt);
  EXPECT_EQ(journal.find_run("abd").id, "abd1");
  EXPECT_EQ(error_of(journal, "ab"), "more than one run's id begins with \"ab\"; give more of it");
}

TEST_F(JournalTest, NamesTheNearestRun) {
  Journal journal(file());
  journal.add_run(demo("id1"), "demo", std::nullopt);
  EXPECT_EQ(error_of(journal, "dmo-1"), "there is no run \"dmo-1\"; did you mean \"demo-1\"?");
  EXPECT_EQ(error_of(journal, "%"), "there is no run \"%\"; `stepop ps` lists the runs");
}

TEST_F(JournalTest, KeepsAStepsRecord) {
  Journal journal(file());
  journal.add_run(demo("id1"), "demo", std::nullopt);
  StepRecord record;
  record.state = StepState::failed;
  record.attempt = 2;
  record.detail = {{"reason", "OutOfMemory"}};
  record.submitted = record.created = record.log_complete = record.forget_asked = true;
  {
    Journal::Turn turn(journal, "id1");
    turn.write_request(1, R"({"step_run_id":"id1/b"})", {{"flavor", "kubernetes"}}, 5);
    turn.write_step(1, record, 9);
    turn.commit();
  }
  const JournalledStep step = journal.find_run("demo-1").steps.at(1);
  EXPECT_EQ(step.record.state, StepState::failed);
  EXPECT_EQ(step.record.attempt, 2u);
  EXPECT_EQ(step.record.detail, record.detail);
  EXPECT_TRUE(step.record.submitted && step.record.created && step.record.log_complete && step.record.forget_asked);
  EXPECT_FALSE(step.record.forgotten || step.record.made_by_host);
  EXPECT_EQ(step.request, R"({"step_run_id":"id1/b"})");
  EXPECT_EQ(step.operator_used, (boost::json::object{{"flavor", "kubernetes"}}));
  EXPECT_EQ(step.submitted_at, 5);
  EXPECT_EQ(step.ended_at, 9);
}

TEST_F(JournalTest, KeepsNothingOfATurnThatWasNotCommitted) {
  Journal journal(file());
  journal.add_run(demo("id1"), "demo", std::nullopt);
  {
    Journal::Turn turn(journal, "id1");
    turn.write_run(RunState::succeeded, true, 3);
  }
  EXPECT_EQ(journal.find_run("demo-1").state, RunState::running);
}

TEST_F(JournalTest, KeepsTheFirstEnd) {
  Journal journal(file());
  journal.add_run(demo("id1"), "demo", std::nullopt);
  for (const Microseconds end : {3, 8}) {
    Journal::Turn turn(journal, "id1");
    turn.write_run(RunState::succeeded, end == 8, end);
    turn.write_step(0, {}, end);
    turn.commit();
  }
  const JournalledRun run = journal.find_run("demo-1");
  EXPECT_EQ(run.ended_at, 3);
  EXPECT_EQ(run.steps.at(0).ended_at, 3);
  EXPECT_TRUE(run.finished);
}

TEST_F(JournalTest, TellsOtherProcessesThatACancelIsAskedFor) {
  Journal driver(file());
  driver.add_run(demo("id1"), "demo", std::nullopt);
  EXPECT_FALSE(driver.cancel_asked("id1"));
  Journal(file()).ask_to_cancel("id1");
  EXPECT_TRUE(driver.cancel_asked("id1"));
}

TEST_F(JournalTest, ListsTheNewestRunsFirst) {
  Journal journal(file());
  journal.add_run(demo("old", 1), "demo", std::nullopt);
  journal.add_run(demo("new", 3), "demo", std::nullopt);
  journal.add_run(demo("mid", 2), "demo", std::nullopt);
  const auto runs = journal.runs(2);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].id, "new");
  EXPECT_EQ(runs[1].id, "mid");
  EXPECT_EQ(runs[1].steps.size(), 2u);
}

TEST_F(JournalTest, RefusesTheJournalOfANewerStepop) {
  { Journal journal(file()); }
  { Database(file()).execute("PRAGMA user_version = 99"); }
  EXPECT_THROW(Journal journal(file()), SqliteError);
}

TEST_F(JournalTest, RefusesAFileThatIsNoDatabase) {
  { Database database(file()); }
  FILE* garbage = std::fopen(file().c_str(), "w");
  for (int i = 0; i < 300; ++i) std::fputs("this is no database ", garbage);
  std::fclose(garbage);
  EXPECT_THROW(Journal journal(file()), SqliteError);
}

}  // namespace
}  // namespace stepop::orchestrator
