#include "connectors/cluster_source.hpp"

#include <utility>

#include "connectors/connector.hpp"
#include "connectors/this_process.hpp"

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
    kube::FreshAccess fresh{std::move(obtained.access), obtained.expires_at, std::nullopt};
    const auto ours = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto ahead = around.now() - ours;
    // A second may have passed in between.
    if (std::chrono::abs(ahead) > std::chrono::seconds{1}) fresh.their_time = ours + ahead;
    return fresh;
  };
  return std::make_unique<BlockingSource>(io, std::move(flow), std::move(trouble));
}

}  // namespace stepop::connectors
