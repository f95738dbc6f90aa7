#include "stratum/node/block_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "core/header.h"

namespace ebb::stratum::node {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnjudged = ".block", kAccepted = ".accepted", kRefused = ".refused";
constexpr std::uintmax_t kMaxBlockBytes = 8'000'000;  // consensus allows 4,000,000

std::string stem_of(const SolvedBlock& block) {
  return std::to_string(block.height) + "-" + block.hash.to_display_hex();
}

class File {
 public:
  File(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool sync() const { return ::fsync(fd_) == 0; }
  bool write(core::ByteView bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
  }

 private:
  int fd_;
};

bool sync_folder(const fs::path& folder) {
  const File file(folder, O_RDONLY | O_DIRECTORY);
  return file.is_open() && file.sync();
}

/// Nothing unless name and content belong together.
std::optional<SolvedBlock> read_block(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size < 80 || size > kMaxBlockBytes) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  SolvedBlock block;
  block.bytes.resize(static_cast<std::size_t>(size));
  file.read(reinterpret_cast<char*>(block.bytes.data()), static_cast<std::streamsize>(size));
  if (!file) return std::nullopt;
  const core::Header header =
      core::Header::parse(std::span<const std::uint8_t, 80>(block.bytes.data(), 80));
  block.hash = header.hash();
  block.prev_hash = header.prev_hash;
  const std::string stem = path.stem().string();
  std::from_chars(stem.data(), stem.data() + stem.size(), block.height);
  if (stem != stem_of(block)) return std::nullopt;
  return block;
}

std::vector<fs::path> files_named(const fs::path& folder,
                                  std::initializer_list<std::string_view> extensions) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (std::find(extensions.begin(), extensions.end(), extension) != extensions.end())
      files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::pair<fs::file_time_type, fs::path>> oldest_first(std::vector<fs::path> paths) {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::path& path : paths) {
    std::error_code error;
    const auto written = fs::last_write_time(path, error);
    if (!error) files.emplace_back(written, std::move(path));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

tl::expected<BlockStore, std::string> BlockStore::open(fs::path folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (!error && ::access(folder.c_str(), W_OK | X_OK) != 0)
    error = std::error_code(errno, std::generic_category());
  if (error)
    return tl::unexpected("blocks cannot be kept in " + folder.string() + ": " + error.message());
  sync_folder(folder.parent_path());
  return BlockStore(std::move(folder));
}

tl::expected<void, std::string> BlockStore::keep(const SolvedBlock& block) const {
  const fs::path path = folder_ / (stem_of(block) + std::string(kUnjudged));
  const fs::path unfinished = path.string() + ".part";
  const auto failed = [&] {
    const std::string why = std::strerror(errno);
    ::unlink(unfinished.c_str());
    return tl::unexpected("block " + block.hash.to_display_hex() + " is not on the disk: " + why);
  };
  {
    const File file(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open() || !file.write(block.bytes) || !file.sync()) return failed();
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0 || !sync_folder(folder_)) return failed();
  return {};
}

void BlockStore::judged(const SolvedBlock& block, bool accepted) const {
  const fs::path path = folder_ / stem_of(block);
  std::error_code ignored;  // left as it is, the block is submitted once more: a duplicate
  fs::rename(path.string() + std::string(kUnjudged),
             path.string() + std::string(accepted ? kAccepted : kRefused), ignored);
  forget_oldest_judged();
}

void BlockStore::forget(const SolvedBlock& block) const {
  std::error_code ignored;
  fs::remove(folder_ / (stem_of(block) + std::string(kUnjudged)), ignored);
}

std::optional<SolvedBlock> BlockStore::newest_accepted() const {
  const auto files = oldest_first(files_named(folder_, {kAccepted}));
  return files.empty() ? std::nullopt : read_block(files.back().second);
}

void BlockStore::forget_oldest_judged() const {
  auto files = oldest_first(files_named(folder_, {kAccepted, kRefused}));
  if (files.size() <= kMaxJudged) return;
  files.resize(files.size() - kMaxJudged);
  for (const auto& [written, path] : files) {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
}

BlockStore::Unjudged BlockStore::unjudged() const {
  Unjudged result;
  for (const fs::path& path : files_named(folder_, {kUnjudged})) {
    if (result.blocks.size() == kMaxUnjudged) break;
    if (auto block = read_block(path)) {
      result.blocks.push_back(*std::move(block));
    } else if (result.damaged.size() < kMaxUnjudged) {
      result.damaged.push_back(path.filename().string());
    }
  }
  // Parents before their children.
  std::stable_sort(result.blocks.begin(), result.blocks.end(),
                   [](const auto& a, const auto& b) { return a.height < b.height; });
  return result;
}

}  // namespace ebb::stratum::node
