#include "sources/openadr/report_chore.h"

#include <algorithm>
#include <set>

namespace ebb::sources::openadr {
namespace {

constexpr std::size_t kMostAtOnce = 10;  // the rest comes after the next reading

/// What is gone, or what the VTN will not take however often it is sent.
bool is_final(long status) {
  return status >= 400 && status < 500 && status != 401 && status != 403 && status != 429;
}

}  // namespace

ReportChore::ReportChore(std::filesystem::path ledger, std::string seed)
    : ledger_(std::move(ledger)), seed_(std::move(seed)) {}

tl::expected<void, Refusal> ReportChore::run(const View& view, const std::stop_token& stop) {
  std::set<Key> wanted;
  std::unique_ptr<PowerHistory> history;
  const WallTime now = view.client.now().wall;
  std::size_t sent_now = 0;
  for (const Event& event : view.events) {
    for (std::size_t i = 0; i < event.reports.size(); ++i) {
      const ReportDescriptor& descriptor = event.reports[i];
      const Key key{event.id, i};
      wanted.insert(key);
      if (!can_report(descriptor) || sent_now >= kMostAtOnce) continue;
      ReportsSent& sent = sent_[key];
      const TimelineSettings settings{seed_, view.first_seen.find(event.id)->second};
      const auto due = due_report(event, descriptor, settings, sent, now);
      if (!due) continue;
      if (!history) history = read_ledger(ledger_);
      const auto answer = view.client.send(
          "POST", "/reports",
          report_body(event, descriptor, *due, view.enrolment.identity(), *history, view.telemetry),
          stop);
      ++sent_now;
      if (answer || is_final(answer.error().status)) sent = {due->number, now};
      if (!answer) {
        return tl::unexpected(Refusal{"report " + descriptor.type + ": " + answer.error().text,
                                      answer.error().status, answer.error().wait});
      }
    }
  }
  std::erase_if(sent_, [&](const auto& it) { return !wanted.contains(it.first); });
  return {};
}

}  // namespace ebb::sources::openadr
