// Tells when files appear in steps' directories, and when a log grows. See inotify(7).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string_view>

namespace stepop::local {

class DirectoryWatch {
 public:
  // `changed(watch, name)` is called on the loop; `watch` is -1 when changes were lost and everything must be looked at.
  DirectoryWatch(boost::asio::io_context& loop, std::function<void(int watch, std::string_view name)> changed);

  // Watches a directory; also for what is written to its files when `writes`. Calling it again changes that. Returns
  // -1 when the system allows no more watches.
  int add(const std::string& directory, bool writes);
  void remove(int watch);
  void stop();

 private:
  void wait();
  void read();

  boost::asio::posix::stream_descriptor inotify_;
  std::function<void(int, std::string_view)> changed_;
};

}  // namespace stepop::local
