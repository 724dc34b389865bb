#include "kube/response_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>
#include <utility>

#include "kube/timestamp.hpp"

namespace stepop::kube {

namespace http = boost::beast::http;
using boost::beast::error_code;

namespace {

std::string_view plain(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

constexpr std::string_view protocol = "HTTP/1.";
constexpr std::string_view last_chunk = "0\r\n\r\n";
constexpr std::string_view end_of_head = "\r\n\r\n";

/// The text of `299 - "some text" ["date"]` (RFC 7234, 5.5), as the API server writes it.
std::string warning_text(std::string_view value) {
  const auto open = value.find('"');
  if (open == std::string_view::npos) return std::string(value);
  std::string out;
  for (std::size_t i = open + 1; i < value.size() && value[i] != '"'; ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

}  // namespace

class ResponseReader::Parser : public http::basic_parser<false> {
 public:
  explicit Parser(ResponseReader& owner) : owner_(owner) {
    header_limit(static_cast<std::uint32_t>(owner.max_head_));
    if (owner.max_body_ != 0) {
      body_limit(owner.max_body_);
    } else {
      body_limit(boost::none);
    }
  }

  int status = 0;
  bool interim() const { return status >= 100 && status < 200; }

 private:
  void on_request_impl(http::verb, boost::beast::string_view, boost::beast::string_view, int, error_code& ec) override {
    ec = http::error::bad_version;
  }
  void on_response_impl(int code, boost::beast::string_view, int, error_code&) override {
    status = code;
    owner_.head_ = Response{};
    owner_.head_.status = code;
  }
  void on_field_impl(http::field name, boost::beast::string_view name_text, boost::beast::string_view value,
                     error_code&) override {
    if (owner_.head_complete_) return;  // a trailer
    Response& head = owner_.head_;
    switch (name) {
      case http::field::content_type:
        head.content_type = plain(value);
        break;
      case http::field::date:
        head.date = plain(value);
        break;
      case http::field::warning:
        head.warnings.push_back(warning_text(plain(value)));
        break;
      case http::field::retry_after:
        retry_after_ = plain(value);
        break;
      default:
        if (boost::beast::iequals(name_text, "Audit-Id")) head.audit_id = plain(value);
    }
  }
  void on_header_impl(error_code&) override {
    if (interim()) return;
    long seconds = 0;
    const char* last = retry_after_.data() + retry_after_.size();
    if (const auto [end, error] = std::from_chars(retry_after_.data(), last, seconds);
        error == std::errc{} && end == last && seconds >= 0) {
      owner_.head_.retry_after = std::chrono::seconds{seconds};
    } else if (const auto when = parse_http_date(retry_after_)) {
      // Measured by the server's clock: ours may be off.
      if (const auto date = parse_http_date(owner_.head_.date)) {
        owner_.head_.retry_after =
            std::max(std::chrono::seconds{0}, std::chrono::duration_cast<std::chrono::seconds>(*when - *date));
      }
    }
    owner_.head_complete_ = true;
    if (owner_.handlers_.head) owner_.handlers_.head(owner_.head_);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(boost::beast::string_view body, error_code&) override {
    if (owner_.handlers_.body) owner_.handlers_.body(plain(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view body, error_code&) override {
    if (owner_.handlers_.body) owner_.handlers_.body(plain(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  ResponseReader& owner_;
  std::string retry_after_;
};

ResponseReader::ResponseReader(std::size_t max_head, std::size_t max_body, Handlers handlers)
    : handlers_(std::move(handlers)), max_head_(max_head), max_body_(max_body) {
  parser_ = std::make_unique<Parser>(*this);
}

ResponseReader::~ResponseReader() = default;

ResponseReader::Progress ResponseReader::feed(std::string_view bytes) {
  if (!bytes.empty()) began_ = true;
  if (head_complete_) return feed_body(bytes);
  // A head is given to the parser whole: in parts, its limit would be one for each part.
  pending_.append(bytes);
  for (;;) {
    if (!pending_.starts_with(std::string_view(protocol).substr(0, pending_.size()))) {
      return fail(TransportError::Kind::Protocol, "the answer is not HTTP/1.x");
    }
    const std::size_t end = pending_.find(end_of_head);
    if (end == std::string::npos ? pending_.size() > max_head_ : end + end_of_head.size() > max_head_) {
      return fail(TransportError::Kind::Protocol,
                  "the head of the answer is longer than " + std::to_string(max_head_) + " bytes");
    }
    if (end == std::string::npos) return Progress::More;
    const std::size_t size = end + end_of_head.size();
    parser_->eager(false);
    error_code error;
    const std::size_t used = parser_->put(boost::asio::buffer(pending_.data(), size), error);
    if (error == http::error::body_limit) return too_large();
    if (error || used != size || !parser_->is_header_done()) {
      return fail(TransportError::Kind::Protocol,
                  "the answer is not HTTP: " + (error ? error.message() : std::string("its head is cut")));
    }
    pending_.erase(0, size);
    if (!parser_->interim()) break;
    if (parser_->status == 101) return fail(TransportError::Kind::Protocol, "the server switched protocols unasked");
    parser_ = std::make_unique<Parser>(*this);
  }
  parser_->eager(true);
  if (parser_->is_done()) return finished(!pending_.empty());
  const std::string body = std::exchange(pending_, {});
  return feed_body(body);
}

ResponseReader::Progress ResponseReader::feed_body(std::string_view bytes) {
  const bool buffered = !pending_.empty();
  if (buffered) {
    pending_.append(bytes);
    // Beast 1.81 asserts that the rest of a last chunk, when it comes back to it, has at least so many bytes.
    if (pending_.size() < last_chunk.size()) return Progress::More;
    bytes = pending_;
  }
  for (;;) {
    error_code error;
    const std::size_t used = bytes.empty() ? 0 : parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error && error != http::error::need_more) {
      if (error == http::error::body_limit) return too_large();
      return fail(TransportError::Kind::Protocol, "the answer is not HTTP: " + error.message());
    }
    if (parser_->is_done()) return finished(!bytes.empty());
    if (used == 0 || bytes.empty() || error == http::error::need_more) break;
  }
  // The rest is the beginning of a chunk's size line or of a trailer: it is parsed again with what comes next.
  if (bytes.size() > max_head_) {
    return fail(TransportError::Kind::Protocol, "the answer has an endless line in its chunks");
  }
  if (buffered) {
    pending_.erase(0, pending_.size() - bytes.size());
  } else {
    pending_.assign(bytes);
  }
  return Progress::More;
}

ResponseReader::Progress ResponseReader::end(bool clean) {
  if (!head_complete_) {
    return fail(TransportError::Kind::Reset, began_ ? "the connection ended within the head of the answer"
                                                    : "the connection ended before an answer");
  }
  error_code error;
  parser_->put_eof(error);
  if (error || !parser_->is_done()) {
    return fail(TransportError::Kind::Reset, "the connection ended within the answer");
  }
  if (!clean) {
    return fail(TransportError::Kind::Reset,
                "the connection broke, and the answer has no length to tell whether it is whole");
  }
  return finished(true);
}

ResponseReader::Progress ResponseReader::fail(TransportError::Kind kind, std::string message) {
  failure_kind_ = kind;
  failure_ = std::move(message);
  return Progress::Failed;
}

ResponseReader::Progress ResponseReader::too_large() {
  return fail(TransportError::Kind::TooLarge, "the answer is longer than " + std::to_string(max_body_) + " bytes");
}

ResponseReader::Progress ResponseReader::finished(bool leftover) {
  keep_alive_ = !leftover && parser_->keep_alive();
  return Progress::Done;
}

TransportError::Kind ResponseReader::failure_kind() const noexcept {
  return failure_kind_;
}
const std::string& ResponseReader::failure() const noexcept {
  return failure_;
}
bool ResponseReader::began() const noexcept {
  return began_;
}
bool ResponseReader::head_complete() const noexcept {
  return head_complete_;
}
bool ResponseReader::keep_alive() const noexcept {
  return keep_alive_;
}
const Response& ResponseReader::head() const noexcept {
  return head_;
}

}  // namespace stepop::kube
