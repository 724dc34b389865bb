#include "connectors/azure/implicit.hpp"

#include <random>

#include "connectors/encoding.hpp"

namespace stepop::connectors::azure {
namespace {

constexpr std::string_view kDefault = "/.default";

std::string fresh_id() {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(random());
  return hex(bytes);
}

std::string read_required(const Surroundings& around, const std::string& path, const std::string& variable) {
  auto text = around.read_file(path);
  if (!text) throw Error(STEPOP_E_INVALID, variable + ": the file " + path + " cannot be read");
  return *text;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

Token certificate_token(const Surroundings& around, const std::string& tenant, const std::string& client,
                        const std::string& pem, const std::string& password, const std::string& scope,
                        const std::string& path) {
  const Cloud cloud = cloud_of(around);
  const PrivateKey key = PrivateKey::read(pem, password, path);
  const std::string thumbprint = certificate_thumbprint(pem, path);
  const std::string what = "a token of the service principal " + client;
  const auto asked = [&] {
    return assertion_token(
        cloud, tenant, client,
        certificate_assertion(key, thumbprint, client, token_url(cloud, tenant), fresh_id(), around.now()), scope);
  };
  constexpr std::chrono::seconds tolerated{4 * 60};
  const Time before = around.now();
  Call call = asked();
  Answer answer = around.ask(call);
  // An assertion of another time is refused; the refusal tells the right one.
  const auto off = around.now() - before;
  if (answer.status >= 400 && answer.status < 500 && (off > tolerated || -off > tolerated)) {
    call = asked();
    answer = around.ask(call);
  }
  return read_token(call, answer, around.now(), what);
}

Token implicit_token(const Surroundings& around, const std::string& tenant_given, const std::string& scope) {
  const Cloud cloud = cloud_of(around);
  const std::string tenant = tenant_given.empty() ? around.variable("AZURE_TENANT_ID").value_or("") : tenant_given;
  const std::string client = around.variable("AZURE_CLIENT_ID").value_or("");
  const std::string what = "a token of the client " + client;
  const auto ask = [&](const Call& call) { return read_token(call, around.ask(call), around.now(), what); };
  if (!tenant.empty() && !client.empty()) {
    if (const auto secret = around.variable("AZURE_CLIENT_SECRET"))
      return ask(secret_token(cloud, tenant, client, *secret, scope));
    if (const auto file = around.variable("AZURE_CLIENT_CERTIFICATE_PATH")) {
      return certificate_token(around, tenant, client, read_required(around, *file, "AZURE_CLIENT_CERTIFICATE_PATH"),
                               around.variable("AZURE_CLIENT_CERTIFICATE_PASSWORD").value_or(""), scope, *file);
    }
    if (const auto file = around.variable("AZURE_FEDERATED_TOKEN_FILE")) {
      const std::string token = trimmed(read_required(around, *file, "AZURE_FEDERATED_TOKEN_FILE"));
      return ask(assertion_token(cloud, tenant, client, token, scope));
    }
  }
  const std::string resource = scope.substr(0, scope.size() - kDefault.size());
  const auto endpoint = around.variable("IDENTITY_ENDPOINT"), header = around.variable("IDENTITY_HEADER");
  const Call call = endpoint && header ? service_token(*endpoint, *header, resource, client)
                                       : machine_token(around, resource, client);
  Answer answer;
  try {
    answer = around.ask(call);
  } catch (const Error&) {
    throw Error(STEPOP_E_FORBIDDEN,
                "found no Azure credentials: no service principal or workload identity in the environment, and this "
                "machine has no managed identity",
                "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run where there is an identity");
  }
  return read_token(call, answer, around.now(), "a token of this machine's managed identity");
}

}  // namespace stepop::connectors::azure
