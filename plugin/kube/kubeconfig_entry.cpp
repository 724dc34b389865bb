#include "kube/kubeconfig_entry.hpp"

#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <fstream>
#include <optional>
#include <string_view>

#include "kube/config_error.hpp"
#include "kube/nearest_name.hpp"

namespace stepop::kube {

namespace fs = std::filesystem;

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
  const std::string nearest = nearest_name(name, names);
  return nearest.empty() ? std::string() : "did you mean \"" + nearest + "\"?";
}

std::string in_quotes(const std::string& text) {
  return '"' + text + '"';
}

const char* kind_of(const YAML::Node& node) {
  if (!node || node.IsNull()) return "nothing";
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return "a scalar";
}

namespace {

// No kubeconfig, key or authority is so long; a device may be.
constexpr std::size_t longest_file = 4u << 20;

// What YAML 1.1 takes for a truth, as the parser that kubectl uses does.
constexpr std::array truths = {"true", "yes", "on", "y"};
constexpr std::array untruths = {"false", "no", "off", "n"};

bool is_one_of(const std::array<const char*, 4>& words, std::string text) {
  // As written in small letters, with a first capital, or in capitals.
  std::string small = text;
  std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string capital = small;
  if (!capital.empty()) capital[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capital[0])));
  std::string capitals = small;
  std::transform(capitals.begin(), capitals.end(), capitals.begin(), [](unsigned char c) { return std::toupper(c); });
  if (text != small && text != capital && text != capitals) return false;
  return std::find(words.begin(), words.end(), small) != words.end();
}

std::optional<bool> truth(const YAML::Node& node) {
  if (!node.IsScalar() || node.Tag() == "!") return std::nullopt;  // "!": it is in quotes
  if (is_one_of(truths, node.Scalar())) return true;
  if (is_one_of(untruths, node.Scalar())) return false;
  return std::nullopt;
}

boost::json::value number(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const bool like_one = node.Tag() != "!" && !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
                          return (c >= '0' && c <= '9') || std::string_view("+-.eE").find(c) != std::string_view::npos;
                        });
  if (!like_one) return nullptr;
  boost::system::error_code error;
  auto value = boost::json::parse(text, error);
  return error ? boost::json::value(nullptr) : value;
}

/// As kubectl has it, a number or a truth is no string: it must be in quotes.
std::string text_of(const YAML::Node& node, const std::string& path) {
  if (!node.IsScalar()) throw ConfigError(path, kind_of(node), "a string");
  if (truth(node) || !number(node).is_null()) {
    // Not shown: it may be a password.
    throw ConfigError(path, truth(node) ? "true or false" : "a number", "a string", "put it in quotes");
  }
  return node.Scalar();
}

}  // namespace

std::string text_at(const Entry& entry, const char* key) {
  const YAML::Node node = entry.body[key];
  if (!node || node.IsNull()) return {};
  return text_of(node, entry.path + '.' + key);
}

bool flag_at(const Entry& entry, const char* key) {
  const YAML::Node node = entry.body[key];
  if (!node || node.IsNull()) return false;
  if (const auto value = truth(node)) return *value;
  throw ConfigError(entry.path + '.' + key, node.IsScalar() ? in_quotes(node.Scalar()) : kind_of(node),
                    "true or false");
}

std::string read_file(const fs::path& path, const std::string& named_at) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    throw ConfigError(named_at, in_quotes(path.string()), "a file", "it is a directory");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw ConfigError(named_at, in_quotes(path.string()), "a readable file",
                      fs::exists(path, error) ? "it cannot be opened" : "there is no such file");
  }
  std::string text;
  std::array<char, 4096> buffer;
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > longest_file) {
      throw ConfigError(named_at, in_quotes(path.string()), "a file of at most 4 MiB", "it is longer");
    }
  }
  return text;
}

fs::path resolved(const Entry& entry, const char* key, const std::string& written) {
  const fs::path path(written);
  if (path.is_absolute()) return path;
  if (entry.folder.empty()) {
    throw ConfigError(entry.path + '.' + key, in_quotes(written), "an absolute path",
                      "a kubeconfig that is not a file has no folder to start from");
  }
  return entry.folder / path;
}

