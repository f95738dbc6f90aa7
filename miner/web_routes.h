#pragma once
// What the HTTP API serves, and to whom it is handed.

#include <map>
#include <string>
#include <string_view>

#include "sources/web.h"

namespace ebb::miner {

/// On the io thread.
class WebRoutes {
 public:
  /// False: the path is taken.
  bool add(const std::string& path, sources::WebHandler handler) {
    return handlers_.try_emplace(path, std::move(handler)).second;
  }

  /// The handler's answer; 404 where there is none.
  sources::WebAnswer answer(const sources::WebRequest& request) const {
    const auto found = handlers_.find(request.path);
    if (found == handlers_.end()) return {404, R"({"error":"there is nothing here"})"};
    return found->second(request);
  }

 private:
  std::map<std::string, sources::WebHandler, std::less<>> handlers_;
};

}  // namespace ebb::miner
