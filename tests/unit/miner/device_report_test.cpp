#include "miner/device_report.h"

#include <boost/json.hpp>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;

namespace {

core::ScanResult no_scan(const core::ScanInput&, std::uint32_t, std::uint64_t, core::Candidate*,
                         std::uint32_t) noexcept {
  return {};
}

/// Four kernels: one the CPU lacks, one that fails, and two that work, the narrower one faster.
DeviceReport example() {
  const std::vector<core::HashBackend> compiled{
      {"huge", core::kAvx512 | core::kAvx2, 16, no_scan},
      {"bad", core::kNoFeatures, 8, no_scan},
      {"wide", core::kNoFeatures, 4, no_scan},
      {"plain", core::kNoFeatures, 1, no_scan},
  };
  core::BackendSelection selection;
  selection.usable = {compiled[2], compiled[3]};
  selection.failed = {{"bad", "wrong result in lane 3, midstate 1"}};
  const std::vector<core::BackendSpeed> speeds{{5.25e6, 6e6}, {4e6, 7.5e6}};
  DeviceReport report;
  core::CpuTopology topology;
  topology.cores = {{.cpus = {0, 2}}, {.cpus = {1, 3}}};
  topology.quota = 2.5;
  report.cpus = summarise_cpus(topology);
  report.backends = backend_rows(compiled, core::kSse2 | core::kAvx2, selection, speeds);
  report.no_cards_because = "no driver";
  return report;
}

}  // namespace

TEST_CASE("device report: says of every backend how fast it is or why it is not used") {
  CHECK(device_table(example()) ==
        "CPU: packages 1, cores 2, logical CPUs 4, quota 2.50 CPUs\n"
        "  mines with 3 threads, not pinned\n"
        "  backend  lanes 32 midstates 1 midstate  (MH/s of one thread, measured just now)\n"
        "  huge        16  the CPU lacks AVX-512\n"
        "  bad          8  failed its self-test: wrong result in lane 3, midstate 1\n"
        "  wide         4         6.00        5.25\n"
        "  plain        1         7.50        4.00  chosen\n"
        "no CUDA device: no driver\n");
}

TEST_CASE("device report: JSON has the same") {
  const auto json = boost::json::parse(device_json(example()));
  CHECK(json.at("cpu").at("cores") == 2);
  CHECK(json.at("cpu").at("cpus") == 4);
  CHECK(json.at("cpu").at("threads") == 3);
  CHECK(json.at("cpu").at("quota") == 2.5);
  CHECK(json.at("cpu").at("pinned_to").is_null());
  CHECK(json.at("no_cuda_reason") == "no driver");
  const auto& rows = json.at("backends").as_array();
  REQUIRE(rows.size() == 4u);
  CHECK(rows[0].at("usable") == false);
  CHECK(rows[0].at("reason") == "the CPU lacks AVX-512");
  CHECK(rows[0].at("hps_32_midstates").is_null());
  CHECK(rows[1].at("reason") == "failed its self-test: wrong result in lane 3, midstate 1");
  CHECK(rows[2].at("hps_32_midstates") == 6e6);
  CHECK(rows[2].at("hps_1_midstate") == 5.25e6);
  CHECK(rows[2].at("chosen") == false);
  CHECK(rows[3].at("chosen") == true);
  CHECK(rows[3].at("usable") == true);
}

CardRow card_row() {
  CardRow row;
  row.name = "cuda:0";
  row.card = {"NVIDIA H100", "0000:3b:00.0", 90, 132, 13000};
  row.hps_versions = 10.7e9;
  row.hps_alone = 8.9e9;
  return row;
}

TEST_CASE("device report: lists cards, what they scan with and how fast") {
  DeviceReport report;
  report.cards.push_back(card_row());
  const std::string table = device_table(report);
  CHECK(table.find("cuda:0: NVIDIA H100, 132 multiprocessors, compute capability 9.0, PCI "
                   "0000:3b:00.0\n"
                   "  32 midstates 10.70 GH/s (versions-fma_adds-64, 256 threads, batches of 32)\n"
                   "  1 midstate 8.90 GH/s (nonces-fma_adds-64, 256 threads, batches of 1024)\n") !=
        std::string::npos);
  CHECK(table.find("no CUDA") == std::string::npos);
  const auto json = boost::json::parse(device_json(report)).at("cuda_devices").at(0);
  CHECK(json.at("name") == "cuda:0");
  CHECK(json.at("card") == "NVIDIA H100");
  CHECK(json.at("hps_32_midstates") == 10.7e9);

  report.cards[0].hps_alone.reset();
  CHECK(device_table(report).find("  1 midstate failed (") != std::string::npos);
  CHECK(boost::json::parse(device_json(report)).at("cuda_devices").at(0).at("hps_1_midstate") ==
        nullptr);
}

TEST_CASE("device report: tells what a card's meter says") {
  DeviceReport report;
  CardRow& card = report.cards.emplace_back(card_row());
  card.reading.watts = 71;
  card.reading.celsius = 34;
  card.reading.sm_mhz = 1980;
  CHECK(device_table(report).find("\n  71 W, 34 °C, 1980 MHz\n") != std::string::npos);
  const auto json = boost::json::parse(device_json(report)).at("cuda_devices").at(0);
  CHECK(json.at("watts") == 71.0);
  CHECK(json.at("sm_mhz") == 1980);
  CHECK(json.at("memory_mhz").is_null());
  CHECK(json.at("held_back_by").as_array().empty());
}
