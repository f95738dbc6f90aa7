// On the cards of this machine. Without one each test says so; nothing else may be skipped.

#include <algorithm>
#include <thread>

#include "core/header.h"
#include "cuda/cuda_cards.h"
#include "tests/unit/catch.h"

namespace ebb::cuda {
namespace {

using namespace std::chrono_literals;

CudaCards& cards() {
  static CudaCards found;
  return found;
}

/// Runs `test` on each card, or says why there is none.
template <class Test>
void on_each_card(Test test) {
  if (cards().found().empty()) WARN("skipped: " << cards().reason());
  for (const FoundCard& card : cards().found()) {
    INFO(card.device << ", " << card.info.name);
    test(*cards().make_device(card));
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

/// The header's scan with `versions` versions, the last of which is its own.
core::ScanInput input_of(core::Header header, unsigned versions, std::uint32_t threshold) {
  core::ScanInput input;
  input.midstate_count = versions;
  input.threshold = threshold;
  const auto bytes = header.serialize();
  for (std::size_t i = 0; i < 3; ++i)
    input.tail[i] = core::load_be32(&bytes[64 + 4 * i]);
  header.version -= versions - 1;
  for (unsigned i = 0; i < versions; ++i, ++header.version) {
    const core::Midstate midstate = header.midstate();
    std::copy(midstate.words.begin(), midstate.words.end(), input.midstates[i]);
  }
  return input;
}

TEST_CASE("hardware: every kernel gives the known answers on a card") {
  on_each_card([](CudaDevice& device) {
    const KnownAnswers answers;
    for (const Variant& variant : kVariants) {
      for (const unsigned block : {128u, 256u}) {
        for (const unsigned step : {1u, 2u, 4u}) {
          const bool versions = variant.layout == Layout::versions;
          TuningPair pair;
          if (versions) pair.versions = {variant, block, 8 * step};
          if (!versions) pair.nonces = {variant, block, 256 * step};
          INFO(describe(versions ? pair.versions : pair.nonces));
          device.tune(pair);
          if (variant.registers == 48 && device.card().capability < 80) continue;  // not built
          CHECK(answers.check(device) == std::nullopt);
        }
      }
    }
  });
}

TEST_CASE("hardware: a card finds the nonces of known blocks") {
  on_each_card([](CudaDevice& device) {
    std::vector<core::Candidate> out(core::kMinCandidateCapacity);
    for (const KnownBlock& block : kKnownBlocks) {
      const core::Bytes bytes = core::from_hex(block.header).value();
      const auto header = core::Header::parse(std::span<const std::uint8_t, 80>(bytes));
      REQUIRE(header.nonce == block.nonce);
      for (const unsigned versions : {1u, 4u, 32u}) {
        device.prepare(input_of(header, versions, 0));
        // The nonce is the range's first, one in the middle and its last.
        for (const std::uint32_t before : {0u, 12345u, 99999u}) {
          const auto report = device.scan(block.nonce - before, 100'000, out);
          REQUIRE(report.ok);
          CHECK(report.busy.count() > 0);
          const auto is_it = [&](const core::Candidate& found) {
            return found.nonce == block.nonce && found.midstate == versions - 1;
          };
          CHECK(std::count_if(out.begin(), out.begin() + report.found, is_it) == 1);
        }
      }
    }
  });
}

TEST_CASE("hardware: a card scans every nonce there is") {
  on_each_card([](CudaDevice& device) {
    const core::Bytes bytes = core::from_hex(kKnownBlocks[0].header).value();
    core::Header header = core::Header::parse(std::span<const std::uint8_t, 80>(bytes));
    device.prepare(input_of(header, 1, 0x000000ff));
    std::vector<core::Candidate> out(core::kMinCandidateCapacity);
    constexpr std::uint64_t kAll = std::uint64_t{1} << 32;
    std::uint32_t found = 0;
    std::chrono::nanoseconds busy{0};
    for (std::uint64_t done = 0; done < kAll;) {
      const auto report = device.scan(static_cast<std::uint32_t>(done), kAll - done, out);
      REQUIRE(report.ok);
      REQUIRE(report.scanned > 0);
      for (std::uint32_t i = 0; i < report.found; ++i) {
        header.nonce = out[i].nonce;
        CHECK(core::load_le32(&header.hash().bytes[28]) <= 0xff);
      }
      found += report.found;
      busy += report.busy;
      done += report.scanned;
    }
    // 256 expected, standard deviation 16.
    CHECK(found > 256 - 6 * 16);
    CHECK(found < 256 + 6 * 16);
    WARN("2^32 nonces in " << static_cast<double>(busy.count()) * 1e-9 << " s of the card's time");
  });
}

TEST_CASE("hardware: an interrupt ends a scan in its middle, and what was tried is exact") {
  on_each_card([](CudaDevice& device) {
    const core::Bytes bytes = core::from_hex(kKnownBlocks[0].header).value();
    const core::Header header = core::Header::parse(std::span<const std::uint8_t, 80>(bytes));
    device.prepare(input_of(header, 32, 0));
    std::vector<core::Candidate> out(core::kMinCandidateCapacity);
    for (int i = 0; i < 10; ++i)  // the length of launches settles
      REQUIRE(device.scan(0, 10'000'000, out).ok);
    std::vector<double> delays_ms;
    for (int i = 0; i < 50; ++i) {
      std::chrono::steady_clock::time_point asked;
      std::thread other([&] {
        std::this_thread::sleep_for(50ms + i * 1ms);
        asked = std::chrono::steady_clock::now();
        device.interrupt();
      });
      const auto report = device.scan(0, std::uint64_t{1} << 32, out);
      const auto ended = std::chrono::steady_clock::now();
      other.join();
      REQUIRE(report.ok);
      CHECK(report.interrupted);
      CHECK(report.scanned < std::uint64_t{1} << 32);
      delays_ms.push_back(std::chrono::duration<double, std::milli>(ended - asked).count());
    }
    std::sort(delays_ms.begin(), delays_ms.end());
    WARN("from interrupt to an idle card, ms: median " << delays_ms[25] << ", most "
                                                       << delays_ms.back());
    CHECK(delays_ms[25] < 100);
  });
}

TEST_CASE("hardware: a card that was released comes back") {
  on_each_card([](CudaDevice& device) {
    const core::Bytes bytes = core::from_hex(kKnownBlocks[0].header).value();
    const core::Header header = core::Header::parse(std::span<const std::uint8_t, 80>(bytes));
    std::vector<core::Candidate> out(core::kMinCandidateCapacity);
    device.prepare(input_of(header, 1, 0));
    for (int i = 0; i < 3; ++i) {
      const auto began = std::chrono::steady_clock::now();
      REQUIRE(device.scan(kKnownBlocks[0].nonce, 1, out).found == 1);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
      WARN("from released to a hash: " << took.count() << " s");
      device.release();
    }
  });
}

}  // namespace
}  // namespace ebb::cuda
