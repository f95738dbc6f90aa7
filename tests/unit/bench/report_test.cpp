#include "bench/report.h"

#include <boost/json.hpp>

#include "bench/bounds.h"
#include "bench/plot.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::bench;

namespace {

Measurement row(const char* backend, unsigned threads, unsigned midstates, double mhs) {
  Measurement m;
  m.backend = backend;
  m.threads = threads;
  m.midstates = midstates;
  m.figures = {Seconds(2.1), mhs * 1e6, mhs * 0.9e6, mhs * 1.1e6, 3e9 / (mhs * 1e6), 3e9};
  m.verified = true;
  return m;
}

std::vector<Measurement> example() {
  std::vector<Measurement> all{row("avx2", 1, 1, 10), row("avx2", 1, 32, 12),
                               row("avx2", 4, 32, 47), row("openssl", 1, 1, 2)};
  all[3].is_reference = true;
  all[1].bound_cycles = 200;
  all[1].joules_per_hash = 1.5e-9;
  compare_with_openssl(all);
  compare_with_one_thread(all);
  return all;
}

CardMeasurement card_row(const char* device, const char* variant, double ghs) {
  CardMeasurement m;
  m.device = device;
  m.card = "Fake 3000";
  m.tuning = {cuda::find_variant(variant).value(), 256, 32};
  m.midstates = m.tuning.variant.layout == cuda::Layout::versions ? 32 : 1;
  m.seconds = Seconds(2.1);
  m.busy = {ghs * 1e9, ghs * 0.9e9, ghs * 1.1e9};
  m.wall = {ghs * 0.8e9, ghs * 0.7e9, ghs * 0.85e9};
  m.verified = true;
  return m;
}

std::vector<CardMeasurement> card_example() {
  std::vector<CardMeasurement> all{
      card_row("cuda:0", "versions-fma_sigma0-64", 10), card_row("cuda:0", "versions-plain-64", 8),
      card_row("cuda:0", "nonces-plain-64", 5), card_row("cuda:1", "versions-plain-64", 4)};
  all[0].sm_hz = 1.98e9;
  all[0].bound_hps = 12.5e9;
  all[0].joules_per_hash = 33e-12;
  all[0].chosen = true;
  compare_with_plain(all);
  return all;
}

}  // namespace

TEST_CASE("bench report: ratios are to the bound, to OpenSSL and to one thread") {
  const auto all = example();
  CHECK(all[1].ratio_to_bound() == 1.25);
  CHECK_FALSE(all[0].ratio_to_bound().has_value());
  CHECK(all[1].ratio_to_openssl == 6.0);
  CHECK_FALSE(all[2].ratio_to_openssl.has_value());  // no reference with four threads
  CHECK(all[1].per_thread == 1.0);
  CHECK(all[2].per_thread == Approx(47.0 / 48));
}

TEST_CASE("bench report: a table for people") {
  const std::string table = bench_table(example());
  CHECK(std::count(table.begin(), table.end(), '\n') == 5);
  CHECK(table.find("avx2                   1        32       12.00     10.80     13.20    250.0"
                   "   3.00    1.250      1.000      6.00     1.5  yes\n") != std::string::npos);
}

TEST_CASE("bench report: JSON has the agreed fields, and null for what was not measured") {
  const auto rows = boost::json::parse(bench_json(example())).as_array();
  REQUIRE(rows.size() == 4u);
  for (const char* field : {"backend", "threads", "midstates", "seconds", "hps_median", "hps_min",
                            "hps_max", "cycles_per_hash", "clock_hz", "verified"}) {
    CHECK(rows[0].as_object().contains(field));
  }
  CHECK(rows[1].at("ratio_to_bound") == 1.25);
  CHECK(rows[1].at("joules_per_hash") == 1.5e-9);
  CHECK(rows[0].at("joules_per_hash").is_null());
  CHECK(rows[0].at("bound_cycles").is_null());
  CHECK(rows[3].at("reference") == true);
}

TEST_CASE("bench report: one wrong hash is exit code 3") {
  auto all = example();
  CHECK(exit_code_of(all) == 0);
  all[2].verified = false;
  CHECK(exit_code_of(all) == 3);
  CHECK(bench_table(all).find("  NO\n") != std::string::npos);
}

