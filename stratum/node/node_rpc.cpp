#include "stratum/node/node_rpc.h"

#include <curl/curl.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "core/printable.h"

namespace ebb::stratum::node {
namespace {

namespace json = boost::json;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using UrlHandle = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;
using EasyHandle = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, Deleter<curl_multi_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;

std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string result = text;
  curl_free(text);
  return result;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* body_pointer) {
  auto& body = *static_cast<std::string*>(body_pointer);
  if (body.size() + size > NodeRpc::kMaxResponseBytes) return 0;
  body.append(data, size);
  return size;
}

std::string error_text(const json::value& error) {
  const json::object* object = error.if_object();
  const json::value* message = object ? object->if_contains("message") : nullptr;
  if (message != nullptr && message->is_string())
    return core::printable({message->get_string().data(), message->get_string().size()});
  return core::printable(json::serialize(error));
}

/// RPC_MISC_ERROR where the node gives no number.
int error_code(const json::value& error) {
  const json::object* object = error.if_object();
  const json::value* code = object ? object->if_contains("code") : nullptr;
  const std::int64_t* number = code ? code->if_int64() : nullptr;
  return number && *number >= -100'000 && *number < 0 ? static_cast<int>(*number) : -1;
}

}  // namespace

struct NodeRpc::Connection {
  MultiHandle multi;
  EasyHandle easy;
  HeaderList headers;
  std::string address;
  std::filesystem::path cookie_file;
  std::string cookie;  ///< as last read; secret
  std::string body;    ///< of the answer being received
  std::uint64_t last_id = 0;

  /// Whether the file holds a cookie other than the one in use, which it then replaces.
  bool read_cookie();

  /// The HTTP status of a complete answer.
  tl::expected<long, RpcError> perform(const std::stop_token& stop);
};

