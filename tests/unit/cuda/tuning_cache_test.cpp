#include "cuda/tuning_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/fuzz/fuzz_tunings.h"
#include "tests/unit/catch.h"

using namespace ebb::cuda;
namespace fs = std::filesystem;

namespace {

/// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "ebb-tuning-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  fs::path file() const { return path_ / "ebb" / "cuda-tuning.json"; }
  const fs::path& path() const { return path_; }

  void write(std::string_view text) const {
    fs::create_directories(file().parent_path());
    std::ofstream(file(), std::ios::binary) << text;
  }
  std::string read() const {
    std::ifstream file_in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file_in), {}};
  }

 private:
  fs::path path_;
};

CardInfo card(const std::string& name = "NVIDIA H100", int driver = 13000) {
  CardInfo info;
  info.name = name;
  info.driver = driver;
  return info;
}

TuningPair pair(unsigned batch = 16) {
  return {{{Layout::versions, Form::fma_sigma0, 64}, 128, batch},
          {{Layout::nonces, Form::fma_shifts, 64}, 256, 512}};
}

/// What find() says is wrong.
std::string fault(const TuningCache& cache) {
  const auto found = cache.find(card());
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().find('\n') == std::string::npos);
  return found.error();
}

}  // namespace

TEST_CASE("tuning cache: what was kept is found, by card, driver and build") {
  const Folder folder;
  const TuningCache cache(folder.file(), "build1");
  CHECK(cache.find(card()).value() == std::nullopt);
  REQUIRE(cache.keep(card(), pair()).has_value());
  CHECK(cache.find(card()).value() == pair());
  CHECK(TuningCache(folder.file(), "build1").find(card()).value() == pair());
  CHECK(cache.find(card("NVIDIA A100")).value() == std::nullopt);
  CHECK(cache.find(card("NVIDIA H100", 12080)).value() == std::nullopt);
  CHECK(TuningCache(folder.file(), "build2").find(card()).value() == std::nullopt);
}

TEST_CASE("tuning cache: an entry is replaced, others stay") {
  const Folder folder;
  const TuningCache cache(folder.file(), "build1"), other(folder.file(), "build2");
  REQUIRE(other.keep(card(), pair(8)).has_value());
  REQUIRE(cache.keep(card(), pair(16)).has_value());
  REQUIRE(cache.keep(card(), pair(32)).has_value());
  CHECK(cache.find(card()).value() == pair(32));
  CHECK(other.find(card()).value() == pair(8));
  CHECK(parse_cache(folder.read())->size() == 2u);
}

TEST_CASE("tuning cache: another build's kernels stay in the file, and are not used here") {
  const Folder folder;
  folder.write(R"({"format":1,"cards":[{"card":"NVIDIA H100","driver":13000,"build":"new",)"
               R"("versions":{"variant":"versions-tensor-96","block":512,"batch":4},)"
               R"("nonces":{"variant":"nonces-plain-64","block":256,"batch":512}}]})");
  const TuningCache cache(folder.file(), "build1");
  REQUIRE(cache.keep(card(), pair()).has_value());
  const auto entries = parse_cache(folder.read());
  REQUIRE(entries->size() == 2u);
  CHECK(entries->front().versions == KeptTuning{"versions-tensor-96", 512, 4});
  CHECK(fault(TuningCache(folder.file(), "new")).find("tuning") != std::string::npos);
}

TEST_CASE("tuning cache: only what the autotuner may choose is used") {
  const Folder folder;
  const TuningCache cache(folder.file(), "b");
  CacheEntry good{
      "NVIDIA H100", 13000, "b", {"versions-plain-48", 256, 8}, {"nonces-plain-64", 128, 1024}};
  const auto write = [&](const CacheEntry& entry) { folder.write(format_cache({{entry}})); };
  write(good);
  CHECK(cache.find(card()).value().has_value());
  const KeptTuning bad_versions[] = {
      {"versions-plain-48", 1024, 8},     {"versions-plain-48", 0, 8},
      {"versions-plain-48", 256, 0},      {"versions-plain-48", 256, 1024},
      {"versions-fma_sigma0-48", 256, 8}, {"", 256, 8},
      {"nonces-plain-64", 256, 512}};
  for (const KeptTuning& bad : bad_versions) {
    CacheEntry entry = good;
    entry.versions = bad;
    write(entry);
    fault(cache);
  }
  good.nonces = {"versions-plain-48", 256, 8};
  write(good);
  fault(cache);
}

