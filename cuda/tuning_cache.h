#pragma once
// Tunings kept from one run to the next: a JSON file in the user's cache folder. A kept tuning is
// for the cards of one name, one driver and one build of the kernels.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "cuda/card_info.h"
#include "cuda/variant.h"

namespace ebb::cuda {

/// A tuning as the file has it: another build may know other kernels.
struct KeptTuning {
  std::string variant;  ///< its name_of()
  unsigned block = 0, batch = 0;

  friend bool operator==(const KeptTuning&, const KeptTuning&) = default;
};

struct CacheEntry {
  std::string card;
  int driver = 0;
  std::string build;
  KeptTuning versions, nonces;

  friend bool operator==(const CacheEntry&, const CacheEntry&) = default;
};

inline constexpr std::size_t kMaxCacheEntries = 64;
inline constexpr std::size_t kMaxCacheBytes = 1 << 20;

/// The entries of a file, oldest first. The error says what is wrong with it, and quotes nothing.
tl::expected<std::vector<CacheEntry>, std::string> parse_cache(std::string_view text);

std::string format_cache(std::span<const CacheEntry> entries);

/// Tells one build of the kernels from another: a hash over their sources, the compiler and its
/// options.
std::string_view kernel_build();

/// Holds no state but the file's name, so several may be at work on one file, in several processes
/// too. Of two that write at the same moment one may lose its entry, never more than that.
class TuningCache {
 public:
  /// Without a file nothing is found and nothing is kept.
  explicit TuningCache(std::optional<std::filesystem::path> file,
                       std::string build = std::string(kernel_build()));

  /// In $XDG_CACHE_HOME/ebb or $HOME/.cache/ebb; none when neither is an absolute path.
  static TuningCache of_user();

  /// Nothing when there is none for such a card. The error says why the file cannot be used.
  tl::expected<std::optional<TuningPair>, std::string> find(const CardInfo& card) const;

  /// In place of the card's entry, if there is one; the oldest entry goes when there are too many.
  /// A file that cannot be used is written anew.
  tl::expected<void, std::string> keep(const CardInfo& card, const TuningPair& tuning) const;

 private:
  std::optional<std::filesystem::path> file_;
  std::string build_;
};

/// Where of_user() keeps its file, by the values of XDG_CACHE_HOME and HOME, null where not set.
std::optional<std::filesystem::path> cache_file(const char* xdg_cache_home, const char* home);

}  // namespace ebb::cuda
