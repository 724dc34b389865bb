#include "stacks/file_edit.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "input/finding.hpp"
#include "input/yaml_document.hpp"
#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

namespace fs = std::filesystem;

FileEdit becomes(std::string text) {
  return [text](const auto&) { return text; };
}

unsigned mode_of(const fs::path& file) {
  struct stat found {};
  EXPECT_EQ(::stat(file.c_str(), &found), 0) << file;
  return found.st_mode & 07777;
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

class FileEditTest : public testing::Test {
 protected:
  TemporaryDirectory directory;
  fs::path file = directory.path() / "stack.yaml";
};

TEST_F(FileEditTest, MakesANewFileForItsUserAlone) {
  edit_file(directory.path() / "a" / "b" / "c", becomes("x\n"));
  EXPECT_EQ(read_text_file(directory.path() / "a" / "b" / "c"), "x\n");
  EXPECT_EQ(mode_of(directory.path() / "a" / "b" / "c"), 0600u);
  EXPECT_EQ(mode_of(directory.path() / "a"), 0700u);
}

TEST_F(FileEditTest, KeepsTheMode) {
  std::ofstream(file) << "old";
  ::chmod(file.c_str(), 0664);
  edit_file(file, becomes("new"));
  EXPECT_EQ(mode_of(file), 0664u);
  EXPECT_EQ(read_text_file(file), "new");
}

TEST_F(FileEditTest, LeavesAFileWithSecretsToItsOwnerAlone) {
  std::ofstream(file) << "old";
  ::chmod(file.c_str(), 0664);
  edit_file(file, becomes("new"), Readers::owner);
  EXPECT_EQ(mode_of(file), 0600u);
}

TEST_F(FileEditTest, GivesTheOldTextToTheEdit) {
  std::ofstream(file) << "old";
  edit_file(file, [](const std::optional<std::string>& text) { return text.value() + " and new"; });
  EXPECT_EQ(read_text_file(file), "old and new");
}

TEST_F(FileEditTest, LeavesTheFileAloneWhenTheEditThrows) {
  std::ofstream(file) << "old";
  EXPECT_THROW(edit_file(file, [](const auto&) -> std::string { throw BadInput("no"); }), BadInput);
  EXPECT_EQ(read_text_file(file), "old");
  EXPECT_EQ(entries(directory.path()), 1u);
}

TEST_F(FileEditTest, LeavesNothingBesideTheFile) {
  edit_file(file, becomes("x"));
  edit_file(file, becomes("y"));
  EXPECT_EQ(entries(directory.path()), 1u);
}

TEST_F(FileEditTest, WritesThroughASymbolicLink) {
  fs::create_directory(directory.path() / "real");
  std::ofstream(directory.path() / "real" / "s.yaml") << "old";
  fs::create_symlink("real/s.yaml", file);
  edit_file(file, becomes("new"));
  EXPECT_TRUE(fs::is_symlink(file));
  EXPECT_EQ(read_text_file(directory.path() / "real" / "s.yaml"), "new");
}

TEST_F(FileEditTest, DoesNotTouchAFileThatStaysAsItIs) {
  std::ofstream(file) << "same";
  struct stat before {};
  ::stat(file.c_str(), &before);
  edit_file(file, becomes("same"));
  struct stat after {};
  ::stat(file.c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(FileEditTest, LosesNoChangeOfTwoThatComeAtOnce) {
  std::ofstream(file) << "";
  const auto append = [&] {
    for (int i = 0; i < 50; ++i) edit_file(file, [](const auto& text) { return text.value() + "x"; });
  };
  std::thread other(append);
  append();
  other.join();
  EXPECT_EQ(read_text_file(file), std::string(100, 'x'));
}

TEST_F(FileEditTest, RefusesADirectory) {
  EXPECT_THROW(edit_file(directory.path(), becomes("x")), BadInput);
}

TEST_F(FileEditTest, SaysWhichFileItCannotWrite) {
  try {
    edit_file("/proc/nowhere/stack.yaml", becomes("x"));
    FAIL() << "it was written";
  } catch (const BadInput& bad) {
    EXPECT_STREQ(bad.what(), "cannot make /proc/nowhere: No such file or directory");
  }
}

}  // namespace
}  // namespace stepop::orchestrator
