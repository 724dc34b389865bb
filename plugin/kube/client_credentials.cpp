#include <tuple>

#include "kube/client_impl.hpp"
#include "kube/config_error.hpp"
#include "kube/timestamp.hpp"

namespace stepop::kube {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;

// Whether connections that were made for the one serve the other. A new token needs no new connections, and nor does an
// open watch.
bool same_connections(const ClusterAccess& one, const ClusterAccess& other) {
  const auto parts = [](const ClusterAccess& a) {
    return std::tie(a.server, a.ca_pem, a.tls_server_name, a.insecure_skip_tls_verify, a.proxy_url,
                    a.client_certificate_pem, a.client_key_pem, a.impersonate.user, a.impersonate.uid,
                    a.impersonate.groups, a.impersonate.extra);
  };
  return parts(one) == parts(other);
}

}  // namespace

bool Client::Impl::credentials_ready() {
  look_at_files();
  if (!source_) return true;
  if (renewal_.due(Clock::now())) renew();
  switch (renewal_.ask(Clock::now())) {
    case Renewal::Answer::Use:
      return true;
    case Renewal::Answer::Wait:
      return false;
    case Renewal::Answer::Fail:
      fail_who_waits();
      return false;
  }
  return false;
}

void Client::Impl::renew() {
  renewal_.started();
  source_->fetch([weak = weak_from_this()](Fetched fetched) {
    if (const auto self = weak.lock(); self && !self->stopped_) self->on_fetched(std::move(fetched));
  });
}

void Client::Impl::on_fetched(Fetched fetched) {
  const double random = std::uniform_real_distribution<double>{0, 1}(random_);
  try {
    if (auto* problem = std::get_if<std::string>(&fetched)) {
      renewal_.failed(Clock::now(), std::move(*problem), random);
    } else {
      const bool whole = std::holds_alternative<FreshAccess>(fetched);
      const auto expires_at = whole ? take_in(std::get<FreshAccess>(std::move(fetched)))
                                    : take_in(std::get<Credentials>(std::move(fetched)));
      renewal_.renewed(Clock::now(), std::chrono::system_clock::now(), expires_at, random);
    }
  } catch (const ConfigError& mistake) {
    renewal_.failed(Clock::now(), "the credentials cannot be used: " + std::string(mistake.what()), random);
  }
  arm_renewal();
  dispatch();
  std::vector<std::pair<std::uint64_t, StreamPtr>> awaiting;
  for (const auto& [id, stream] : streams_) {
    if (stream->awaits_credentials) awaiting.emplace_back(id, stream);
  }
  for (const auto& [id, stream] : awaiting) start_stream(id, stream);
}

std::optional<Renewal::Wall> Client::Impl::take_in(Credentials credentials) {
  if (!credentials.client_key_pem.empty()) {
    ClusterAccess changed = access_;
    changed.client_certificate_pem = credentials.client_certificate_pem;
    changed.client_key_pem = credentials.client_key_pem;
    changed.client_certificate_file.clear();
    changed.client_key_file.clear();
    use_peer(changed);
    access_ = std::move(changed);
  }
  obtained_ = std::move(credentials);
  return obtained_.expires_at;
}

std::optional<Renewal::Wall> Client::Impl::take_in(FreshAccess fresh) {
  Authorization authorization(fresh.access);
  if (peer_generation_ == 0 || !same_connections(fresh.access, access_)) use_peer(fresh.access);
  access_ = std::move(fresh.access);
  authorization_ = std::move(authorization);
  if (fresh.their_time) renewal_.server_said(*fresh.their_time, std::chrono::system_clock::now());
  return fresh.expires_at;
}

void Client::Impl::arm_renewal() {
  const auto next = renewal_.next();
  if (!next) return;
  renewal_timer_.expires_at(*next);
  renewal_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->stopped_) return;
    if (self->renewal_.due(Clock::now())) self->renew();
  });
}

void Client::Impl::fail_who_waits() {
  queue_.clear();
  for (auto& [id, call] : calls_) {
    if (!call->waiting) continue;
    call->waiting = false;
    --waiting_;
    finish_call_later(id, {Kind::Credentials, false, renewal_.problem()});
  }
  for (auto& [id, stream] : streams_) {
    if (!stream->awaits_credentials) continue;
    stream->awaits_credentials = false;
    end_stream_later(id, {Kind::Credentials, false, renewal_.problem()});
  }
}

void Client::Impl::look_at_files() {
  ClusterAccess changed = access_;
  if (!files_.read_again(changed, Clock::now())) return;
  try {
    use_peer(changed);
  } catch (const ConfigError&) {
    // Half of a rotation: a certificate whose key has not come yet. What was good is good until it has.
  }
  access_ = std::move(changed);
}

bool Client::Impl::may_repeat(const SentWith& with) {
  authorization_.refused();
  files_.look_now();
  look_at_files();
  (void)authorization_.header(Clock::now());
  const bool renewing = source_ && renewal_.refused(Clock::now(), with.renewal);
  return renewing || !(with == sent_with());
}

void Client::Impl::note_date(const Response& response) {
  if (const auto date = parse_http_date(response.date)) {
    renewal_.server_said(to_wall_clock(*date), std::chrono::system_clock::now());
  }
}

Client::Impl::ConnectionPtr Client::Impl::make_connection() {
  return std::make_shared<Connection>(make_transport(io_, peer_), counters_, peer_generation_);
}

}  // namespace stepop::kube
