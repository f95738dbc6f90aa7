#include "sources/price/price_kind.h"

#include <algorithm>
#include <array>

#include "sources/price/mining_strike.h"
#include "sources/price/price_formats.h"
#include "sources/price/price_unit.h"
#include "sources/series/series_toml.h"
#include "throttle/duration_text.h"
#include "throttle/schedule/table_reader.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using throttle::TableReader;

using ParsePrices = Intervals (*)(std::string_view text, const PriceChoice& choice);

/// How a format is asked for.
struct Format {
  std::string_view name;
  ParsePrices parse;          ///< null: the settings say where what is
  std::string_view currency;  ///< empty: as the thresholds have it, or as `unit` says
  UrlTime url_time;
  std::string_view zone;  ///< of its days
  milliseconds poll;
  bool ahead;
  milliseconds carry;
  int back;  ///< {from}, in days before today
};

// aWATTar asks for no more than 100 requests a day. ERCOT's prices are those of the quarter of an
// hour that has just ended.
constexpr std::array<Format, 7> kFormats{{
    {"entsoe", parse_entsoe, "", UrlTime::compact, "Europe/Brussels", 5min, true, 0ms, 0},
    {"nordpool", parse_nordpool, "", UrlTime::date, "Europe/Brussels", 5min, true, 0ms, 0},
    {"octopus", parse_octopus, "GBP", UrlTime::rfc3339, "Europe/London", 5min, true, 0ms, 0},
    {"awattar", parse_awattar, "EUR", UrlTime::milliseconds, "Europe/Berlin", 15min, true, 0ms, 0},
    {"ercot", parse_ercot, "USD", UrlTime::date, "America/Chicago", 5min, false, 20min, 1},
    {"json", nullptr, "", UrlTime::rfc3339, "UTC", 5min, false, 0ms, 0},
    {"csv", nullptr, "", UrlTime::rfc3339, "UTC", 5min, false, 0ms, 0},
}};

constexpr milliseconds kFilePoll = 10s;

/// What a [[source]] of this kind says.
struct PriceSettings {
  OriginSettings origin;
  SeriesPollSettings poll;
  Thresholds thresholds;
  std::optional<MiningSettings> mining;
  double margin = 1, on_margin = 1;
};

class Reader {
 public:
  Reader(TableReader& table, const std::filesystem::path& folder)
      : table_(table), folder_(folder) {}

  PriceSettings read() {
    read_format();
    settings_.origin = read_origin(table_, folder_);
    settings_.origin.url_time = format_->url_time;
    settings_.origin.back = std::chrono::days(format_->back);
    settings_.origin.zone = shape_.zone;
    settings_.poll.poll = settings_.origin.url.empty() ? kFilePoll : format_->poll;
    settings_.poll.carry = format_->carry;
    settings_.poll.ahead = format_->ahead;
    read_waits(table_, settings_.poll);
    read_strike();
    choice_.currency = currency_;
    set_parse();
    settings_.poll.wording = {"price", currency_ + "/MWh"};
    return std::move(settings_);
  }

 private:
  void read_format() {
    const auto name = table_.string("format").value_or("");
    const auto* const found =
        std::find_if(kFormats.begin(), kFormats.end(),
                     [&](const Format& format) { return format.name == name; });
    if (found == kFormats.end()) {
      table_.fail("format", "must be entsoe, nordpool, octopus, awattar, ercot, json or csv");
    } else {
      format_ = found;
    }
    currency_ = format_->currency;
    shape_.zone = format_->zone;
    if (format_->parse == nullptr) {
      read_open_format();
    } else {
      read_choice();
    }
  }

