#include "sources/price/price_formats.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sources/price/price_unit.h"
#include "tests/fuzz/fuzz_price.h"
#include "tests/unit/catch.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::throttle::WallTime;

namespace {

std::string fixture(const std::string& name) {
  std::ifstream file(EBB_TEST_DATA "/price/" + name, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  REQUIRE_FALSE(text.empty());
  return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

WallTime at(year_month_day day, minutes of_day) {
  return WallTime(sys_days(day)) + of_day;
}

/// What counts of a publication at a time: the last that covers it. NaN: nothing.
double price_at(const std::vector<Interval>& intervals, WallTime time) {
  const auto found = std::find_if(intervals.rbegin(), intervals.rend(), [&](const Interval& it) {
    return it.from <= time && time < it.until;
  });
  return found == intervals.rend() ? std::nan("") : found->value;
}

/// In order, each where the one before ends, of one length.
void check_row(const std::vector<Interval>& intervals, WallTime from, minutes step,
               std::size_t count) {
  REQUIRE(intervals.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(intervals[i].from == from + static_cast<int>(i) * step);
    CHECK(intervals[i].until == intervals[i].from + step);
  }
}

std::vector<Interval> good(const Intervals& intervals) {
  INFO((intervals ? "" : intervals.error()));
  REQUIRE(intervals);
  return *intervals;
}

PriceChoice choice(std::string currency = "EUR") {
  PriceChoice choice;
  choice.currency = std::move(currency);
  return choice;
}

}  // namespace

TEST_CASE("entsoe: a day of 23 hours, repeated points left out, another auction first") {
  const auto prices = good(parse_entsoe(fixture("entsoe_2026-03-29.xml"), choice()));
  check_row(prices, at(2026y / March / 28, 23h), 15min, 92);
  CHECK(prices[0].value != 999);  // of the auction of sequence 2
  for (std::size_t i = 20; i < 26; ++i)
    CHECK(prices[i].value == -4.5);
  CHECK(prices[26].value != -4.5);
  CHECK(prices[91].value == prices[90].value);
  CHECK(prices.back().until == at(2026y / March / 29, 22h));
  PriceChoice exaa = choice();
  exaa.sequence = 2;
  CHECK(good(parse_entsoe(fixture("entsoe_2026-03-29.xml"), exaa)).at(1).value == 998);
}

TEST_CASE("entsoe: a day of 25 hours, a missing point of curve A01, quarters over hours") {
  const auto prices = good(parse_entsoe(fixture("entsoe_2025-10-26.xml"), choice()));
  const WallTime begin = at(2025y / October / 25, 22h);
  CHECK(price_at(prices, begin + 20min) == 101);
  CHECK(price_at(prices, begin + 119min) == 107);
  CHECK(std::isfinite(price_at(prices, begin + 2h)));
  CHECK(std::isnan(price_at(prices, begin + 7h + 30min)));  // left out: a gap
  CHECK(std::isfinite(price_at(prices, begin + 24h + 59min)));
  CHECK(std::isnan(price_at(prices, begin + 25h)));
  PriceChoice hours = choice();
  hours.resolution = "PT60M";
  CHECK(good(parse_entsoe(fixture("entsoe_2025-10-26.xml"), hours)).size() == 24);
}

TEST_CASE("entsoe: whole days are days on the market's clock") {
  const std::string text = R"(<ns:Publication_MarketDocument xmlns:ns="x"><ns:type>A44</ns:type>
<ns:TimeSeries><ns:currency_Unit.name>EUR</ns:currency_Unit.name>
<ns:price_Measure_Unit.name>MWH</ns:price_Measure_Unit.name><ns:curveType>A03</ns:curveType>
<ns:Period><ns:timeInterval><ns:start>2026-03-27T23:00Z</ns:start><ns:end>2026-03-30T22:00Z</ns:end>
</ns:timeInterval><ns:resolution>P1D</ns:resolution>
<ns:Point><ns:position>1</ns:position><ns:price.amount>1</ns:price.amount></ns:Point>
<ns:Point><ns:position>3</ns:position><ns:price.amount>3</ns:price.amount></ns:Point>
</ns:Period></ns:TimeSeries></ns:Publication_MarketDocument>)";
  const auto prices = good(parse_entsoe(text, choice()));
  REQUIRE(prices.size() == 3);
  CHECK(prices[1] == Interval{at(2026y / March / 28, 23h), at(2026y / March / 29, 22h), 1});
  CHECK(prices[2] == Interval{at(2026y / March / 29, 22h), at(2026y / March / 30, 22h), 3});
}

TEST_CASE("entsoe: what is no publication says what it is") {
  CHECK(parse_entsoe(fixture("entsoe_acknowledgement.xml"), choice())
            .error()
            .starts_with("No matching data found for Data item ENERGY_PRICES [12.1.D]"));
  const std::string whole = fixture("entsoe_2026-03-29.xml");
  CHECK(parse_entsoe(whole, choice("NOK")).error() == "prices in EUR, and the thresholds in NOK");
  CHECK(parse_entsoe(replaced(whole, ">A44<", ">A65<"), choice()).error() ==
        "a document of type A65, not A44");
  PriceChoice second = choice();
  second.sequence = 2;
  CHECK(parse_entsoe(replaced(whole, ">MWH<", ">KWH<"), second).error() ==
        "prices of a KWH, not of a MWH");
  CHECK(parse_entsoe(replaced(whole, ">PT15M<", ">PT5M<"), second).error() ==
        "the resolution PT5M is not known");
  CHECK(parse_entsoe(replaced(whole, ">A03<", ">A04<"), second).error() ==
        "the curveType A04 is not known");
  CHECK(parse_entsoe(replaced(whole, "<position>2<", "<position>93<"), second).error() ==
        "a point's position is out of range");
  CHECK(parse_entsoe(replaced(whole, "<position>2<", "<position>-2<"), second).error() ==
        "a point's position is out of range");
  CHECK(parse_entsoe(replaced(whole, ">998<", ">nan<"), second).error() ==
        "a point without a price");
  for (const char* text : {"", "<a", "{}", "<html/>", "<Publication_MarketDocument/>"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_entsoe(text, choice()));
  }
  CHECK_FALSE(parse_entsoe(whole.substr(0, whole.size() / 2), choice()));  // cut short
}

TEST_CASE("entsoe: neither depth nor a long period costs more than the document") {
  std::string deep;
  for (int i = 0; i < 300'000; ++i)
    deep += "<a>";
  CHECK_FALSE(parse_entsoe(deep, choice()));
  CHECK_FALSE(
      parse_entsoe("<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>", choice()));
  PriceChoice second = choice();
  second.sequence = 2;
  CHECK(parse_entsoe(replaced(fixture("entsoe_2026-03-29.xml"),
                              "<Period>\n      <timeInterval>\n        <start>2026-",
                              "<Period>\n      <timeInterval>\n        <start>0001-"),
                     second)
            .error() == "too many intervals");
}

TEST_CASE("nordpool: a day of 25 hours in quarters, one area of several") {
  PriceChoice area = choice();
  area.area = "SE3";
  const std::string text = fixture("nordpool_2025-10-26.json");
  const auto prices = good(parse_nordpool(text, area));
  check_row(prices, at(2025y / October / 25, 22h), 15min, 100);
  CHECK(prices[40].value == -12.37);
  area.area = "SE4";
  CHECK(good(parse_nordpool(text, area))[40].value != -12.37);
  area.area = "NO1";
  CHECK(parse_nordpool(text, area).error() == "item 0: no price");
  area = choice("SEK");
  area.area = "SE3";
  CHECK(parse_nordpool(text, area).error() == "prices in EUR, and the thresholds in SEK");
}

TEST_CASE("octopus: half hours of 25, the newest first, pence with and without VAT") {
  PriceChoice rate = choice("GBP");
  rate.payment_method = "DIRECT_DEBIT";
  auto prices = good(parse_octopus(fixture("octopus_agile_2025-10-26.json"), rate));
  std::reverse(prices.begin(), prices.end());
  check_row(prices, at(2025y / October / 25, 23h), 30min, 50);
  CHECK(prices[6].value == Approx(-12));
  rate.vat = true;
  prices = good(parse_octopus(fixture("octopus_agile_2025-10-26.json"), rate));
  CHECK(prices[50 - 7].value == Approx(-12.6));
}

TEST_CASE("octopus: open ends, and rates of other ways to pay") {
  PriceChoice rate = choice("GBP");
  rate.payment_method = "DIRECT_DEBIT";
  const WallTime change = at(2025y / September / 30, 23h);
  CHECK(good(parse_octopus(fixture("octopus_fixed.json"), rate)) ==
        std::vector<Interval>{{change, kOpenEnd, 225}, {kOpenBegin, change, 210}});
  rate.payment_method = "NON_DIRECT_DEBIT";
  CHECK(good(parse_octopus(fixture("octopus_fixed.json"), rate)).at(0).value == 241);
  CHECK(parse_octopus(R"({"detail": "Not found."})", rate).error() == "no results");
}

TEST_CASE("awattar: a day of 23 hours") {
  const std::string text = fixture("awattar_2026-03-29.json");
  const auto prices = good(parse_awattar(text, choice()));
  check_row(prices, at(2026y / March / 28, 23h), 60min, 23);
  CHECK(prices[12].value == -3.2);
  CHECK(parse_awattar(replaced(text, "Eur/MWh", "ct/kWh"), choice()).error() ==
        "item 0: the unit is 'ct/kWh', not Eur/MWh");
  CHECK(parse_awattar(replaced(text, "\"marketprice\": ", "\"marketprice\": \"x\", \"y\": "),
                      choice())
            .error() == "item 0: the price is not a number");
}

TEST_CASE("ercot: the repeated hour of autumn and the skipped one of spring, by point") {
  PriceChoice point = choice("USD");
  point.point = "HB_HOUSTON";
  const auto autumn = good(parse_ercot(fixture("ercot_2025-11-02.json"), point));
  check_row(autumn, at(2025y / November / 2, 5h), 15min, 100);
  const auto spring = good(parse_ercot(fixture("ercot_2026-03-08.json"), point));
  check_row(spring, at(2026y / March / 8, 6h), 15min, 92);
  point.point = "HB_NORTH";
  CHECK(good(parse_ercot(fixture("ercot_2026-03-08.json"), point)).at(0).value == 7);
  point.point = "HB_WEST";
  CHECK(good(parse_ercot(fixture("ercot_2026-03-08.json"), point)).empty());
}

TEST_CASE("ercot: columns by their names, texts for numbers, hours of the day ahead, pages") {
  PriceChoice point = choice("USD");
  point.point = "LZ_WEST";
  const std::string rows = R"({"_meta": {"totalPages": 1},
"fields": [{"name": "DSTFlag"}, {"name": "settlementPoint"}, {"name": "hourEnding"},
           {"name": "deliveryDate"}, {"name": "settlementPointPrice"}],
"data": [["N", "LZ_WEST", "01:00", "2026-09-23", "37.9"], ["N", "LZ_WEST", "24:00", "2026-09-23", null],
         ["Y", "LZ_WEST", "02:00", "2025-11-02", -5]]})";
  const auto prices = good(parse_ercot(rows, point));
  REQUIRE(prices.size() == 2);
  CHECK(prices[0] ==
        Interval{at(2026y / September / 23, 5h), at(2026y / September / 23, 6h), 37.9});
  CHECK(prices[1] == Interval{at(2025y / November / 2, 7h), at(2025y / November / 2, 8h), -5});
  CHECK(parse_ercot(replaced(rows, "\"totalPages\": 1", "\"totalPages\": 3"), point)
            .error()
            .starts_with("the first of several pages"));
  CHECK(parse_ercot(replaced(rows, "hourEnding", "hour"), point).error() ==
        "not a report of settlement point prices");
  CHECK(parse_ercot(replaced(rows, "01:00", "25:00"), point).error() == "item 0: no hour");
  CHECK(parse_ercot(replaced(rows, "2026-09-23", "09/23/2026"), point).error() ==
        "item 0: no deliveryDate");
  CHECK_FALSE(parse_ercot(R"({"statusCode": 429, "message": "Rate limit"})", point));
}

