#include "cuda/tuning_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "cuda/autotune.h"

namespace ebb::cuda {
namespace {

namespace json = boost::json;

constexpr int kFormat = 1;
constexpr std::size_t kMaxName = 256;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

std::string last_error() {
  return std::generic_category().message(errno);
}

/// Nothing if there is no file. Whatever else is there under its name does not hold us up.
tl::expected<std::optional<std::string>, std::string> read_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && errno == ENOENT) return std::nullopt;
  struct stat about {};
  if (!file || ::fstat(file.number(), &about) != 0) return tl::unexpected(last_error());
  if (!S_ISREG(about.st_mode)) return tl::unexpected<std::string>("not a regular file");
  std::string text(kMaxCacheBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(last_error());
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxCacheBytes) return tl::unexpected<std::string>("larger than 1 MiB");
  text.resize(size);
  return text;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Readers see the old file or the new one, whole.
tl::expected<void, std::string> replace_file(const std::filesystem::path& path,
                                             std::string_view text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return tl::unexpected(path.parent_path().string() + ": " + error.message());
  std::string temporary = path.string() + ".XXXXXX";
  Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // readable by the user alone
  if (!file) return tl::unexpected(temporary + ": " + last_error());
  if (write_all(file.number(), text) && file.close() &&
      std::rename(temporary.c_str(), path.c_str()) == 0) {
    return {};
  }
  const std::string why = last_error();
  ::unlink(temporary.c_str());
  return tl::unexpected(path.string() + ": " + why);
}

std::optional<std::string> read_name(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value ? value->if_string() : nullptr;
  if (!text || text->size() > kMaxName) return std::nullopt;
  return std::string(*text);
}

template <class Number>
std::optional<Number> read_number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (!value || !value->is_number()) return std::nullopt;
  json::error_code error;
  const auto number = value->to_number<Number>(error);
  if (error) return std::nullopt;
  return number;
}

std::optional<KeptTuning> read_tuning(const json::object& entry, std::string_view key) {
  const json::value* value = entry.if_contains(key);
  const json::object* object = value ? value->if_object() : nullptr;
  if (!object) return std::nullopt;
  const auto variant = read_name(*object, "variant");
  const auto block = read_number<unsigned>(*object, "block");
  const auto batch = read_number<unsigned>(*object, "batch");
  if (!variant || !block || !batch) return std::nullopt;
  return KeptTuning{*variant, *block, *batch};
}

std::optional<CacheEntry> read_entry(const json::value& value) {
  const json::object* object = value.if_object();
  if (!object) return std::nullopt;
  const auto card = read_name(*object, "card");
  const auto driver = read_number<int>(*object, "driver");
  const auto build = read_name(*object, "build");
  const auto versions = read_tuning(*object, "versions");
  const auto nonces = read_tuning(*object, "nonces");
  if (!card || !driver || !build || !versions || !nonces) return std::nullopt;
  return CacheEntry{*card, *driver, *build, *versions, *nonces};
}

json::object as_json(const KeptTuning& tuning) {
  return {{"variant", tuning.variant}, {"block", tuning.block}, {"batch", tuning.batch}};
}

KeptTuning as_kept(const Tuning& tuning) {
  return {name_of(tuning.variant), tuning.block, tuning.batch};
}