  void read_open_format() {
    if (format_->name == "json") {
      shape_ = read_shape(table_);
    } else {
      shape_.length = table_.parsed("length", throttle::parse_duration);
    }
    shape_.zone = table_.string("zone").value_or("UTC");
    if (const auto zone = throttle::TimeZone::find(shape_.zone); !zone || shape_.zone.empty()) {
      table_.fail("zone", "is no time zone of this machine");
    }
    if (const auto unit = table_.parsed("unit", parse_price_unit)) {
      shape_.factor = unit->factor;
      currency_ = unit->currency;
    } else {
      table_.fail("unit", "is missing: 'EUR/MWh'");
    }
    // Between two askings a value of now has to stand.
    if (format_->name == "json" && !shape_.has_start && !shape_.length) shape_.length = 15min;
  }

  void read_choice() {
    if (format_->name == "entsoe") {
      choice_.sequence = static_cast<int>(
          std::clamp<std::int64_t>(table_.integer("sequence").value_or(1), 1, 100));
      choice_.resolution = table_.string("resolution").value_or("");
      constexpr std::array<std::string_view, 5> kKnown{"", "PT15M", "PT30M", "PT60M", "P1D"};
      if (std::find(kKnown.begin(), kKnown.end(), choice_.resolution) == kKnown.end()) {
        table_.fail("resolution", "must be PT15M, PT30M, PT60M or P1D");
      }
    } else if (format_->name == "nordpool") {
      choice_.area = table_.string("area").value_or("");
      if (choice_.area.empty()) table_.fail("area", "is missing: 'SE3'");
    } else if (format_->name == "octopus") {
      choice_.payment_method = table_.string("payment_method").value_or("DIRECT_DEBIT");
      choice_.vat = table_.boolean("vat").value_or(false);
    } else if (format_->name == "ercot") {
      choice_.point = table_.string("point").value_or("");
      if (choice_.point.empty()) table_.fail("point", "is missing: 'HB_HOUSTON'");
    }
  }

  /// All prices of a table are in one currency.
  std::optional<double> read_price(std::string_view key) {
    const auto price = table_.parsed(key, parse_price);
    if (!price) return std::nullopt;
    if (currency_.empty()) currency_ = price->currency;
    if (price->currency != currency_) {
      table_.fail(key, "is in " + price->currency + ", and the prices are in " + currency_);
    }
    return price->per_mwh;
  }

  void read_strike() {
    settings_.thresholds = read_thresholds(table_);
    Thresholds& thresholds = settings_.thresholds;
    const auto strike = table_.string("strike");
    if (strike && *strike != "mining") table_.fail("strike", "must be 'mining'; or say off_above");
    if (strike) {
      read_mining();
    } else if (const auto off = read_price("off_above")) {
      thresholds.off_above = *off;
      thresholds.on_below = read_price("on_below").value_or(*off);
      if (thresholds.on_below > *off) table_.fail("on_below", "is above off_above");
    } else {
      table_.fail("off_above", "is missing: '80 EUR/MWh'; or strike = 'mining'");
    }
    thresholds.off_at_once_above = read_price("off_at_once_above");
    if (!strike && thresholds.off_at_once_above &&
        *thresholds.off_at_once_above < thresholds.off_above) {
      table_.fail("off_at_once_above", "is below off_above");
    }
  }

  double read_positive(std::string_view key, double otherwise) {
    const auto number = read_number(table_, key);
    if (number && *number <= 0) table_.fail(key, "must be above zero");
    return number.value_or(otherwise);
  }

  void read_mining() {
    MiningSettings mining;
    if (currency_.empty()) {
      currency_ = table_.string("currency").value_or("");
      if (currency_.empty()) table_.fail("currency", "is missing: 'EUR'");
    }
    settings_.margin = read_positive("margin", 1);
    settings_.on_margin = read_positive("on_margin", settings_.margin);
    if (settings_.on_margin > settings_.margin) table_.fail("on_margin", "is above margin");
    mining.difficulty = read_quantity("difficulty");
    mining.btc_price = read_quantity("btc_price");
    mining.terms.reward = read_positive("reward", mining.terms.reward);
    mining.terms.joules_per_terahash = read_positive("joules_per_terahash", 0);
    mining.terms.pool_fee = read_number(table_, "pool_fee").value_or(0);
    if (mining.terms.pool_fee < 0 || mining.terms.pool_fee >= 1) {
      table_.fail("pool_fee", "must be a fraction such as 0.02");
    }
    settings_.mining = std::move(mining);
  }

