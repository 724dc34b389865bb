#include "directory_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

namespace stepop::local {

DirectoryWatch::DirectoryWatch(boost::asio::io_context& loop, std::function<void(int, std::string_view)> changed)
    : inotify_(loop), changed_(std::move(changed)) {
  if (const int descriptor = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); descriptor >= 0) {
    inotify_.assign(descriptor);
    wait();
  }
}

int DirectoryWatch::add(const std::string& directory, bool writes) {
  if (!inotify_.is_open()) return -1;
  const std::uint32_t mask = IN_MOVED_TO | IN_ONLYDIR | (writes ? IN_MODIFY : 0);
  return ::inotify_add_watch(inotify_.native_handle(), directory.c_str(), mask);
}

void DirectoryWatch::remove(int watch) {
  if (watch >= 0 && inotify_.is_open()) ::inotify_rm_watch(inotify_.native_handle(), watch);
}

void DirectoryWatch::stop() {
  boost::system::error_code ignored;
  inotify_.close(ignored);
}

void DirectoryWatch::wait() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    read();
    wait();
  });
}

void DirectoryWatch::read() {
  alignas(inotify_event) char buffer[16 * 1024];
  ssize_t count = 0;
  while ((count = ::read(inotify_.native_handle(), buffer, sizeof buffer)) > 0) {
    for (const char* at = buffer; at < buffer + count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0)
        changed_(-1, "");
      else if (event->len != 0)
        changed_(event->wd, std::string_view(event->name, ::strnlen(event->name, event->len)));
    }
  }
}

}  // namespace stepop::local