/// Only what the autotuner could have chosen.
std::optional<Tuning> as_tuning(const KeptTuning& kept, Layout layout) {
  const auto variant = find_variant(kept.variant);
  if (!variant || variant->layout != layout) return std::nullopt;
  for (const Tuning& tuning : tunings_of(*variant)) {
    if (as_kept(tuning) == kept) return tuning;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<std::vector<CacheEntry>, std::string> parse_cache(std::string_view text) {
  json::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  if (error) return tl::unexpected("not JSON: " + error.message());
  const json::object* object = root.if_object();
  if (!object || read_number<int>(*object, "format") != kFormat) {
    return tl::unexpected<std::string>("not of a format known here");
  }
  const json::value* cards = object->if_contains("cards");
  const json::array* array = cards ? cards->if_array() : nullptr;
  if (!array) return tl::unexpected<std::string>("has no list of cards");
  if (array->size() > kMaxCacheEntries) return tl::unexpected<std::string>("has too many entries");
  std::vector<CacheEntry> entries;
  for (const json::value& value : *array) {
    auto entry = read_entry(value);
    if (!entry) return tl::unexpected<std::string>("has an entry that is none");
    entries.push_back(std::move(*entry));
  }
  return entries;
}

std::string format_cache(std::span<const CacheEntry> entries) {
  json::array cards;
  for (const CacheEntry& entry : entries) {
    cards.push_back({{"card", entry.card},
                     {"driver", entry.driver},
                     {"build", entry.build},
                     {"versions", as_json(entry.versions)},
                     {"nonces", as_json(entry.nonces)}});
  }
  return json::serialize(json::object{{"format", kFormat}, {"cards", std::move(cards)}}) + "\n";
}

std::string_view kernel_build() {
  return EBB_KERNEL_BUILD;
}

TuningCache::TuningCache(std::optional<std::filesystem::path> file, std::string build)
    : file_(std::move(file)), build_(std::move(build)) {}

TuningCache TuningCache::of_user() {
  return TuningCache(cache_file(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME")));
}

tl::expected<std::optional<TuningPair>, std::string> TuningCache::find(const CardInfo& card) const {
  if (!file_) return std::nullopt;
  const auto ignored = [&](const std::string& why) {
    return tl::unexpected(file_->string() + " is ignored: " + why);
  };
  const auto text = read_file(*file_);
  if (!text) return ignored(text.error());
  if (!*text) return std::nullopt;
  const auto entries = parse_cache(**text);
  if (!entries) return ignored(entries.error());
  for (const CacheEntry& entry : *entries) {
    if (entry.card != card.name || entry.driver != card.driver || entry.build != build_) continue;
    const auto versions = as_tuning(entry.versions, Layout::versions);
    const auto nonces = as_tuning(entry.nonces, Layout::nonces);
    if (!versions || !nonces) return ignored("names a tuning that there is not");
    return TuningPair{*versions, *nonces};
  }
  return std::nullopt;
}

tl::expected<void, std::string> TuningCache::keep(const CardInfo& card,
                                                  const TuningPair& tuning) const {
  if (!file_) {
    return tl::unexpected<std::string>("neither XDG_CACHE_HOME nor HOME is an absolute path");
  }
  std::vector<CacheEntry> entries;
  if (const auto text = read_file(*file_); text && *text) {
    entries = parse_cache(**text).value_or(std::vector<CacheEntry>());
  }
  std::erase_if(entries, [&](const CacheEntry& entry) {
    return entry.card == card.name && entry.driver == card.driver && entry.build == build_;
  });
  entries.push_back(
      {card.name, card.driver, build_, as_kept(tuning.versions), as_kept(tuning.nonces)});
  if (entries.size() > kMaxCacheEntries) entries.erase(entries.begin());
  const std::string text = format_cache(entries);
  // A driver's name for a card may be no UTF-8; such a file would only be in the way.
  if (!parse_cache(text)) return tl::unexpected<std::string>("the card's name cannot be written");
  return replace_file(*file_, text);
}

std::optional<std::filesystem::path> cache_file(const char* xdg_cache_home, const char* home) {
  const auto absolute = [](const char* path) { return path != nullptr && path[0] == '/'; };
  std::filesystem::path folder;
  if (absolute(xdg_cache_home)) {
    folder = xdg_cache_home;
  } else if (absolute(home)) {
    folder = std::filesystem::path(home) / ".cache";
  } else {
    return std::nullopt;
  }
  return folder / "ebb" / "cuda-tuning.json";
}

}  // namespace ebb::cuda
