#pragma once
// How a source is served by the miner's own HTTP API.

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace ebb::sources {

struct WebRequest {
  std::string method;  ///< "POST"
  std::string path;    ///< decoded, without the query: "/api/v1/sources/plant"
  std::map<std::string, std::string, std::less<>> query;    ///< decoded; the last of equal names
  std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case
  std::string body;                                         ///< at most 64 KiB
};

struct WebAnswer {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  /// Sent once what has been said before is on disk, so that a restart cannot lose what a sender
  /// takes for delivered; as an error (503) when that fails.
  bool once_kept = false;
};

/// On the io thread: must not block. Authenticates its callers itself.
using WebHandler = std::function<WebAnswer(const WebRequest&)>;

}  // namespace ebb::sources
