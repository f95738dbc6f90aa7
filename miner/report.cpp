#include "miner/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "miner/card_text.h"
#include "miner/console.h"
#include "miner/pool_text.h"

namespace ebb::miner {
namespace {

double per_second(std::uint64_t count, std::chrono::duration<double> elapsed) {
  return elapsed.count() > 0 ? static_cast<double>(count) / elapsed.count() : 0;
}

double mean_duty(const std::vector<DeviceFigures>& devices) {
  double sum = 0;
  for (const DeviceFigures& device : devices)
    sum += device.duty.fraction();
  return devices.empty() ? 0 : sum / static_cast<double>(devices.size());
}

/// A device that is a card, with what its meter says.
struct Card {
  const DeviceFigures& device;
  const CardFigures& figures;
};

std::vector<Card> cards_of(const Snapshot& snapshot) {
  std::vector<Card> cards;
  for (const DeviceFigures& device : snapshot.devices) {
    const auto found = snapshot.cards.find(device.info->name);
    if (found != snapshot.cards.end()) cards.push_back({device, found->second});
  }
  return cards;
}

std::string text_of(const CardFigures& figures, std::uint64_t hashes) {
  std::string text = card_text(figures.reading);
  if (const auto joules = joules_per_th(figures.joules, hashes)) {
    text += (text.empty() ? "" : ", ") + efficiency_text(*joules);
  }
  return text;
}

/// Of one card everything, of more the sum and the worst.
std::string text_of_all(const std::vector<Card>& cards) {
  if (cards.size() == 1) return text_of(cards.front().figures, cards.front().device.work.hashes);
  CardFigures sum;
  std::uint64_t hashes = 0;
  std::size_t held_back = 0;
  for (const auto& [device, card] : cards) {
    const cuda::CardReading& reading = card.reading;
    if (reading.watts) sum.reading.watts = sum.reading.watts.value_or(0) + *reading.watts;
    sum.reading.celsius = std::max(sum.reading.celsius, reading.celsius);
    if (!reading.held_back_by.empty()) ++held_back;
    if (!card.joules) continue;
    sum.joules = sum.joules.value_or(0) + *card.joules;
    hashes += device.work.hashes;
  }
  std::string text = text_of(sum, hashes);
  if (held_back > 0) text += fmt::format(", {} of {} cards held back", held_back, cards.size());
  return text;
}

/// "cuda:1,cuda:3"
std::string quarantined_names(const std::vector<DeviceFigures>& devices) {
  std::string names;
  for (const DeviceFigures& device : devices) {
    if (device.health.quarantined) names += (names.empty() ? "" : ",") + device.info->name;
  }
  return names;
}

/// The one that is mined, or the first.
const PoolStatistics& shown_pool(const std::vector<PoolStatistics>& pools) {
  const auto mined = std::find_if(pools.begin(), pools.end(), [](const PoolStatistics& pool) {
    return pool.now == stratum::MemberState::Now::mined;
  });
  return mined == pools.end() ? pools.front() : *mined;
}

boost::json::object throttle_json(const throttle::Decision& decision) {
  boost::json::array reasons;
  for (const throttle::Reason& reason : decision.reasons)
    reasons.emplace_back(reason.text);
  return {{"state", throttle::name(decision.state)},
          {"limit", throttle::text(decision.limit)},
          {"reasons", std::move(reasons)}};
}

}  // namespace

std::string progress_line(const Snapshot& snapshot) {
  const ShareStatistics& shares = snapshot.shares;
  std::string line =
      fmt::format("{} (60s {}, 15m {})  accepted {}  rejected {}  stale {}",
                  format_hashrate(snapshot.hashrate_10s), format_hashrate(snapshot.hashrate_60s),
                  format_hashrate(snapshot.hashrate_15m), shares.accepted, shares.rejected_total(),
                  shares.stale);
  if (shares.best_difficulty > 0) line += "  best " + format_difficulty(shares.best_difficulty);
  if (shares.blocks > 0) line += fmt::format("  blocks {}", shares.blocks);
  std::uint64_t errors = 0;
  for (const DeviceFigures& device : snapshot.devices)
    errors += device.hardware_errors;
  if (errors > 0) line += fmt::format("  hardware errors {}", errors);
  if (const std::string names = quarantined_names(snapshot.devices); !names.empty()) {
    line += "  quarantined " + names;
  }
  if (snapshot.throttle.state != throttle::State::full) {
    line += fmt::format("  {} {}", throttle::name(snapshot.throttle.state),
                        throttle::text(snapshot.throttle.limit));
  }
  if (const double duty = mean_duty(snapshot.devices); duty < 1) {
    line += fmt::format("  duty {:.1f} %", 100 * duty);
  }
  if (const std::string cards = text_of_all(cards_of(snapshot)); !cards.empty()) {
    line += "  " + cards;
  }
  const PoolStatistics& pool = shown_pool(snapshot.pools);
  line += "  " + pool.address;
  line += pool.connected() && pool.difficulty > 0
              ? " at difficulty " + format_difficulty(pool.difficulty)
          : pool.connected() ? std::string()
                             : std::string(" (not connected)");
  return line;
}

std::vector<std::string> card_lines(const Snapshot& snapshot) {
  std::vector<std::string> lines;
  const std::vector<Card> cards = cards_of(snapshot);
  if (cards.size() < 2) return lines;
  for (const Card& card : cards) {
    const double hps = per_second(card.device.work.hashes, snapshot.elapsed);
    const std::string text = text_of(card.figures, card.device.work.hashes);
    lines.push_back(fmt::format("{}: {}{}{}", card.device.info->name, format_hashrate(hps),
                                text.empty() ? "" : ", ", text));
  }
  return lines;
}

std::string summary_json(const Snapshot& snapshot) {
  boost::json::array devices;
  std::uint64_t hashes = 0, hardware_errors = 0, left_out = 0;
  std::string backend;
  for (const DeviceFigures& device : snapshot.devices) {
    devices.push_back({{"name", device.info->name},
                       {"backend", device.info->backend},
                       {"hashes", device.work.hashes},
                       {"hashrate_hps", per_second(device.work.hashes, snapshot.elapsed)},
                       {"duty", device.duty.fraction()},
                       {"hardware_errors", device.hardware_errors},
                       {"failures", device.health.failures},
                       {"quarantined", device.health.quarantined},
                       {"last_failure", device.health.last_failure}});
    if (const auto card = snapshot.cards.find(device.info->name); card != snapshot.cards.end()) {
      boost::json::object& object = devices.back().as_object();
      const std::optional<double> joules = card->second.joules;
      add_card_json(object, card->second.reading);
      object["joules"] = boost::json::value_from(joules);
      object["joules_per_th"] = boost::json::value_from(joules_per_th(joules, device.work.hashes));
    }
    hashes += device.work.hashes;
    hardware_errors += device.hardware_errors;
    left_out += device.shares_left_out;
    if (backend.find(device.info->backend) == std::string::npos) {
      backend += (backend.empty() ? "" : "+") + device.info->backend;
    }
  }
  const ShareStatistics& shares = snapshot.shares;
  std::uint64_t jobs = 0, reconnects = 0, bad_lines = 0;
  for (const PoolStatistics& pool : snapshot.pools) {
    jobs += pool.jobs;
    reconnects += pool.connections > 0 ? pool.connections - 1 : 0;
    bad_lines += pool.bad_lines;
  }
  return boost::json::serialize(boost::json::object{
      {"version", EBB_VERSION},
      {"elapsed_s", snapshot.elapsed.count()},
      {"hashes", hashes},
      {"hashrate_hps", per_second(hashes, snapshot.elapsed)},
      {"accepted", shares.accepted},
      {"accepted_difficulty", shares.accepted_difficulty},
      {"rejected", rejected_json(shares)},
      {"throttle", throttle_json(snapshot.throttle)},
      {"watts", snapshot.power ? boost::json::value(snapshot.power->watts) : nullptr},
      {"power_meter", snapshot.power ? boost::json::value(snapshot.power->meter) : nullptr},
      {"stale", shares.stale},
      {"withheld", shares.withheld},
      {"not_sent", shares.not_sent + left_out},
      {"unanswered", shares.unanswered},
      {"blocks", shares.blocks},
      {"hardware_errors", hardware_errors},
      {"best_difficulty", shares.best_difficulty},
      {"pool", shown_pool(snapshot.pools).address},
      {"jobs", jobs},
      {"reconnects", reconnects},
      {"bad_lines", bad_lines},
      {"pools", pools_json(snapshot.pools)},
      {"backend", backend},
      {"devices", std::move(devices)},
  });
}

}  // namespace ebb::miner
