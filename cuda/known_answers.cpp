#include "cuda/known_answers.h"

#include <algorithm>
#include <array>
#include <random>

#include "core/header.h"

namespace ebb::cuda {
namespace {

using Key = std::pair<std::uint32_t, std::uint32_t>;  // nonce, version

/// Scans the whole range, going on where the device stops early; nothing when it fails, makes no
/// progress or breaks its contract.
std::optional<std::vector<Key>> scan_all(core::Device& device, const core::ScanInput& input,
                                         std::uint32_t first, std::uint64_t count) {
  device.prepare(input);
  std::vector<core::Candidate> buffer(core::kMinCandidateCapacity);
  std::vector<Key> found;
  for (std::uint64_t done = 0; done < count;) {
    const auto report = device.scan(static_cast<std::uint32_t>(first + done), count - done, buffer);
    if (!report.ok || (report.scanned == 0 && !report.interrupted)) return std::nullopt;
    if (report.scanned > count - done || report.found > buffer.size()) return std::nullopt;
    for (std::uint32_t i = 0; i < report.found; ++i)
      found.emplace_back(buffer[i].nonce, buffer[i].midstate);
    done += report.scanned;
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::uint32_t value_of(const core::Hash256& hash) {
  const std::uint8_t* end = &hash.bytes[28];
  return core::load_le32(end);
}

}  // namespace

KnownAnswers::KnownAnswers(const Sizes& sizes) : breadth_(sizes.breadth) {
  std::mt19937 random(0x656262);
  for (unsigned versions = 1; versions <= core::kMaxMidstates; ++versions) {
    const std::uint32_t starts[] = {0, static_cast<std::uint32_t>(random() >> 1),
                                    0u - sizes.nonces};
    short_.push_back(
        ask(static_cast<std::uint32_t>(random()), versions, starts[versions % 3], sizes.nonces));
  }
  long_one_ = ask(1, 1, static_cast<std::uint32_t>(random() >> 1), sizes.hashes);
  long_all_ = ask(2, core::kMaxMidstates, static_cast<std::uint32_t>(random() >> 1),
                  sizes.hashes / core::kMaxMidstates);
}

KnownAnswers::Question KnownAnswers::ask(std::uint32_t seed, unsigned versions, std::uint32_t first,
                                         std::uint32_t count) {
  std::mt19937 random(seed);
  std::array<std::uint8_t, 80> bytes;
  for (auto& byte : bytes)
    byte = static_cast<std::uint8_t>(random());
  core::Header header = core::Header::parse(bytes);
  Question question{.input = {}, .first = first, .count = count, .values = {}};
  question.input.midstate_count = versions;
  for (std::size_t i = 0; i < 3; ++i)
    question.input.tail[i] = core::load_be32(&bytes[64 + 4 * i]);
  std::vector<core::Header> headers;
  for (unsigned i = 0; i < versions; ++i) {
    header.version = static_cast<std::uint32_t>(random());
    const core::Midstate midstate = header.midstate();
    std::copy(midstate.words.begin(), midstate.words.end(), question.input.midstates[i]);
    headers.push_back(header);
  }
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    for (core::Header& it : headers) {
      it.nonce = first + offset;
      question.values.push_back(value_of(it.hash()));
    }
  }
  return question;
}

bool KnownAnswers::agrees(core::Device& device, const Question& question, std::uint32_t threshold) {
  std::vector<Key> expected;
  for (std::uint32_t i = 0; i < question.values.size(); ++i) {
    const std::uint32_t versions = question.input.midstate_count;
    if (question.values[i] <= threshold)
      expected.emplace_back(question.first + i / versions, i % versions);
  }
  core::ScanInput input = question.input;
  input.threshold = threshold;
  return scan_all(device, input, question.first, question.count) == expected;
}

std::optional<std::string> KnownAnswers::check_question(core::Device& device,
                                                        const Question& question) {
  const std::uint32_t last = question.values.back();
  for (const std::uint32_t threshold : {0xffffffffu, 0x3fffffffu, 0x00ffffffu, last}) {
    if (!agrees(device, question, threshold)) {
      return "wrong result with " + std::to_string(question.input.midstate_count) +
             " versions from nonce " + core::to_hex(question.first) + ", threshold " +
             core::to_hex(threshold);
    }
  }
  return std::nullopt;
}

/// Thresholds that a hash just meets, just misses, and that differ from it in one bit.
std::optional<std::string> KnownAnswers::check_bits(core::Device& device,
                                                    const Question& question) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    const std::uint32_t value = question.values[bit * 7 % question.values.size()];
    for (const std::uint32_t threshold : {value, value - 1, value ^ (std::uint32_t{1} << bit)}) {
      if (!agrees(device, question, threshold)) {
        return "wrong result at threshold " + core::to_hex(threshold);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> KnownAnswers::check_one_version(core::Device& device) const {
  if (auto wrong = check_question(device, short_.front())) return wrong;
  if (auto wrong = check_bits(device, short_.front())) return wrong;
  return check_question(device, long_one_);
}

std::optional<std::string> KnownAnswers::check_versions(core::Device& device) const {
  for (std::size_t i = 1; i < short_.size(); ++i) {
    if (auto wrong = check_question(device, short_[i])) return wrong;
  }
  if (auto wrong = check_bits(device, short_.back())) return wrong;
  return check_question(device, long_all_);
}

std::optional<std::string> KnownAnswers::check_breadth(core::Device& device) const {
  core::ScanInput input = long_all_.input;
  // 1 in 4,096: each batch has a candidate more often than not.
  input.threshold = 0x000fffff;
  const auto all = scan_all(device, input, long_all_.first, breadth_);
  input.midstate_count = 1;
  const auto one = scan_all(device, input, long_all_.first, breadth_);
  if (!all || !one) return "fails in a wide range";
  std::vector<Key> of_the_first;
  std::copy_if(all->begin(), all->end(), std::back_inserter(of_the_first),
               [](const Key& key) { return key.second == 0; });
  if (of_the_first != *one) return "disagrees with itself in a wide range";
  return std::nullopt;
}

std::optional<std::string> KnownAnswers::check(core::Device& device) const {
  if (auto wrong = check_one_version(device)) return wrong;
  if (auto wrong = check_versions(device)) return wrong;
  return check_breadth(device);
}

}  // namespace ebb::cuda
