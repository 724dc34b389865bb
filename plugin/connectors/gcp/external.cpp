#include "connectors/gcp/external.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "connectors/answer.hpp"
#include "connectors/aws/implicit.hpp"
#include "connectors/encoding.hpp"
#include "kube/targets.hpp"

namespace stepop::connectors::gcp {
namespace {

Error wrong(const std::string& path, const std::string& message, const std::string& hint = "") {
  return Error(STEPOP_E_INVALID,
               std::vector<Finding>{{Finding::Level::error, "WrongValue", path, message, hint, false}});
}

const json::object& member(const json::object& object, std::string_view name) {
  static const json::object none;
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_object() ? found->get_object() : none;
}

// {"format": {"type": "json", "subject_token_field_name"}}; else the text is the token.
std::string of_text(const std::string& text, const json::object& source, const std::string& path) {
  const json::object& format = member(source, "format");
  if (text_or_empty(format, "type") != "json") {
    if (text.empty()) throw wrong(path, "the subject token is empty");
    return text;
  }
  json::error_code error;
  const json::value parsed = json::parse(text, error);
  const std::string name = text_or_empty(format, "subject_token_field_name");
  const std::string token = error || !parsed.is_object() ? "" : text_or_empty(parsed.get_object(), name);
  if (token.empty())
    throw wrong(path, "found no JSON object with the text \"" + name + "\", which would be the subject token");
  return token;
}

void put(std::string& text, std::string_view what, const std::string& with) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

std::string aws_region(const Surroundings& around, const json::object& source, const std::string& path) {
  if (const auto region = around.variable("AWS_REGION")) return *region;
  if (const auto region = around.variable("AWS_DEFAULT_REGION")) return *region;
  const std::string url = text_or_empty(source, "region_url");
  if (url.empty()) throw wrong(path, "found neither AWS_REGION in the environment nor a region_url");
  Call call;
  call.url = url;
  if (const std::string session = text_or_empty(source, "imdsv2_session_token_url"); !session.empty()) {
    Call token;
    token.method = kube::Method::Put;
    token.url = session;
    token.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}};
    const Answer given = around.ask(token);
    if (given.status != 200) throw refusal(token, given, "a session of AWS's metadata service");
    call.headers = {{"x-aws-ec2-metadata-token", given.body}};
  }
  const Answer zone = around.ask(call);
  if (zone.status != 200 || zone.body.empty()) throw refusal(call, zone, "the AWS region of this machine");
  return zone.body.substr(0, zone.body.size() - 1);  // without the zone's letter
}

// A signed GetCallerIdentity, which Google sends to AWS itself.
std::string of_aws(const Surroundings& around, const json::object& file, const json::object& source,
                   const std::string& path) {
  const std::string region = aws_region(around, source, path);
  const auto credentials = aws::implicit_credentials(around, "", region);
  Call call;
  call.method = kube::Method::Post;
  call.url = text_or_empty(source, "regional_cred_verification_url");
  if (call.url.empty()) call.url = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
  put(call.url, "{region}", region);
  call.headers = {{"x-goog-cloud-target-resource", text_or_empty(file, "audience")}};
  const Call made = aws::signed_call(call, credentials, {region, "sts"}, around.now());
  const std::string origin = origin_of(made.url);
  json::array headers{json::object{{"key", "host"}, {"value", origin.substr(origin.find("://") + 3)}}};
  for (const auto& [name, value] : made.headers) {
    const std::string key = name == "X-Amz-Date"             ? "x-amz-date"
                            : name == "X-Amz-Security-Token" ? "x-amz-security-token"
                                                             : name;
    headers.push_back(json::object{{"key", key}, {"value", value}});
  }
  return kube::percent_encode(
      json::serialize(json::object{{"url", made.url}, {"method", "POST"}, {"headers", std::move(headers)}}));
}

}  // namespace

std::string subject_token(const Surroundings& around, const json::object& file, const std::string& path) {
  const json::object& source = member(file, "credential_source");
  const std::string inside = path + ".credential_source";
  if (text_or_empty(source, "environment_id").starts_with("aws")) return of_aws(around, file, source, inside);
  if (const std::string name = text_or_empty(source, "file"); !name.empty()) {
    auto text = around.read_file(name);
    if (!text) throw wrong(inside + ".file", "the file " + name + " cannot be read");
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    return of_text(*text, source, inside);
  }
  if (const std::string url = text_or_empty(source, "url"); !url.empty()) {
    Call call;
    call.url = url;
    for (const auto& header : member(source, "headers")) {
      if (!header.value().is_string()) continue;
      call.headers.emplace_back(header.key(), header.value().get_string());
      call.secrets.emplace_back(header.value().get_string());
    }
    const Answer answer = around.ask(call);
    if (answer.status != 200) throw refusal(call, answer, "the subject token of the external account");
    return of_text(answer.body, source, inside);
  }
  for (const char* other : {"executable", "certificate"}) {
    if (source.contains(other))
      throw wrong(inside + "." + other, "is not possible here", "let it be a file, a url, or AWS");
  }
  throw wrong(inside, "is missing, expected a file, a url, or AWS's environment_id");
}

}  // namespace stepop::connectors::gcp
