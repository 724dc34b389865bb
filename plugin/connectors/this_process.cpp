#include "connectors/this_process.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <stepop/plugin.hpp>

#include "kube/client.hpp"
#include "kube/config_error.hpp"
#include "kube/timestamp.hpp"

namespace stepop::connectors {
namespace {

using Clock = std::chrono::steady_clock;
using plugin::Error;

constexpr std::size_t kLongestAnswer = 16u << 20;  // of a cloud's API: a page of clusters
constexpr std::size_t kLongestFile = 4u << 20;     // of credentials
// A clock that is this near is right: the Date header has whole seconds, and an answer takes its time.
constexpr std::chrono::seconds kRightClock{5};

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  char buffer[4096];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLongestFile) return std::nullopt;
  }
  if (file.bad()) return std::nullopt;
  return text;
}

kube::Request as_request(const Call& call, std::chrono::milliseconds timeout) {
  kube::Request request;
  request.method = call.method;
  request.target = call.url.substr(origin_of(call.url).size());
  if (request.target.empty() || request.target.front() != '/') request.target.insert(0, "/");
  request.body = call.body;
  request.content_type = call.content_type;
  // AWS's services have a JSON of their own for whoever asks for one.
  request.headers.emplace_back("Accept", "*/*");
  for (const auto& header : call.headers) {
    if (header.first != "Content-Type") request.headers.push_back(header);
  }
  request.timeout = timeout;
  request.max_response_bytes = kLongestAnswer;
  return request;
}

Answer ask(const Call& call, std::chrono::milliseconds timeout, const std::function<bool()>& stopped) {
  const std::string server = origin_of(call.url);
  boost::asio::io_context io(1);
  kube::ClusterAccess access;
  access.server = server;
  kube::ClientOptions options;
  options.connect_timeout = std::min(options.connect_timeout, timeout);
  std::optional<kube::Outcome> outcome;
  try {
    kube::Client client(io, access, options);
    client.call(as_request(call, timeout), [&](kube::Outcome answered) {
      outcome = std::move(answered);
      io.stop();
    });
    constexpr std::chrono::milliseconds look_up{200};
    while (!outcome) {
      if (stopped && stopped()) throw Error(STEPOP_E_CLOSED, "nobody waits for an answer of " + server + " any more");
      io.run_for(look_up);
    }
  } catch (const kube::ConfigError& mistake) {
    throw Error(STEPOP_E_INVALID,
                "found " + mistake.found() + " in the endpoint " + server + ", expected " + mistake.expected());
  }
  if (const auto* failure = std::get_if<kube::TransportError>(&*outcome)) {
    const bool late = failure->kind == kube::TransportError::Kind::Timeout;
    throw Error(late ? STEPOP_E_TIMEOUT : STEPOP_E_UNAVAILABLE,
                std::vector<plugin::Finding>{{plugin::Finding::Level::error, std::string(kind_name(failure->kind)), "",
                                              failure->message, "", true}});
  }
  return std::get<Answer>(std::move(*outcome));
}

}  // namespace

std::map<std::string, std::string> environment_of_this_process() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Surroundings surroundings_of_this_process(std::map<std::string, std::string> variables,
                                          std::chrono::milliseconds timeout, std::function<bool()> stopped) {
  Surroundings around;
  around.variables = std::move(variables);
  around.read_file = read_file;
  const auto skew = std::make_shared<std::chrono::seconds>(0);
  const auto local = [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); };
  around.now = [skew, local] { return local() + *skew; };
  around.ask = [skew, local, stopped = std::move(stopped), deadline = Clock::now() + timeout](const Call& call) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) throw Error(STEPOP_E_TIMEOUT, "there was no time left to ask " + origin_of(call.url));
    if (call.timeout.count() > 0) left = std::min(left, call.timeout);
    Answer answer = connectors::ask(call, left, stopped);
    if (const auto date = kube::parse_http_date(answer.date)) {
      const auto off = std::chrono::floor<std::chrono::seconds>(*date) - local();
      *skew = std::chrono::abs(off) > kRightClock ? off : std::chrono::seconds{0};
    }
    return answer;
  };
  return around;
}

Surroundings surroundings_of_this_process(std::chrono::milliseconds timeout) {
  return surroundings_of_this_process(environment_of_this_process(), timeout);
}

}  // namespace stepop::connectors