tl::expected<NodeRpc, RpcError> NodeRpc::create(const NodeAccess& access,
                                                std::chrono::milliseconds timeout) {
  UrlHandle parsed(curl_url());
  const auto scheme = curl_url_set(parsed.get(), CURLUPART_URL, access.url.c_str(), 0) == CURLUE_OK
                          ? part_of(parsed.get(), CURLUPART_SCHEME)
                          : std::nullopt;
  if (!scheme || (*scheme != "http" && *scheme != "https"))
    return tl::unexpected(
        RpcError{"the node's URL is not http://host:port or https://host:port", 0});
  const auto user = part_of(parsed.get(), CURLUPART_USER, CURLU_URLDECODE);
  const auto password = part_of(parsed.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  curl_url_set(parsed.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(parsed.get(), CURLUPART_PASSWORD, nullptr, 0);

  auto connection = std::make_unique<Connection>();
  connection->address = part_of(parsed.get(), CURLUPART_URL).value_or("");
  connection->cookie_file = access.cookie_file;
  connection->multi.reset(curl_multi_init());
  connection->easy.reset(curl_easy_init());
  connection->headers.reset(curl_slist_append(nullptr, "Content-Type: application/json"));
  // Without this a block above 1 MiB would wait for the node's permission to be sent.
  curl_slist_append(connection->headers.get(), "Expect:");
  CURL* easy = connection->easy.get();
  if (easy == nullptr || connection->multi == nullptr || connection->headers == nullptr)
    return tl::unexpected(RpcError{"libcurl could not start", 0});

  using std::chrono::milliseconds;
  curl_easy_setopt(easy, CURLOPT_URL, connection->address.c_str());
  if (user) curl_easy_setopt(easy, CURLOPT_USERNAME, user->c_str());
  if (password) curl_easy_setopt(easy, CURLOPT_PASSWORD, password->c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  // The node is the user's own: its password goes to no proxy that the environment names.
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(milliseconds(kConnectTimeout).count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!access.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, access.ca_file.c_str());
    // Or the system's authorities would vouch as well.
    curl_easy_setopt(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name server
#endif
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, connection->headers.get());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &connection->body);
  return NodeRpc(std::move(connection));
}

NodeRpc::NodeRpc(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
NodeRpc::NodeRpc(NodeRpc&&) noexcept = default;
NodeRpc& NodeRpc::operator=(NodeRpc&&) noexcept = default;
NodeRpc::~NodeRpc() = default;

const std::string& NodeRpc::address() const {
  return connection_->address;
}

tl::expected<json::value, RpcError> NodeRpc::call(std::string_view method, json::array params,
                                                  std::stop_token stop) {
  const auto failed = [&](std::string_view what) {
    return tl::unexpected(RpcError{std::string(method).append(": ").append(what), 0});
  };
  const std::string request = json::serialize(json::object{
      {"jsonrpc", "1.0"},
      {"id", ++connection_->last_id},
      {"method", json::string_view(method.data(), method.size())},
      {"params", std::move(params)},
  });
  curl_easy_setopt(connection_->easy.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request.size()));
  curl_easy_setopt(connection_->easy.get(), CURLOPT_POSTFIELDS, request.data());
  const bool by_cookie = !connection_->cookie_file.empty();
  if (by_cookie && connection_->cookie.empty() && !connection_->read_cookie())
    return failed("no cookie in " + connection_->cookie_file.string());
  auto status = connection_->perform(stop);
  // A node that was started again has a new one.
  if (status && *status == 401 && by_cookie && connection_->read_cookie())
    status = connection_->perform(stop);
  const std::string body = std::exchange(connection_->body, {});  // gives the memory back, too
  if (!status) return failed(status.error().what);
  if (*status == 401 || *status == 403) {
    return failed(by_cookie ? "the node refuses the cookie in " + connection_->cookie_file.string()
                            : "the node refuses the user or password in its URL");
  }

  // Core sends its errors as JSON with status 500 or 404, bcoin with 200.
  json::error_code error;
  json::value answer = json::parse(body, error);
  if (error || !answer.is_object())
    return failed("HTTP status " + std::to_string(*status) + ", not JSON-RPC");
  json::object& object = answer.get_object();
  const json::value* rpc_error = object.if_contains("error");
  if (rpc_error != nullptr && !rpc_error->is_null()) {
    return tl::unexpected(
        RpcError{std::string(method) + ": " + error_text(*rpc_error), error_code(*rpc_error)});
  }
  json::value* result = object.if_contains("result");
  if (result == nullptr) return failed("an answer without a result");
  return std::move(*result);
}

bool NodeRpc::Connection::read_cookie() {
  constexpr std::size_t kMaxCookie = 1000;
  std::ifstream file(cookie_file);
  std::string line(kMaxCookie, '\0');
  file.read(line.data(), kMaxCookie);
  line.resize(static_cast<std::size_t>(file.gcount()));
  line.resize(std::min(line.size(), line.find_first_of("\r\n")));
  if (line.empty() || line == cookie) return false;
  cookie = std::move(line);
  curl_easy_setopt(easy.get(), CURLOPT_USERPWD, cookie.c_str());
  return true;
}

tl::expected<long, RpcError> NodeRpc::Connection::perform(const std::stop_token& stop) {
  body.clear();
  // The multi interface for one transfer: its wait can be ended from another thread.
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi.get()); });
  curl_multi_add_handle(multi.get(), easy.get());
  const struct Remove {
    Connection& self;
    ~Remove() { curl_multi_remove_handle(self.multi.get(), self.easy.get()); }
  } remove{*this};

  while (true) {
    int running = 0;
    CURLMcode code = curl_multi_perform(multi.get(), &running);
    if (code == CURLM_OK && running != 0) {
      if (stop.stop_requested()) return tl::unexpected(RpcError{"stopped", 0});
      // The transfer's own timeouts and a wake-up end this sooner.
      code = curl_multi_poll(multi.get(), nullptr, 0, 10'000, nullptr);
    }
    if (code != CURLM_OK) return tl::unexpected(RpcError{curl_multi_strerror(code), 0});
    if (running == 0) break;
  }

  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi.get(), &left);
  if (message == nullptr || message->msg != CURLMSG_DONE)
    return tl::unexpected(RpcError{"no answer", 0});
  if (message->data.result == CURLE_WRITE_ERROR)
    return tl::unexpected(
        RpcError{"an answer above " + std::to_string(kMaxResponseBytes >> 20) + " MiB", 0});
  // The text of the code, not of the error buffer, which may quote what the user wrote.
  if (message->data.result != CURLE_OK)
    return tl::unexpected(RpcError{curl_easy_strerror(message->data.result), 0});
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

}  // namespace ebb::stratum::node
