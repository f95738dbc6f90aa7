#include "cuda/cuda_devices.h"

#include <algorithm>
#include <vector>

#include "core/header.h"
#include "tests/unit/catch.h"

namespace ebb::cuda {
namespace {

/// The devices of this machine, opened and proven once for all tests. Never destroyed: CUDA may not
/// be called after main.
const CudaListing& listing() {
  static const auto* const kFound = new CudaListing(list_cuda_devices());
  return *kFound;
}

/// Runs `test` on each device, or says why there is none.
template <class Test>
void on_each_device(Test test) {
  if (listing().devices.empty()) WARN("skipped: " << listing().reason);
  for (const auto& device : listing().devices) {
    INFO(device->info().name);
    test(*device);
  }
}

struct KnownBlock {
  const char* header;  ///< 80 bytes
  std::uint32_t nonce;
};

// Blocks 0, 125552 and 277316.
constexpr KnownBlock kKnownBlocks[] = {
    {"0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac7"
     "2c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
     2083236893u},
    {"0100000081cd02ab7e569e8bcd9317e2fe99f2de44d49ab2b8851ba4a308000000000000e320b6c2fffc8d750423"
     "db8b1eb942ae710e951ed797f7affc8892b0f1fc122bc7f5d74df2b9441a42a14695",
     2504433986u},
    {"0200000069054f28012b4474caa9e821102655cc74037c415ad2bba70200000000000000"
     "2ecfc74ceb512c5055bcff7e57735f7323c32f8bbb48f5e96307e5268c001cc93a09be520ca3031988261c37",
     924591752u}};

core::ScanInput input_of(const core::Header& header, std::uint32_t zero_mask) {
  core::ScanInput input;
  input.midstate_count = 1;
  const core::Midstate midstate = header.midstate();
  std::copy(midstate.words.begin(), midstate.words.end(), input.midstates[0]);
  const auto bytes = header.serialize();
  for (std::size_t i = 0; i < 3; ++i)
    input.tail[i] = core::load_be32(&bytes[64 + 4 * i]);
  input.zero_mask = zero_mask;
  return input;
}

TEST_CASE("a listing without devices says why, at every call") {
  for (int i = 0; i < 2; ++i) {
    const CudaListing found = list_cuda_devices();
    if (found.devices.empty()) CHECK_FALSE(found.reason.empty());
    for (const auto& device : found.devices) {
      CHECK(device->info().name.rfind("cuda:", 0) == 0);
      CHECK(device->info().backend == "cuda");
      CHECK(device->info().max_midstates >= 1);
    }
  }
}

TEST_CASE("a CUDA device finds the nonces of known blocks") {
  on_each_device([](core::Device& device) {
    for (const KnownBlock& block : kKnownBlocks) {
      const core::Bytes bytes = core::from_hex(block.header).value();
      const auto header = core::Header::parse(std::span<const std::uint8_t, 80>(bytes));
      REQUIRE(header.nonce == block.nonce);
      device.prepare(input_of(header, 0xffffffff));
      // The nonce is the range's first, one in the middle and its last.
      for (const std::uint32_t before : {0u, 12345u, 99999u}) {
        std::vector<core::Candidate> out(core::kMinCandidateCapacity);
        const auto report = device.scan(block.nonce - before, 100'000, out);
        REQUIRE(report.ok);
        CHECK(report.scanned == 100'000);
        CHECK(report.busy.count() > 0);
        out.resize(report.found);
        CHECK(std::count_if(out.begin(), out.end(),
                            [&](const auto& found) { return found.nonce == block.nonce; }) == 1);
      }
    }
  });
}

TEST_CASE("a CUDA device scans every nonce there is") {
  on_each_device([](core::Device& device) {
    const core::Bytes bytes = core::from_hex(kKnownBlocks[0].header).value();
    core::Header header = core::Header::parse(std::span<const std::uint8_t, 80>(bytes));
    constexpr std::uint32_t kMask = 0x00ffffff;
    device.prepare(input_of(header, kMask));
    std::vector<core::Candidate> out(core::kMinCandidateCapacity);
    const auto report = device.scan(0, std::uint64_t{1} << 32, out);
    REQUIRE(report.ok);
    CHECK(report.scanned == std::uint64_t{1} << 32);
    // 256 expected, standard deviation 16.
    CHECK(report.found > 256 - 6 * 16);
    CHECK(report.found < 256 + 6 * 16);
    for (std::uint32_t i = 0; i < report.found; ++i) {
      header.nonce = out[i].nonce;
      CHECK((core::load_be32(&header.hash().bytes[28]) & kMask) == 0);
    }
    // Nothing is scanned of an empty range.
    const auto nothing = device.scan(7, 0, out);
    CHECK(nothing.ok);
    CHECK(nothing.scanned == 0);
    CHECK(nothing.found == 0);
  });
}

TEST_CASE("a CUDA device refuses midstates that it would not scan") {
  on_each_device([](core::Device& device) {
    core::ScanInput input;
    input.midstate_count = device.info().max_midstates + 1;
    device.prepare(input);
    std::vector<core::Candidate> out(core::kMinCandidateCapacity);
    CHECK_FALSE(device.scan(0, 1000, out).ok);
  });
}

}  // namespace
}  // namespace ebb::cuda
