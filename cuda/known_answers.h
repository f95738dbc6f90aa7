#pragma once
// A card's proof of itself: questions whose answers the scalar oracle gave.

#include <optional>
#include <string>
#include <vector>

#include "core/device.h"

namespace ebb::cuda {

class KnownAnswers {
 public:
  struct Sizes {
    std::uint32_t nonces = 71;         ///< for every number of versions; no multiple of a batch
    std::uint32_t hashes = 1u << 16;   ///< of a long range
    std::uint32_t breadth = 1u << 20;  ///< nonces, enough to reach every multiprocessor
  };

  /// Asks the oracle: 0.1 s of CPU time.
  KnownAnswers() : KnownAnswers(Sizes{}) {}
  explicit KnownAnswers(const Sizes& sizes);

  /// Scans random headers with 1 to 32 versions, from the first nonce, to the last one and between;
  /// thresholds that let everything pass, that fill the buffers, that one hash just meets or just
  /// misses; and a range so wide that every multiprocessor takes part, where scans with one version
  /// and with 32 must find the same. Needs max_midstates of 32. Nothing when all is right, else
  /// what was wrong.
  std::optional<std::string> check(core::Device& device) const;

  /// Only what concerns scans with one version, or with more.
  std::optional<std::string> check_one_version(core::Device& device) const;
  std::optional<std::string> check_versions(core::Device& device) const;

 private:
  struct Question {
    core::ScanInput input;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::vector<std::uint32_t> values;  ///< swapped last words, by nonce, then by version
  };

  static Question ask(std::uint32_t seed, unsigned versions, std::uint32_t first,
                      std::uint32_t count);
  static bool agrees(core::Device& device, const Question& question, std::uint32_t threshold);
  static std::optional<std::string> check_question(core::Device& device, const Question& question);
  static std::optional<std::string> check_bits(core::Device& device, const Question& question);
  std::optional<std::string> check_breadth(core::Device& device) const;

  std::vector<Question> short_;  ///< [versions - 1]
  Question long_one_, long_all_;
  std::uint32_t breadth_;
};

}  // namespace ebb::cuda
