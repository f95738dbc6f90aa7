#pragma once
// A report as the VTN wants it.

#include <optional>
#include <string>

#include "sources/openadr/enrolment.h"
#include "sources/openadr/power_history.h"
#include "sources/openadr/report_schedule.h"
#include "sources/source.h"

namespace ebb::sources::openadr {

/// Whether such values can be given.
bool can_report(const ReportDescriptor& descriptor);

/// JSON, with the quality of each figure: OK only of what was measured.
std::string report_body(const Event& event, const ReportDescriptor& descriptor,
                        const DueReport& due, const Identity& identity, PowerHistory& history,
                        const std::optional<Telemetry>& telemetry);

}  // namespace ebb::sources::openadr
