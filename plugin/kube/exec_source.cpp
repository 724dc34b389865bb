#include <boost/asio/post.hpp>
#include <cstring>
#include <stdexcept>

#include "kube/child_process.hpp"
#include "kube/credential_source.hpp"
#include "kube/request_text.hpp"

namespace stepop::kube {
namespace {

class ExecSource final : public CredentialSource {
 public:
  ExecSource(boost::asio::io_context& io, ExecPlugin plugin) : io_(io), plugin_(std::move(plugin)) {}

  void fetch(std::function<void(Fetched)> done) override {
    done_ = std::move(done);
    ChildCommand command{find_program(plugin_.command, plugin_.environment), plugin_.arguments, plugin_.environment,
                         plugin_.timeout};
    std::erase_if(command.environment,
                  [](const std::string& line) { return line.starts_with("KUBERNETES_EXEC_INFO="); });
    command.environment.push_back("KUBERNETES_EXEC_INFO=" + exec_info(plugin_));
    if (command.program.empty()) {
      boost::asio::post(io_, [this, alive = std::weak_ptr<int>(alive_)] {
        if (!alive.expired()) tell(missing());
      });
      return;
    }
    process_.emplace(io_, std::move(command), [this](ChildResult result) { tell(read(result)); });
  }

 private:
  void tell(Fetched fetched) {
    const auto done = std::move(done_);
    done_ = nullptr;
    done(std::move(fetched));
  }

  std::string missing() const {
    std::string problem = name() + " is not installed";
    if (plugin_.command.find('/') == std::string::npos) problem += " (not in PATH)";
    if (!plugin_.install_hint.empty()) problem += ": " + exec_stderr({}, plugin_.install_hint);
    return problem;
  }

  Fetched read(const ChildResult& result) const {
    std::string problem;
    switch (result.end) {
      case ChildResult::End::Exited:
        if (result.code == 0) {
          try {
            return read_exec_credential(plugin_, result.out);
          } catch (const std::runtime_error& error) {
            problem = error.what();
          }
        } else {
          problem = "ended with exit code " + std::to_string(result.code);
        }
        break;
      case ChildResult::End::Signalled:
        problem = "was ended by signal " + std::to_string(result.code);
        break;
      case ChildResult::End::TimedOut:
        problem = "had not ended after " + time_text(plugin_.timeout) + ", and was killed";
        break;
      case ChildResult::End::TooMuch:
        problem = "printed more than 1 MiB";
        break;
      case ChildResult::End::NotStarted:
        problem = std::string("cannot be run: ") + std::strerror(result.code);
        break;
    }
    const std::string said = exec_stderr(plugin_, result.err);
    return name() + ' ' + problem + (said.empty() ? std::string() : "; it says: " + said);
  }

  std::string name() const { return "the credential plugin " + plugin_.command; }

  boost::asio::io_context& io_;
  ExecPlugin plugin_;
  std::function<void(Fetched)> done_;
  std::optional<ChildProcess> process_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

std::unique_ptr<CredentialSource> make_exec_source(boost::asio::io_context& io, ExecPlugin plugin) {
  return std::make_unique<ExecSource>(io, std::move(plugin));
}

}  // namespace stepop::kube
