#include "sources/http_client.h"

#include "tests/unit/catch.h"
#include "tests/unit/sources/loopback_server.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::tests::http_answer;
using ebb::tests::LoopbackServer;

namespace {

HttpSettings clear_text() {
  HttpSettings settings;
  settings.allow_clear_text = true;
  return settings;
}

tl::expected<HttpAnswer, std::string> get(HttpClient& client, HttpRequest request) {
  return client.request(request, {});
}

tl::expected<HttpAnswer, std::string> get(HttpClient& client, const std::string& url) {
  return get(client, HttpRequest{.url = url});
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A TLS server's certificate, in a file to trust.
struct Trusted {
  ebb::tests::TemporaryFolder folder;
  ebb::tests::Certificate certificate = ebb::tests::make_certificate();
  HttpSettings settings;

  Trusted() {
    settings.ca_file = folder.path() / "ca.pem";
    std::ofstream(settings.ca_file) << certificate.certificate;
  }
};

}  // namespace

TEST_CASE("http: status, body, type and date of an answer of any status") {
  LoopbackServer server([](const std::string& request) {
    return request.starts_with("GET /gone ")
               ? http_answer("", "410 Gone")
               : http_answer("prices", "200 OK",
                             "Content-Type: text/csv\r\nDate: Sun, 01 Feb 2026 12:00:00 GMT\r\n");
  });
  HttpClient client(clear_text());
  const auto answer = get(client, server.url());
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "prices");
  CHECK(answer->content_type == "text/csv");
  CHECK(answer->date == sys_days(2026y / February / 1) + 12h);
  CHECK_FALSE(answer->retry_after);
  const auto gone = get(client, server.url("/gone"));
  REQUIRE(gone);
  CHECK(gone->status == 410);
  CHECK(gone->body.empty());
  CHECK_FALSE(gone->date);
}

TEST_CASE("http: how long a server asks to wait") {
  std::string headers;
  LoopbackServer server(
      [&](const std::string&) { return http_answer("", "429 Too Many Requests", headers); });
  HttpClient client(clear_text());
  const auto wait = [&](std::string text) {
    headers = std::move(text);
    const auto answer = get(client, server.url());
    REQUIRE(answer);
    CHECK(answer->status == 429);
    return answer->retry_after;
  };
  CHECK(wait("Retry-After: 120\r\n") == 120s);
  CHECK(wait("retry-after:7 \r\n") == 7s);
  const std::string date = "Date: Sun, 01 Feb 2026 12:00:00 GMT\r\n";
  const std::string until = "Retry-After: Sun, 01 Feb 2026 12:10:00 GMT\r\n";
  CHECK(wait(date + until) == 600s);
  CHECK(wait(until + date) == 600s);
  CHECK(wait(date + "Retry-After: Sun, 01 Feb 2026 11:00:00 GMT\r\n") == 0s);
  const std::vector<std::string> nothing{"", "Retry-After: soon\r\n", "Retry-After: -5\r\n", until};
  for (const std::string& none : nothing) {
    CHECK_FALSE(wait(none));
  }
}

TEST_CASE("http: a longer body than allowed is no answer") {
  LoopbackServer server([](const std::string& request) {
    return http_answer(std::string(request.starts_with("GET /fits ") ? 1000 : 1001, 'x'));
  });
  HttpSettings settings = clear_text();
  settings.max_body = 1000;
  HttpClient client(settings);
  CHECK(get(client, server.url("/fits"))->body.size() == 1000);
  CHECK(get(client, server.url()).error() == "an answer of more than 1000 bytes");
  CHECK(get(client, server.url("/fits")));  // and the next is not spoilt
}

TEST_CASE("http: clear text has to be allowed, other schemes never are") {
  LoopbackServer server([](const std::string&) { return http_answer("x"); });
  HttpClient strict;
  CHECK_FALSE(get(strict, server.url()));
  HttpClient client(clear_text());
  CHECK_FALSE(get(client, "file:///etc/hostname"));
  CHECK_FALSE(get(client, "ftp://127.0.0.1/"));
  CHECK_FALSE(get(client, ""));
  CHECK(server.requests().empty());
}

TEST_CASE("http: what is asked, and who asks") {
  LoopbackServer server([](const std::string&) { return http_answer("x"); });
  HttpClient client(clear_text());
  REQUIRE(
      get(client,
          {.url = server.url("/a?b=c"), .headers = {"Accept: text/xml"}, .bearer = "opensesame"}));
  REQUIRE(get(client, {.url = server.url(), .user = "user", .password = "pass"}));
  REQUIRE(get(client, {.method = "POST", .url = server.url(), .body = "grant_type=x"}));
  REQUIRE(get(client, {.method = "PUT", .url = server.url(), .body = "{}"}));
  REQUIRE(get(client, {.method = "DELETE", .url = server.url()}));
  REQUIRE(get(client, {.method = "POST", .url = server.url()}));
  const auto requests = server.requests();
  REQUIRE(requests.size() == 6);
  CHECK(requests[0].starts_with("GET /a?b=c HTTP/1.1\r\n"));
  CHECK(has(requests[0], "\r\nAccept: text/xml\r\n"));
  CHECK(has(requests[0], "\r\nAuthorization: Bearer opensesame\r\n"));
  CHECK(has(requests[1], "\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"));
  CHECK(requests[2].starts_with("POST / "));
  CHECK(requests[2].ends_with("\r\n\r\ngrant_type=x"));
  CHECK_FALSE(has(requests[2], "Authorization"));  // nothing is left of the request before
  CHECK_FALSE(has(requests[2], "Accept: text/xml"));
  CHECK(requests[3].starts_with("PUT / "));
  CHECK(requests[3].ends_with("{}"));
  CHECK(requests[4].starts_with("DELETE / "));
  CHECK(has(requests[5], "\r\nContent-Length: 0\r\n"));
}