  /// `name`, or `name`_url or _file with `name`_path.
  NumberSettings read_quantity(const std::string& name) {
    NumberSettings number;
    number.name = name;
    number.fixed = read_number(table_, name);
    if (number.fixed && *number.fixed <= 0) table_.fail(name, "must be above zero");
    const bool allow_http = table_.boolean("allow_http").value_or(false);
    number.origin = read_plain_origin(table_, name, folder_, allow_http);
    number.path = read_path(table_, name + "_path");
    const bool has_origin = !number.origin.url.empty() || !number.origin.file.empty();
    if (!number.fixed && !has_origin) {
      table_.fail(name, "is missing: a number, or " + name + "_url");
    }
    if (number.fixed && has_origin) table_.fail(name, "there is a " + name + "_url or _file, too");
    return number;
  }

  void set_parse() {
    if (format_->parse != nullptr) {
      settings_.poll.parse = [parse = format_->parse, choice = choice_](std::string_view text,
                                                                        throttle::WallTime) {
        return parse(text, choice);
      };
    } else if (format_->name == "json") {
      settings_.poll.parse = [shape = shape_](std::string_view text, throttle::WallTime now) {
        return parse_json_series(text, shape, now);
      };
    } else {
      settings_.poll.parse = [shape = shape_](std::string_view text, throttle::WallTime) {
        return parse_csv_series(text, shape);
      };
    }
  }

  TableReader& table_;
  const std::filesystem::path& folder_;
  const Format* format_ = &kFormats.back();
  std::string currency_;
  SeriesShape shape_;
  PriceChoice choice_;
  PriceSettings settings_;
};

tl::expected<std::unique_ptr<Source>, std::string> open(const PriceSettings& settings,
                                                        const throttle::SourceRule& rule,
                                                        const Context& context) {
  SeriesPollSettings poll = settings.poll;
  std::shared_ptr<MeasuredEfficiency> measured;
  if (settings.mining) {
    measured = std::make_shared<MeasuredEfficiency>();
    auto opened = MiningStrike::open(*settings.mining, measured);
    if (!opened) return tl::unexpected(opened.error());
    const std::shared_ptr<MiningStrike> strike = *std::move(opened);
    poll.thresholds = [strike, settings](
                          const throttle::Now& now,
                          const std::stop_token& stop) -> tl::expected<Thresholds, std::string> {
      const auto per_mwh = strike->per_mwh(now, stop);
      if (!per_mwh) return tl::unexpected(per_mwh.error());
      Thresholds thresholds = settings.thresholds;
      thresholds.off_above = *per_mwh * settings.margin;
      thresholds.on_below = *per_mwh * settings.on_margin;
      return thresholds;
    };
  } else {
    poll.thresholds = [thresholds = settings.thresholds](
                          const throttle::Now&,
                          const std::stop_token&) -> tl::expected<Thresholds, std::string> {
      return thresholds;
    };
  }
  auto source = open_series(std::move(poll), settings.origin, rule, context);
  if (!source) return tl::unexpected(source.error());
  if (measured != nullptr) {
    (*source)->on_telemetry([measured](const Telemetry& telemetry) { measured->take(telemetry); });
  }
  return *std::move(source);
}

Open read(TableReader& table, const std::filesystem::path& folder) {
  return [settings = Reader(table, folder).read()](const throttle::SourceRule& rule,
                                                   const Context& context) {
    return open(settings, rule, context);
  };
}

}  // namespace

const Kind kPriceKind{
    .type = "price", .signal_class = throttle::SignalClass::economic, .read = &read};

}  // namespace ebb::sources
