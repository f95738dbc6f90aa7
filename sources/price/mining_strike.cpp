#include "sources/price/mining_strike.h"

#include <algorithm>
#include <cmath>

#include "sources/series/json_series.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;

constexpr auto kGoodFor = 24h;
constexpr std::chrono::milliseconds kRetry = 1min;
constexpr double kStep = 0.01;

}  // namespace

void MeasuredEfficiency::take(const Telemetry& telemetry) {
  if (!telemetry.power || telemetry.fraction < 0.5 || telemetry.hps <= 0) return;
  const double measured = telemetry.power->watts / telemetry.hps * 1e12;
  if (measured <= 0) return;
  // Over about a minute: readings of a meter and of the counters are not of the same moment.
  const double before = joules_per_terahash_.load();
  joules_per_terahash_ = before == 0 ? measured : before + (measured - before) / 60;
}

tl::expected<double, std::string> parse_number(std::string_view text, const JsonPath& path) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  const auto* found = path.find(*document);
  const auto number = found == nullptr ? std::nullopt : number_of(*found);
  if (!number || *number <= 0) return tl::unexpected<std::string>("no number above zero is there");
  return *number;
}

MiningStrike::MiningStrike(MiningSettings settings, std::shared_ptr<MeasuredEfficiency> measured)
    : settings_(std::move(settings)), measured_(std::move(measured)) {}

tl::expected<std::unique_ptr<MiningStrike>, std::string> MiningStrike::open(
    MiningSettings settings, std::shared_ptr<MeasuredEfficiency> measured) {
  std::unique_ptr<MiningStrike> strike(new MiningStrike(std::move(settings), std::move(measured)));
  strike->difficulty_.settings = strike->settings_.difficulty;
  strike->btc_price_.settings = strike->settings_.btc_price;
  for (Number* number : {&strike->difficulty_, &strike->btc_price_}) {
    number->value = number->settings.fixed;
    if (number->value) continue;
    auto origin = Origin::open(number->settings.origin);
    if (!origin) return tl::unexpected(origin.error());
    number->origin = *std::move(origin);
  }
  return strike;
}

void MiningStrike::refresh(Number& number, const throttle::Now& now,
                           const std::stop_token& stop) const {
  if (number.origin == nullptr || (number.next && now.steady < *number.next)) return;
  const Texts texts = number.origin->fetch(now.wall, stop);
  tl::expected<double, std::string> value = tl::unexpected(texts.trouble);
  if (!texts.texts.empty()) value = parse_number(texts.texts.front(), number.settings.path);
  number.trouble = value ? "" : number.settings.name + ": " + value.error();
  if (value) {
    number.value = *value;
    number.read_at = now.steady;
  } else if (number.value && now.steady - number.read_at > kGoodFor) {
    number.value.reset();
  }
  const auto wait = value ? settings_.poll : std::min(settings_.poll, kRetry);
  number.next = now.steady + std::max<std::chrono::milliseconds>(
                                 wait, std::min<std::chrono::seconds>(texts.wait.value_or(0s), 1h));
}

tl::expected<double, std::string> MiningStrike::per_mwh(const throttle::Now& now,
                                                        const std::stop_token& stop) {
  for (Number* number : {&difficulty_, &btc_price_}) {
    refresh(*number, now, stop);
    if (!number->value) return tl::unexpected(number->trouble);
  }
  MiningTerms terms = settings_.terms;
  terms.difficulty = *difficulty_.value;
  terms.btc_price = *btc_price_.value;
  if (terms.joules_per_terahash == 0) terms.joules_per_terahash = measured_->joules_per_terahash();
  if (terms.joules_per_terahash == 0) {
    return tl::unexpected<std::string>("the efficiency has not been measured yet");
  }
  const double per_mwh = break_even_per_mwh(terms);
  if (std::abs(per_mwh - per_mwh_) >= kStep * per_mwh_) per_mwh_ = per_mwh;
  return per_mwh_;
}

}  // namespace ebb::sources
