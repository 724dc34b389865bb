#include "connectors/answer.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>

#include "kube/targets.hpp"
#include "kube/timestamp.hpp"

namespace stepop::connectors {
namespace {

constexpr std::size_t kLongestMessage = 400;  // of a cloud's words: the rest is a request's repetition

void replace_all(std::string& text, const std::string& what) {
  // Shorter ones would black out words.
  if (what.size() < 4) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at))
    text.replace(at, what.size(), "***");
}

bool is_json(const Answer& answer, json::object& out) {
  json::error_code error;
  json::value value = json::parse(answer.body, error);
  if (error || !value.is_object()) return false;
  out = std::move(value.get_object());
  return true;
}

std::string between(std::string_view text, std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">", close = "</" + std::string(tag) + ">";
  const auto begin = text.find(open);
  if (begin == std::string_view::npos) return "";
  const auto end = text.find(close, begin);
  if (end == std::string_view::npos) return "";
  return std::string(text.substr(begin + open.size(), end - begin - open.size()));
}

std::string joined(const std::string& code, const std::string& message) {
  return code.empty() ? message : message.empty() ? code : code + ": " + message;
}

// The clouds' ways of saying what is wrong:
//   Google's APIs  {"error": {"status", "message"}}     Azure's  {"error": {"code", "message"}}
//   OAuth 2.0      {"error", "error_description"}       AWS JSON {"__type" or "code", "message"}
//   AWS query      <Error><Code>, <Message>
std::string words_of(const Answer& answer) {
  json::object object;
  if (!is_json(answer, object)) return joined(between(answer.body, "Code"), between(answer.body, "Message"));
  if (const json::value* error = object.if_contains("error")) {
    if (const json::object* inner = error->if_object()) {
      const std::string status = text_or_empty(*inner, "status");
      return joined(status.empty() ? text_or_empty(*inner, "code") : status, text_or_empty(*inner, "message"));
    }
    return joined(text_or_empty(object, "error"), text_or_empty(object, "error_description"));
  }
  std::string code = text_or_empty(object, "__type");
  if (code.empty()) code = text_or_empty(object, "code");
  std::string message = text_or_empty(object, "message");
  if (message.empty()) message = text_or_empty(object, "Message");
  return joined(code, message);
}

std::string kind_of(const Answer& answer) {
  if (answer.body.empty()) return "nothing";
  if (answer.content_type.empty()) return "something that is no JSON object";
  return answer.content_type.substr(0, answer.content_type.find(';'));
}

}  // namespace

std::string without_secrets(std::string_view text, const std::vector<std::string>& secrets) {
  std::string clean(text);
  for (const std::string& secret : secrets) {
    replace_all(clean, secret);
    replace_all(clean, kube::percent_encode(secret));
  }
  clean.resize(std::min(clean.size(), clean.find_first_of("\r\n")));
  if (clean.size() > kLongestMessage) clean = clean.substr(0, kLongestMessage) + "…";
  return clean;
}

Error refusal(const Call& call, const Answer& answer, const std::string& what, const std::string& hint) {
  const std::string server = origin_of(call.url);
  const std::string status = std::to_string(answer.status);
  Finding finding{Finding::Level::error, "Refused", "", "", hint, false};
  stepop_code code = STEPOP_E_FORBIDDEN;
  const std::string words = without_secrets(words_of(answer), call.secrets);
  const std::string said = words.empty() ? " (it answered with " + kind_of(answer) + ")" : ": " + words;
  if (answer.status >= 300 && answer.status < 400) {
    code = STEPOP_E_UNAVAILABLE;
    finding.code = "Redirected";
    finding.message = what + ": " + server + " redirects (" + status + "), which credentials never follow";
    finding.hint = "correct the endpoint; or a proxy or a login page stands between";
  } else if (answer.status == 429 || answer.status >= 500) {
    code = STEPOP_E_UNAVAILABLE;
    finding.code = answer.status == 429 ? "TooManyRequests" : "ServerError";
    finding.message = what + ": " + server + " answered " + status + said;
    finding.hint = answer.status == 429 && answer.retry_after
                       ? "ask again after " + std::to_string(answer.retry_after->count()) + " s"
                       : "ask again later";
    finding.retryable = true;
  } else if (answer.status == 404) {
    code = STEPOP_E_NOT_FOUND;
    finding.code = "NotFound";
    finding.message = what + ": " + server + " answered 404" + said;
  } else {
    finding.code = answer.status == 403 ? "Forbidden" : answer.status == 401 ? "Unauthorized" : "Refused";
    finding.message = what + ": " + server + " answered " + status + said;
  }
  return Error(code, std::vector<Finding>{finding});
}

json::object object_of(const Call& call, const Answer& answer, const std::string& what, const std::string& hint) {
  if (answer.status < 200 || answer.status >= 300) throw refusal(call, answer, what, hint);
  json::object object;
  if (!is_json(answer, object)) {
    throw Error(STEPOP_E_UNAVAILABLE,
                what + ": " + origin_of(call.url) + " answered with " + kind_of(answer) + " of " +
                    std::to_string(answer.body.size()) + " bytes, expected a whole JSON object",
                "a proxy or a login page may stand between");
  }
  return object;
}

std::string text_or_empty(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string text_of(const json::object& answer, std::string_view member, const std::string& what) {
  std::string text = text_or_empty(answer, member);
  if (text.empty())
    throw Error(STEPOP_E_UNAVAILABLE, what + ": the answer has no \"" + std::string(member) + "\", expected a text");
  return text;
}

Time expiry_of(const json::object& answer, Time now, const std::string& what) {
  const json::value* value = answer.if_contains("expires_in");
  long long seconds = 0;
  if (value != nullptr && value->is_string()) {
    const auto& text = value->get_string();
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  } else if (value != nullptr && value->is_number()) {
    seconds = value->to_number<long long>();
  }
  if (seconds <= 0 || seconds > 10LL * 365 * 86400)
    throw Error(STEPOP_E_UNAVAILABLE, what + ": the answer has no \"expires_in\", expected a number of seconds");
  return now + std::chrono::seconds{seconds};
}

Time time_of(std::string_view text, const std::string& what) {
  std::string written(text);
  if (written.size() == 19 && written[10] == ' ') written[10] = 'T', written += 'Z';
  const auto time = kube::parse_rfc3339(written);
  if (!time) throw Error(STEPOP_E_UNAVAILABLE, what + ": found a time that is none, expected one as in RFC 3339");
  return std::chrono::floor<std::chrono::seconds>(*time);
}

}  // namespace stepop::connectors
