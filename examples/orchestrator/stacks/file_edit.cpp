#include "stacks/file_edit.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "input/finding.hpp"
#include "input/yaml_document.hpp"
#include "run/run_lock.hpp"
#include "run/state_directory.hpp"

namespace stepop::orchestrator {
namespace fs = std::filesystem;
namespace {

// As many as the kernel follows.
constexpr int kMostLinks = 40;

[[noreturn]] void refuse(const std::string& what, const fs::path& file, int error) {
  throw BadInput(what + " " + file.string() + ": " + std::strerror(error));
}

void make_directory(const fs::path& directory) {
  std::error_code error;
  if (directory.empty() || fs::is_directory(directory, error)) return;
  make_directory(directory.parent_path());
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) refuse("cannot make", directory, errno);
}

bool write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

// As the old file has it. Another user's file becomes ours where we may not give it back.
bool keep_owner_and_mode(int fd, const struct stat& old, Readers readers) {
  if (::fchown(fd, old.st_uid, old.st_gid) != 0 && errno != EPERM) return false;
  return ::fchmod(fd, readers == Readers::owner ? 0600 : old.st_mode & 07777) == 0;
}

void replace(const fs::path& file, const std::string& text, const struct stat* old, Readers readers) {
  const fs::path fresh = file.parent_path() / ("." + file.filename().string() + "." + random_id());
  int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) refuse("cannot write beside", file, errno);
  const Descriptor descriptor(fd);
  const bool replaced = write_all(fd, text) && (old == nullptr || keep_owner_and_mode(fd, *old, readers)) &&
                        ::fsync(fd) == 0 && ::rename(fresh.c_str(), file.c_str()) == 0;
  if (!replaced) {
    const int error = errno;
    ::unlink(fresh.c_str());
    refuse("cannot write", file, error);
  }
}

}  // namespace

void edit_file(const fs::path& named, const FileEdit& edit, Readers readers) {
  std::error_code unknown;
  fs::path file = fs::weakly_canonical(named, unknown);
  if (unknown) file = fs::absolute(named);
  // What a link leads to is edited, also when that is not there yet.
  for (int links = 0; links < kMostLinks && fs::is_symlink(file, unknown); ++links)
    file = (file.parent_path() / fs::read_symlink(file, unknown)).lexically_normal();
  make_directory(file.parent_path());
  // The directory's lock, because the file itself is another one after each change.
  const Descriptor directory(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) refuse("cannot open", file.parent_path(), errno);
  while (::flock(directory.get(), LOCK_EX) != 0) {
    if (errno != EINTR) refuse("cannot lock", file.parent_path(), errno);
  }
  struct stat old {};
  const bool there = ::stat(file.c_str(), &old) == 0;
  if (!there && errno != ENOENT) refuse("cannot read", named, errno);
  // Whoever made it read-only meant it: the directory alone would let us put another one in its place.
  if (there && ::access(file.c_str(), W_OK) != 0) refuse("cannot write", named, errno);
  if (there && !S_ISREG(old.st_mode))
    throw BadInput(named.string() + " is no regular file, which is all that is edited");
  const std::optional<std::string> before = there ? std::optional(read_text_file(named.string())) : std::nullopt;
  const std::string after = edit(before);
  if (before == after) return;
  replace(file, after, there ? &old : nullptr, readers);
  // The name's change too.
  ::fsync(directory.get());
}

}  // namespace stepop::orchestrator
