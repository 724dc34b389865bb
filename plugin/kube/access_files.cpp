#include "kube/access_files.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

namespace stepop::kube {
namespace {

// As for a token file: a rotation comes long before what it replaces ends.
constexpr std::chrono::seconds look_every{5};

std::string stat_text(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return std::to_string(info.st_ino) + ' ' + std::to_string(info.st_size) + ' ' + std::to_string(info.st_mtim.tv_sec) +
         '.' + std::to_string(info.st_mtim.tv_nsec);
}

}  // namespace

bool AccessFiles::read_again(ClusterAccess& access, Clock::time_point now) {
  if (looked_at_ && now - *looked_at_ < look_every) return false;
  looked_at_ = now;
  const bool ca = read_again(access.ca_file, access.ca_pem);
  const bool certificate = read_again(access.client_certificate_file, access.client_certificate_pem);
  const bool key = read_again(access.client_key_file, access.client_key_pem);
  return ca || certificate || key;
}

bool AccessFiles::read_again(const std::string& path, std::string& pem) {
  if (path.empty()) return false;
  std::string seen = stat_text(path);
  if (seen.empty() || seen == seen_[path]) return false;
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return false;
  seen_[path] = std::move(seen);
  if (text == pem) return false;
  pem = std::move(text);
  return true;
}

}  // namespace stepop::kube