namespace {

std::string decode_base64(const std::string& text, const std::string& path) {
  std::string out;
  unsigned bits = 0;
  unsigned held = 0;
  std::size_t digits = 0;
  bool padded = false;
  const auto refuse = [&] {
    // Not shown: it may be a private key.
    throw ConfigError(path, "a text that is not base64", "base64");
  };
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    unsigned value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<unsigned>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<unsigned>(c - 'a') + 26;
    else if (c >= '0' && c <= '9')
      value = static_cast<unsigned>(c - '0') + 52;
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else if (c == '=') {
      padded = true;
      ++digits;
      continue;
    } else
      refuse();
    if (padded) refuse();
    ++digits;
    held = held << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(held >> bits & 0xff);
    }
  }
  if (digits % 4 != 0) refuse();
  return out;
}

// What a plugin is told of the cluster goes into one variable, which Linux keeps below 128 KiB; and Boost.JSON reads
// what is nested 32 deep. An anchor that holds itself has no end at all.
constexpr int deepest = 16;
constexpr std::size_t longest_json = 64u << 10;

struct JsonLimit {
  const Entry& entry;
  std::size_t left = longest_json;
  void take(std::size_t size, int depth) {
    if (depth > deepest) throw ConfigError(entry.path, "something nested too deep", "at most 16 levels");
    if (size >= left) throw ConfigError(entry.path, "something too long", "at most 64 KiB");
    left -= size;
  }
};

boost::json::value json_value(const YAML::Node& node, JsonLimit& limit, int depth = 0) {
  limit.take(1, depth);
  if (!node || node.IsNull()) return nullptr;
  if (node.IsSequence()) {
    boost::json::array array;
    for (const auto& item : node) array.push_back(json_value(item, limit, depth + 1));
    return array;
  }
  if (node.IsMap()) {
    boost::json::object object;
    for (const auto& item : node) {
      const std::string key = item.first.IsScalar() ? item.first.Scalar() : "";
      limit.take(key.size(), depth);
      object[key] = json_value(item.second, limit, depth + 1);
    }
    return object;
  }
  if (const auto value = truth(node)) return *value;
  if (auto value = number(node); !value.is_null()) return value;
  return boost::json::value(node.Scalar());
}

}  // namespace

std::vector<std::string> texts_at(const Entry& entry, const char* key) {
  const YAML::Node node = entry.body[key];
  std::vector<std::string> out;
  if (!node || node.IsNull()) return out;
  if (!node.IsSequence()) throw ConfigError(entry.path + '.' + key, kind_of(node), "a list of strings");
  for (const auto& item : node) {
    out.push_back(text_of(item, entry.path + '.' + key + '[' + std::to_string(out.size()) + ']'));
  }
  return out;
}

Entry entry_at(const Entry& entry, const char* key) {
  const YAML::Node node = entry.body[key];
  Entry out{node ? YAML::Node(node) : YAML::Node(), entry.path + '.' + key, entry.folder};
  if (!out.body.IsNull() && !out.body.IsMap()) throw ConfigError(out.path, kind_of(node), "a map");
  return out;
}

Pem data_or_file(const Entry& entry, const char* key) {
  const std::string data_key = std::string(key) + "-data";
  const std::string data = text_at(entry, data_key.c_str());
  const std::string file = text_at(entry, key);
  if (!data.empty()) {
    if (!file.empty()) {
      throw ConfigError(entry.path + '.' + data_key, "a value beside " + std::string(key), "one of the two");
    }
    return {decode_base64(data, entry.path + '.' + data_key), {}};
  }
  if (file.empty()) return {};
  const fs::path path = fs::absolute(resolved(entry, key, file));
  return {read_file(path, entry.path + '.' + key), path.string()};
}

void refuse_misspelled_keys(const Entry& entry, const std::vector<std::string>& names) {
  for (const auto& field : entry.body) {
    if (!field.first.IsScalar()) continue;
    const std::string key = field.first.Scalar();
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    const std::string hint = did_you_mean(key, names);
    if (!hint.empty()) {
      throw ConfigError(entry.path + '.' + key, "an unknown key", "a key of a kubeconfig", hint);
    }
  }
}

std::string json_of(const Entry& entry) {
  JsonLimit limit{entry};
  return boost::json::serialize(json_value(entry.body, limit));
}

}  // namespace stepop::kube
