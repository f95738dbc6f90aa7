#include "cuda/device_self_test.h"

#include <algorithm>
#include <random>
#include <vector>

#include "core/header.h"

namespace ebb::cuda {
namespace {

/// A random header, and the oracle's last hash word for each nonce of a range.
struct Problem {
  Problem(std::mt19937& random, std::uint32_t first_nonce, std::uint32_t count)
      : first(first_nonce) {
    std::array<std::uint8_t, 80> bytes;
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random());
    core::Header header = core::Header::parse(bytes);
    const core::Midstate midstate = header.midstate();
    input.midstate_count = 1;
    std::copy(midstate.words.begin(), midstate.words.end(), input.midstates[0]);
    for (std::size_t i = 0; i < 3; ++i)
      input.tail[i] = core::load_be32(&bytes[64 + 4 * i]);
    for (std::uint32_t i = 0; i < count; ++i) {
      header.nonce = first + i;
      last_words.push_back(core::load_be32(&header.hash().bytes[28]));
    }
  }

  std::uint32_t first;
  core::ScanInput input;
  std::vector<std::uint32_t> last_words;
};

/// Scans the whole range, going on where the device stops for lack of room, and compares.
bool agrees(core::Device& device, const Problem& problem, std::uint32_t zero_mask) {
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < problem.last_words.size(); ++i) {
    if ((problem.last_words[i] & zero_mask) == 0) expected.push_back(problem.first + i);
  }

  core::ScanInput input = problem.input;
  input.zero_mask = zero_mask;
  device.prepare(input);
  std::vector<core::Candidate> buffer(core::kMinCandidateCapacity);
  std::vector<std::uint32_t> got;
  for (std::uint64_t done = 0; done < problem.last_words.size();) {
    const std::uint64_t left = problem.last_words.size() - done;
    const auto report = device.scan(static_cast<std::uint32_t>(problem.first + done), left, buffer);
    if (!report.ok || report.scanned == 0 || report.scanned > left) return false;
    if (report.found > buffer.size()) return false;
    for (std::uint32_t i = 0; i < report.found; ++i) {
      if (buffer[i].midstate != 0) return false;
      got.push_back(buffer[i].nonce);
    }
    done += report.scanned;
  }
  std::sort(got.begin(), got.end());
  return got == expected;
}

}  // namespace

std::optional<std::string> self_test(core::Device& device) {
  std::mt19937 random(0x656262);
  constexpr std::uint32_t kShort = 257;  // one block of threads and one nonce more
  for (unsigned bit = 0; bit < 32; ++bit) {
    const std::uint32_t starts[] = {0, static_cast<std::uint32_t>(random() >> 1), 0u - kShort};
    const Problem problem(random, starts[bit % 3], kShort);
    if (!agrees(device, problem, std::uint32_t{1} << bit)) {
      return "wrong result from nonce " + core::to_hex(problem.first) + ", bit " +
             std::to_string(bit);
    }
  }
  // 512 blocks of threads, some for each multiprocessor: the largest GPUs have fewer than 200. A
  // mask of eight bits leaves each block one candidate, on average, and all of them half a buffer.
  const Problem wide(random, static_cast<std::uint32_t>(random() >> 1), 1 << 17);
  for (unsigned shift = 0; shift <= 24; shift += 3) {
    if (!agrees(device, wide, std::uint32_t{0xff} << shift)) return "wrong result in a long range";
  }
  if (!agrees(device, wide, ~wide.last_words[100'000])) return "misses a single winner";
  for (const std::uint32_t easy : {0x00000000u, 0x00000001u}) {
    if (!agrees(device, wide, easy)) return "wrong result when the candidates overflow";
  }
  return std::nullopt;
}

}  // namespace ebb::cuda
