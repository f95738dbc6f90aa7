#pragma once
// Sends the reports that events ask for.

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "sources/openadr/report_body.h"
#include "sources/openadr/ven_poll.h"

namespace ebb::sources::openadr {

class ReportChore final : public Chore {
 public:
  /// `ledger`: of the figures; empty: none. `seed`: TimelineSettings.
  ReportChore(std::filesystem::path ledger, std::string seed);
  tl::expected<void, Refusal> run(const View& view, const std::stop_token& stop) override;

 private:
  /// Of an event's descriptor, by its place.
  using Key = std::pair<std::string, std::size_t>;

  std::filesystem::path ledger_;
  std::string seed_;
  std::map<Key, ReportsSent> sent_;
};

}  // namespace ebb::sources::openadr
