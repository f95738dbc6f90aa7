#pragma once
// Keys that all sources of values over time have.

#include <optional>
#include <string_view>

#include "sources/kind.h"
#include "sources/series/series_poll.h"

namespace ebb::sources {

/// A number, or nothing.
std::optional<double> read_number(throttle::TableReader& table, std::string_view key);

/// Reads cap, off_after and on_after; the rest is the kind's.
Thresholds read_thresholds(throttle::TableReader& table);

/// Reads items, start, end, value and length.
SeriesShape read_shape(throttle::TableReader& table);

/// A path at a key; empty when there is none.
JsonPath read_path(throttle::TableReader& table, std::string_view key);

/// Reads poll and carry over what is set.
void read_waits(throttle::TableReader& table, SeriesPollSettings& settings);

/// Starts from what rule and context say, and opens the origin.
tl::expected<std::unique_ptr<PollingSource>, std::string> open_series(
    SeriesPollSettings settings, const OriginSettings& origin, const throttle::SourceRule& rule,
    const Context& context);

}  // namespace ebb::sources
