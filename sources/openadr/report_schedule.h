#pragma once
// When an event wants a report, and of which of its intervals.

#include <cstdint>
#include <optional>
#include <vector>

#include "sources/openadr/timeline.h"

namespace ebb::sources::openadr {

inline constexpr std::size_t kMaxReportIntervals = 500;  ///< the last ones

struct ReportedInterval {
  std::int64_t id = 0;  ///< the event's own
  Span span;
};

struct DueReport {
  std::int64_t number = 0;  ///< counted from 0 for each descriptor
  std::vector<ReportedInterval> intervals;
};

/// What is known of the reports that a descriptor has had.
struct ReportsSent {
  std::int64_t number = -1;  ///< of the last
  WallTime at{};             ///< of the last
};

/// How often a report is made that may be made at any time.
inline constexpr std::chrono::minutes kAdHoc{5};

/// The latest that is due and has not been sent; of several that were missed only that one, as the
/// guide asks. Of intervals that lie ahead when the descriptor asks for a forecast.
std::optional<DueReport> due_report(const Event& event, const ReportDescriptor& descriptor,
                                    const TimelineSettings& settings, const ReportsSent& sent,
                                    WallTime now);

}  // namespace ebb::sources::openadr