TEST_CASE("tuning cache: a broken or foreign file is ignored, and replaced by the next entry") {
  const Folder folder;
  const TuningCache cache(folder.file(), "b");
  for (const char* text :
       {"", "{", "[]", "null", "{\"format\":1}", "\xff\xfe", "{\"format\":\"1\",\"cards\":[]}",
        "{\"format\":1,\"cards\":[1]}", "{\"format\":1,\"cards\":[{\"card\":\"x\"}]}",
        "{\"format\":1,\"cards\":[]} trailing", "some notes of mine"}) {
    folder.write(text);
    CHECK(fault(cache).find("ignored") != std::string::npos);
    REQUIRE(cache.keep(card(), pair()).has_value());
    CHECK(cache.find(card()).value() == pair());
  }
}

TEST_CASE("tuning cache: a file over 1 MiB is not read") {
  const Folder folder;
  const TuningCache cache(folder.file(), "b");
  REQUIRE(cache.keep(card(), pair()).has_value());
  const std::string text = folder.read();
  folder.write(text + std::string(kMaxCacheBytes - text.size(), ' '));
  CHECK(cache.find(card()).value() == pair());
  folder.write(text + std::string(kMaxCacheBytes - text.size() + 1, ' '));
  CHECK(fault(cache).find("1 MiB") != std::string::npos);
}

TEST_CASE("tuning cache: what is no file neither blocks nor crashes") {
  const Folder folder;
  const TuningCache cache(folder.file(), "b");
  fs::create_directories(folder.file().parent_path());
  SECTION("a pipe") {
    REQUIRE(::mkfifo(folder.file().c_str(), 0600) == 0);
    fault(cache);
    CHECK(cache.keep(card(), pair()).has_value());
    CHECK(cache.find(card()).value() == pair());
  }
  SECTION("a folder") {
    fs::create_directories(folder.file() / "inside");
    fault(cache);
    CHECK_FALSE(cache.keep(card(), pair()).has_value());
    CHECK(std::distance(fs::directory_iterator(folder.file().parent_path()), {}) == 1);
  }
  SECTION("an endless device, by a link") {
    fs::create_symlink("/dev/zero", folder.file());
    fault(cache);
    CHECK(cache.keep(card(), pair()).has_value());
    CHECK_FALSE(fs::is_symlink(folder.file()));
  }
  SECTION("a link to itself") {
    fs::create_symlink(folder.file(), folder.file());
    fault(cache);
    CHECK(cache.keep(card(), pair()).has_value());
  }
}

TEST_CASE("tuning cache: the folder cannot be made") {
  const Folder folder;
  std::ofstream(folder.path() / "ebb") << "in the way";
  const TuningCache cache(folder.file(), "b");
  fault(cache);
  const auto kept = cache.keep(card(), pair());
  REQUIRE_FALSE(kept.has_value());
  CHECK(kept.error().find(folder.path().string()) != std::string::npos);
}

TEST_CASE("tuning cache: without a place nothing is found and nothing kept") {
  const TuningCache cache(std::nullopt, "b");
  CHECK(cache.find(card()).value() == std::nullopt);
  const auto kept = cache.keep(card(), pair());
  REQUIRE_FALSE(kept.has_value());
  CHECK(kept.error().find("HOME") != std::string::npos);
}