TEST_CASE("json formats: garbage is one line of error") {
  for (const char* text :
       {"", "{", "[]", "null", "{\"data\": 5}", "{\"results\": [5]}", "{\"data\": [{}]}",
        "{\"fields\": [], \"data\": [[]]}", "{\"multiAreaEntries\": [1], \"currency\": \"EUR\"}",
        "<html>502 Bad Gateway</html>",
        "{\"currency\": \"\\u001b[31m\", \"multiAreaEntries\": []}"}) {
    CAPTURE(text);
    for (const auto parse : {parse_nordpool, parse_octopus, parse_awattar, parse_ercot}) {
      const auto prices = parse(text, choice());
      REQUIRE_FALSE(prices);
      CHECK(prices.error().size() < 300);
      CHECK(prices.error().find_first_of("\n\x1b") == std::string::npos);
    }
  }
  const std::string deep(100'000, '[');
  CHECK_FALSE(parse_awattar(deep, choice()));
}

TEST_CASE("prices with their units") {
  CHECK(parse_price("80 EUR/MWh")->per_mwh == 80);
  CHECK(parse_price("80EUR/MWh")->currency == "EUR");
  CHECK(parse_price("-0.5 ct/kWh")->per_mwh == Approx(-5));
  CHECK(parse_price("12.5 p/kWh")->per_mwh == Approx(125));
  CHECK(parse_price("12.5 p/kWh")->currency == "GBP");
  CHECK(parse_price("0.1 USD/kWh")->per_mwh == Approx(100));
  CHECK(parse_price("1e-4 KZT/Wh")->per_mwh == Approx(100));
  for (const char* text : {"", "80", "80 EUR", "EUR/MWh", "80 eur/MWh", "80 EUR/MW", "80 EUR/",
                           "nan EUR/MWh", "80 EUR/MWh/d", "80  EUR/MWh"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_price(text));
  }
}

TEST_CASE("fuzz corpus: prices and carbon intensities") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/price")) {
    CAPTURE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    CHECK_NOTHROW(fuzz_price(bytes));
    const std::string name = entry.path().filename().string();
    if (bytes.front() != 'p' && bytes.front() != 'u') {
      const auto intervals = fuzz_parse(bytes.front(), std::string_view(bytes).substr(1),
                                        at(2026y / February / 1, 0min));
      CHECK(intervals.has_value() != name.starts_with("refused_"));
    }
    ++files;
  }
  CHECK(files > 0);
}
