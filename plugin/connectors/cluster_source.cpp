#include "connectors/cluster_source.hpp"

#include <utility>

#include "connectors/connector.hpp"
#include "connectors/this_process.hpp"
#include "kube/timestamp.hpp"

namespace stepop::connectors {
namespace {

// For all questions of one fetch together.
constexpr std::chrono::seconds kPatience{30};

}  // namespace

std::unique_ptr<kube::CredentialSource> make_cluster_source(boost::asio::io_context& io, Configuration configuration,
                                                            std::map<std::string, std::string> variables,
                                                            std::function<void(const plugin::Error&)> trouble) {
  auto flow = [configuration = std::move(configuration),
               variables = std::move(variables)](const std::function<bool()>& stopped) {
    const auto around = surroundings_of_this_process(variables, kPatience, stopped);
    Access obtained = make_connector(configuration)->access(around, configuration.resource_id);
    kube::FreshAccess fresh{std::move(obtained.access), std::nullopt, std::nullopt};
    // A certificate that never ends says so with the year 9999 (RFC 5280, 4.1.2.5).
    if (obtained.expires_at) fresh.expires_at = kube::to_wall_clock(*obtained.expires_at);
    const auto ours = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto ahead = around.now() - ours;
    // A second may have passed in between.
    if (std::chrono::abs(ahead) > std::chrono::seconds{1}) fresh.their_time = ours + ahead;
    return fresh;
  };
  return std::make_unique<BlockingSource>(io, std::move(flow), std::move(trouble));
}

}  // namespace stepop::connectors