TEST_CASE("tuning cache: the place is the user's cache folder, where that is absolute") {
  CHECK(cache_file("/x", "/home/u") == fs::path("/x/ebb/cuda-tuning.json"));
  for (const char* xdg : {static_cast<const char*>(nullptr), "", "relative"}) {
    CHECK(cache_file(xdg, "/home/u") == fs::path("/home/u/.cache/ebb/cuda-tuning.json"));
    CHECK(cache_file(xdg, nullptr) == std::nullopt);
    CHECK(cache_file(xdg, "") == std::nullopt);
  }
}

TEST_CASE("tuning cache: the file is the user's alone, and nothing else is left behind") {
  const Folder folder;
  const TuningCache cache(folder.file(), "b");
  for (int i = 0; i < 3; ++i)
    REQUIRE(cache.keep(card(), pair()).has_value());
  struct stat about {};
  REQUIRE(::stat(folder.file().c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK(std::distance(fs::directory_iterator(folder.file().parent_path()), {}) == 1);
}

TEST_CASE("tuning cache: 64 entries, the oldest goes") {
  const Folder folder;
  const TuningCache cache(folder.file(), "b");
  for (int i = 0; i < 70; ++i) {
    REQUIRE(cache.keep(card("card " + std::to_string(i)), pair()).has_value());
    if (i == 40) REQUIRE(cache.keep(card("card 6"), pair()).has_value());
  }
  CHECK(parse_cache(folder.read())->size() == kMaxCacheEntries);
  CHECK(cache.find(card("card 5")).value() == std::nullopt);
  CHECK(cache.find(card("card 6")).value().has_value());  // written again, so it is not old
  CHECK(cache.find(card("card 69")).value().has_value());

  std::vector<CacheEntry> many(kMaxCacheEntries + 1, {"NVIDIA H100", 13000, "b", {}, {}});
  folder.write(format_cache(many));
  CHECK(fault(cache).find("too many") != std::string::npos);
}

TEST_CASE("tuning cache: a name that JSON cannot hold does not spoil the file") {
  const Folder folder;
  const TuningCache cache(folder.file(), "b");
  REQUIRE(cache.keep(card(), pair()).has_value());
  for (const std::string& name : {std::string("caf\xe9"), std::string(300, 'x')}) {
    CHECK_FALSE(cache.keep(card(name), pair()).has_value());
    CHECK(cache.find(card()).value() == pair());
  }
  for (const std::string& name :
       {std::string("a\"b\\c\n\0d", 8), std::string("\xf0\x9f\x98\x80")}) {
    CHECK(cache.keep(card(name), pair()).has_value());
    CHECK(cache.find(card(name)).value() == pair());
  }
}

TEST_CASE("tuning cache: many writers leave a whole file") {
  const Folder folder;
  std::atomic<int> failed{0};
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w) {
      writers.emplace_back([&folder, &failed, w] {
        const TuningCache cache(folder.file(), "b");
        for (int i = 0; i < 25; ++i)
          failed += cache.keep(card("card " + std::to_string(w)), pair()).has_value() ? 0 : 1;
      });
    }
    const TuningCache cache(folder.file(), "b");
    int broken = 0;
    for (int i = 0; i < 100; ++i)
      broken += cache.find(card("card 0")).has_value() ? 0 : 1;
    CHECK(broken == 0);
  }
  CHECK(failed == 0);
  const auto entries = parse_cache(folder.read());
  REQUIRE(entries.has_value());
  CHECK(entries->size() >= 1u);
  CHECK(entries->size() <= 4u);
  CHECK(std::distance(fs::directory_iterator(folder.file().parent_path()), {}) == 1);
}

TEST_CASE("tuning cache: the build has an id") {
  CHECK(kernel_build().size() == 16u);
  CHECK(kernel_build().find_first_not_of("0123456789abcdef") == std::string_view::npos);
}

TEST_CASE("fuzz corpus: tunings") {
  std::size_t files = 0;
  for (const auto& it : fs::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/tunings")) {
    std::ifstream file(it.path(), std::ios::binary);
    const std::string data{std::istreambuf_iterator<char>(file), {}};
    INFO(it.path().filename().string());
    CHECK_NOTHROW(fuzz_tunings(data));
    ++files;
  }
  CHECK(files >= 7u);
}