TEST_CASE("bench report: cards are compared with their own plain kernel for one midstate") {
  const auto all = card_example();
  CHECK(all[0].ratio_to_plain == 2.0);
  CHECK(all[1].ratio_to_plain == 1.6);
  CHECK(all[2].ratio_to_plain == 1.0);
  CHECK_FALSE(all[3].ratio_to_plain.has_value());
  CHECK(all[0].of_bound() == 0.8);
  CHECK_FALSE(all[1].of_bound().has_value());
}

TEST_CASE("bench report: a table of cards") {
  const std::string table = card_table(card_example());
  CHECK(std::count(table.begin(), table.end(), '\n') == 5);
  CHECK(table.find("cuda:0   versions-fma_sigma0-64   256    32        32      10.000    9.000   "
                   "11.000     8.000   1980    0.800   2.000   33.0  yes      mines\n") !=
        std::string::npos);
  CHECK(table.find("      -        -   1.600      -  yes      \n") != std::string::npos);
}

TEST_CASE("bench report: JSON rows of cards come after the CPU's and name their device") {
  const auto rows = boost::json::parse(bench_json(example(), card_example())).as_array();
  REQUIRE(rows.size() == 8u);
  CHECK_FALSE(rows[3].as_object().contains("device"));
  const boost::json::object& row = rows[4].as_object();
  CHECK(row.at("device") == "cuda:0");
  CHECK(row.at("card") == "Fake 3000");
  CHECK(row.at("variant") == "versions-fma_sigma0-64");
  CHECK(row.at("block") == 256);
  CHECK(row.at("batch") == 32);
  CHECK(row.at("midstates") == 32);
  CHECK(row.at("hps_median") == 10e9);
  CHECK(row.at("hps_wall_median") == 8e9);
  CHECK(row.at("of_bound") == 0.8);
  CHECK(row.at("ratio_to_plain") == 2.0);
  CHECK(row.at("verified") == true);
  CHECK(rows[5].at("of_bound").is_null());
  CHECK(rows[5].at("joules_per_hash").is_null());
}

TEST_CASE("bench report: a card's wrong hash is exit code 3") {
  auto cards = card_example();
  CHECK(exit_code_of(example(), cards) == 0);
  cards[1].verified = false;
  CHECK(exit_code_of(example(), cards) == 3);
  CHECK(card_table(cards).find("  NO ") != std::string::npos);
}

TEST_CASE("bench bounds: instructions by the ALU pipes and the clock") {
  const auto h100 = [](const char* variant, unsigned midstates, int capability = 90) {
    cuda::CardInfo card;
    card.capability = capability;
    card.multiprocessors = 132;
    return bound_hps(cuda::find_variant(variant).value(), midstates, card, 1.98e9);
  };
  CHECK(h100("versions-fma_adds-48", 32).value() == Approx(132 * 64 * 1.98e9 / 1520));
  CHECK(h100("versions-plain-64", 32).value() == Approx(132 * 64 * 1.98e9 / 1879));
  CHECK(h100("nonces-fma_sigma0-64", 1).value() == Approx(132 * 64 * 1.98e9 / 1540));
  CHECK(h100("nonces-plain-64", 1, 75).value() == Approx(132 * 64 * 1.98e9 / 2268));
  CHECK_FALSE(h100("versions-plain-64", 8).has_value());
  CHECK_FALSE(h100("versions-plain-64", 32, 120).has_value());
  CHECK_FALSE(h100("versions-plain-64", 32, 0).has_value());
}

// The operations are those that tests/unit/core/kernel_operations_test.cpp counts.
TEST_CASE("bench bounds: operations by ports and lanes") {
  CHECK(*bound_cycles("avx512", 32) == Approx(2403.40625 / 2 / 16));
  CHECK(*bound_cycles("avx512", 1) == Approx(2850.0 / 2 / 16));
  CHECK(*bound_cycles("avx2", 32) == Approx(4937.28125 / 3 / 8));
  CHECK(*bound_cycles("sse2", 1) == Approx(5752.0 / 3 / 4));
  CHECK_FALSE(bound_cycles("shani", 1).has_value());
}

TEST_CASE("bench plot: well formed, with a bar for each row and a label for each backend") {
  const std::string svg = bench_plot(example());
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  const auto count = [&](std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = svg.find(what, at)) != std::string::npos; ++at)
      ++n;
    return n;
  };
  CHECK(count("class=\"whisker\"") == 4);
  CHECK(count("<text") == count("</text>"));
  CHECK(count(">avx2<") == 2);  // with one thread and with four
  CHECK(count(">openssl<") == 1);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}
