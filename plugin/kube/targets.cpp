#include "kube/targets.hpp"

#include <cctype>

namespace stepop::kube {

std::string percent_encode(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

std::string with_query(std::string path, const Query& query) {
  char separator = '?';
  for (const auto& [key, value] : query) {
    path += separator;
    path += percent_encode(key);
    path += '=';
    path += percent_encode(value);
    separator = '&';
  }
  return path;
}

std::string collection_target(std::string_view group, std::string_view version, std::string_view namespace_,
                              std::string_view resource) {
  std::string out = group.empty() ? "/api/" : "/apis/" + percent_encode(group) + '/';
  out += percent_encode(version);
  if (!namespace_.empty()) out += "/namespaces/" + percent_encode(namespace_);
  return out + '/' + percent_encode(resource);
}

std::string object_target(std::string_view group, std::string_view version, std::string_view namespace_,
                          std::string_view resource, std::string_view name, std::string_view subresource) {
  std::string out = collection_target(group, version, namespace_, resource) + '/' + percent_encode(name);
  if (!subresource.empty()) out += '/' + percent_encode(subresource);
  return out;
}

std::string collection_target(Resource resource, std::string_view namespace_) {
  return resource == Resource::Jobs ? collection_target("batch", "v1", namespace_, "jobs") : pods_target(namespace_);
}

std::string object_target(Resource resource, std::string_view namespace_, std::string_view name) {
  return collection_target(resource, namespace_) + '/' + percent_encode(name);
}

std::string pods_target(std::string_view namespace_) {
  return collection_target("", "v1", namespace_, "pods");
}

std::string pod_target(std::string_view namespace_, std::string_view name) {
  return object_target("", "v1", namespace_, "pods", name);
}

std::string pod_log_target(std::string_view namespace_, std::string_view name, const LogQuery& log) {
  Query query;
  if (!log.container.empty()) query.emplace_back("container", log.container);
  if (log.follow) query.emplace_back("follow", "true");
  if (log.previous) query.emplace_back("previous", "true");
  if (log.timestamps) query.emplace_back("timestamps", "true");
  if (log.since_time) query.emplace_back("sinceTime", format_rfc3339(*log.since_time));
  if (log.tail_lines) query.emplace_back("tailLines", std::to_string(*log.tail_lines));
  if (log.limit_bytes) query.emplace_back("limitBytes", std::to_string(*log.limit_bytes));
  return with_query(object_target("", "v1", namespace_, "pods", name, "log"), query);
}

}  // namespace stepop::kube