TEST_CASE("http: a line break in a secret or a header sends nothing") {
  LoopbackServer server([](const std::string&) { return http_answer("x"); });
  HttpClient client(clear_text());
  CHECK_FALSE(get(client, {.url = server.url(), .bearer = "a\r\nHost: elsewhere"}));
  CHECK_FALSE(get(client, {.url = server.url(), .headers = {"A: b\nC: d"}}));
  CHECK_FALSE(get(client, server.url("/\n")));
  CHECK(server.requests().empty());
}

TEST_CASE("http: a server that hangs or answers slowly runs into the timeout") {
  LoopbackServer server([](const std::string&) { return std::string(); });
  HttpSettings settings = clear_text();
  settings.timeout = 200ms;
  HttpClient client(settings);
  const auto begin = steady_clock::now();
  const auto answer = get(client, server.url("/?securityToken=opensesame"));
  REQUIRE_FALSE(answer);
  CHECK_FALSE(has(answer.error(), "opensesame"));
  CHECK_FALSE(has(answer.error(), "127.0.0.1"));
  CHECK(steady_clock::now() - begin < 5s);
}

TEST_CASE("http: nobody there, garbage, a truncated answer") {
  HttpClient client(clear_text());
  std::string url;
  {
    LoopbackServer server([](const std::string& request) {
      return request.starts_with("GET /short ")
                 ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nprice")
                 : std::string("\x16\x03\x01 what?\r\n\r\n");
    });
    url = server.url();
    CHECK_FALSE(get(client, url));
    CHECK_FALSE(get(client, server.url("/short")));
  }
  CHECK_FALSE(get(client, url));
}

TEST_CASE("http: a stop request ends a request at once, and the next is a new one") {
  LoopbackServer server([](const std::string& request) {
    return request.starts_with("GET /hang ") ? std::string() : http_answer("x");
  });
  HttpClient client(clear_text());
  std::stop_source stop;
  const std::jthread stopper([&] {
    while (server.requests().empty())
      std::this_thread::yield();
    stop.request_stop();
  });
  const auto begin = steady_clock::now();
  CHECK_FALSE(client.request(HttpRequest{.url = server.url("/hang")}, stop.get_token()));
  CHECK(steady_clock::now() - begin < 5s);
  CHECK(get(client, server.url()));
  CHECK_FALSE(client.request(HttpRequest{.url = server.url("/hang")}, stop.get_token()));
}

TEST_CASE("http: a server is verified against the given authority") {
  Trusted trusted;
  LoopbackServer server([](const std::string&) { return http_answer("x"); }, &trusted.certificate);
  HttpClient client(trusted.settings);
  CHECK(get(client, server.url("/", "localhost")));
  CHECK(get(client, server.url()));
  HttpClient stranger;
  CHECK_FALSE(get(stranger, server.url()));
  CHECK_FALSE(get(client, server.url("/", "127.0.0.2")));  // another name than the certificate's
  HttpSettings careless;
  careless.verify = false;
  HttpClient blind(careless);
  CHECK(get(blind, server.url()));
  HttpSettings missing;
  missing.ca_file = trusted.folder.path() / "none";
  HttpClient nothing(missing);
  CHECK_FALSE(get(nothing, server.url()));
}

TEST_CASE("http: a redirection is followed to https only, and secrets stay with their host") {
  Trusted trusted;
  std::string to;
  LoopbackServer server(
      [&](const std::string& request) {
        return request.starts_with("GET /end ")
                   ? http_answer("the end")
                   : http_answer("", "302 Found", "Location: " + to + "\r\n");
      },
      &trusted.certificate);
  LoopbackServer plain([](const std::string&) { return http_answer("clear"); });
  trusted.settings.allow_clear_text = true;
  HttpClient client(trusted.settings);
  HttpRequest request{.url = server.url("/start"), .headers = {"X-Key: opensesame"}};

  SECTION("on the same host with all") {
    request.bearer = "opensesame";
    to = "/end";
    CHECK(get(client, request)->body == "the end");
    CHECK(has(server.requests().at(1), "Authorization: Bearer opensesame"));
    CHECK(has(server.requests().at(1), "X-Key: opensesame"));
  }
  SECTION("on another without") {
    request.bearer = "opensesame";
    to = server.url("/end", "localhost");
    CHECK(get(client, request)->body == "the end");
    CHECK_FALSE(has(server.requests().at(1), "opensesame"));
  }
  SECTION("basic authentication, too") {
    request.user = "user";
    request.password = "pass";
    to = server.url("/end", "localhost");
    CHECK(get(client, request)->body == "the end");
    CHECK(has(server.requests().at(0), "Authorization"));
    CHECK_FALSE(has(server.requests().at(1), "Authorization"));
  }
  SECTION("never to clear text, though that is allowed") {
    to = plain.url();
    CHECK_FALSE(get(client, request));
    CHECK(plain.requests().empty());
  }
  SECTION("not for ever") {
    to = "/again";
    CHECK(get(client, request).error() == "too many redirections");
    CHECK(server.requests().size() == 4);
  }
  SECTION("nothing but GET is sent again") {
    request.method = "POST";
    request.body = "client_secret=opensesame";
    to = server.url("/end", "localhost");
    CHECK(get(client, request)->status == 302);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("http: text as a part of a URL") {
  CHECK(url_encoded("HB_HOUSTON-1.2~") == "HB_HOUSTON-1.2~");
  CHECK(url_encoded("2026-02-01T00:00+01:00 &\xc3\xb6") ==
        "2026-02-01T00%3A00%2B01%3A00%20%26%C3%B6");
}
