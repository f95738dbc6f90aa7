#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace ebb::bench {
namespace {

std::string or_dash(const std::optional<double>& number, int decimals, double scale = 1) {
  return number ? fmt::format("{:.{}f}", *number * scale, decimals) : "-";
}

boost::json::value or_null(const std::optional<double>& number) {
  return number ? boost::json::value(*number) : boost::json::value();
}

boost::json::object as_json(const Measurement& m) {
  return {{"backend", m.backend},
          {"threads", m.threads},
          {"midstates", m.midstates},
          {"seconds", m.figures.seconds.count()},
          {"hps_median", m.figures.hps_median},
          {"hps_min", m.figures.hps_min},
          {"hps_max", m.figures.hps_max},
          {"cycles_per_hash", m.figures.cycles_per_hash},
          {"clock_hz", m.figures.clock_hz},
          {"bound_cycles", or_null(m.bound_cycles)},
          {"ratio_to_bound", or_null(m.ratio_to_bound())},
          {"ratio_to_openssl", or_null(m.ratio_to_openssl)},
          {"per_thread", or_null(m.per_thread)},
          {"joules_per_hash", or_null(m.joules_per_hash)},
          {"reference", m.is_reference},
          {"verified", m.verified}};
}

boost::json::object as_json(const CardMeasurement& m) {
  return {{"device", m.device},
          {"card", m.card},
          {"backend", "cuda"},
          {"variant", name_of(m.tuning.variant)},
          {"block", m.tuning.block},
          {"batch", m.tuning.batch},
          {"midstates", m.midstates},
          {"chosen", m.chosen},
          {"seconds", m.seconds.count()},
          {"hps_median", m.busy.median},
          {"hps_min", m.busy.min},
          {"hps_max", m.busy.max},
          {"hps_wall_median", m.wall.median},
          {"hps_wall_min", m.wall.min},
          {"hps_wall_max", m.wall.max},
          {"sm_hz", or_null(m.sm_hz)},
          {"bound_hps", or_null(m.bound_hps)},
          {"of_bound", or_null(m.of_bound())},
          {"ratio_to_plain", or_null(m.ratio_to_plain)},
          {"joules_per_hash", or_null(m.joules_per_hash)},
          {"verified", m.verified}};
}

bool is_plain(const CardMeasurement& m) {
  return m.tuning.variant.layout == cuda::Layout::nonces &&
         m.tuning.variant.form == cuda::Form::plain;
}

}  // namespace

std::optional<double> Measurement::ratio_to_bound() const {
  if (!bound_cycles) return std::nullopt;
  return figures.cycles_per_hash / *bound_cycles;
}

std::optional<double> CardMeasurement::of_bound() const {
  if (!bound_hps) return std::nullopt;
  return busy.median / *bound_hps;
}

void compare_with_plain(std::span<CardMeasurement> all) {
  for (CardMeasurement& m : all) {
    for (const CardMeasurement& plain : all) {
      if (plain.device == m.device && is_plain(plain))
        m.ratio_to_plain = m.busy.median / plain.busy.median;
    }
  }
}

void compare_with_openssl(std::span<Measurement> all) {
  for (Measurement& m : all) {
    double reference = 0;
    for (const Measurement& other : all) {
      if (other.is_reference && other.threads == m.threads) {
        reference = std::max(reference, other.figures.hps_median);
      }
    }
    if (reference > 0) m.ratio_to_openssl = m.figures.hps_median / reference;
  }
}

void compare_with_one_thread(std::span<Measurement> all) {
  for (Measurement& m : all) {
    for (const Measurement& one : all) {
      if (one.threads != 1 || one.backend != m.backend || one.midstates != m.midstates) continue;
      m.per_thread = m.figures.hps_median / (m.threads * one.figures.hps_median);
    }
  }
}

int exit_code_of(std::span<const Measurement> all, std::span<const CardMeasurement> cards) {
  const auto verified = [](const auto& m) { return m.verified; };
  return std::all_of(all.begin(), all.end(), verified) &&
                 std::all_of(cards.begin(), cards.end(), verified)
             ? 0
             : 3;
}

std::string bench_table(std::span<const Measurement> all) {
  constexpr const char* kRow =
      "{:<16} {:>7} {:>9} {:>11} {:>9} {:>9} {:>8} {:>6} {:>8} {:>10} {:>9} {:>7}  {}\n";
  std::string table =
      fmt::format(kRow, "backend", "threads", "midstates", "median MH/s", "min", "max", "cyc/hash",
                  "GHz", "of bound", "per thread", "x OpenSSL", "nJ/hash", "verified");
  for (const Measurement& m : all) {
    table += fmt::format(
        kRow, m.backend, m.threads, m.midstates, fmt::format("{:.2f}", m.figures.hps_median / 1e6),
        fmt::format("{:.2f}", m.figures.hps_min / 1e6),
        fmt::format("{:.2f}", m.figures.hps_max / 1e6),
        fmt::format("{:.1f}", m.figures.cycles_per_hash),
        fmt::format("{:.2f}", m.figures.clock_hz / 1e9), or_dash(m.ratio_to_bound(), 3),
        or_dash(m.per_thread, 3), or_dash(m.ratio_to_openssl, 2),
        or_dash(m.joules_per_hash, 1, 1e9), m.verified ? "yes" : "NO");
  }
  return table;
}

std::string card_table(std::span<const CardMeasurement> all) {
  constexpr const char* kRow =
      "{:<8} {:<22} {:>5} {:>5} {:>9} {:>11} {:>8} {:>8} {:>9} {:>6} {:>8} {:>7} {:>6}  {:<8} {}\n";
  std::string table =
      fmt::format(kRow, "device", "kernel", "block", "batch", "midstates", "median GH/s", "min",
                  "max", "wall GH/s", "MHz", "of bound", "x plain", "J/TH", "verified", "");
  for (const CardMeasurement& m : all) {
    const auto ghs = [](double hps) { return fmt::format("{:.3f}", hps / 1e9); };
    table += fmt::format(kRow, m.device, name_of(m.tuning.variant), m.tuning.block, m.tuning.batch,
                         m.midstates, ghs(m.busy.median), ghs(m.busy.min), ghs(m.busy.max),
                         ghs(m.wall.median), or_dash(m.sm_hz, 0, 1e-6), or_dash(m.of_bound(), 3),
                         or_dash(m.ratio_to_plain, 3), or_dash(m.joules_per_hash, 1, 1e12),
                         m.verified ? "yes" : "NO", m.chosen ? "mines" : "");
  }
  return table;
}

std::string bench_json(std::span<const Measurement> all, std::span<const CardMeasurement> cards) {
  boost::json::array rows;
  for (const Measurement& m : all)
    rows.push_back(as_json(m));
  for (const CardMeasurement& m : cards)
    rows.push_back(as_json(m));
  return boost::json::serialize(rows);
}

}  // namespace ebb::bench
