#pragma once
// A folder that goes away again, a disk that breaks on demand, and entries.

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/unit/catch.h"
#include "throttle/ledger/ledger.h"

namespace ebb::throttle {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ebb-ledger-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file() const { return path_ / "state" / "ledger.db"; }

 private:
  std::filesystem::path path_;
};

inline WallTime at_second(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(1'643'000'000 + seconds));
}

inline LedgerEntry sample_at(std::int64_t second, double hps = 1e6, std::uint64_t event = 0) {
  return {at_second(second), event, SampleEntry{hps, 1, 100.0, "meter", false, {}}};
}

inline LedgerEntry retract_at(std::int64_t second, std::string id) {
  return {at_second(second), 0, RetractEntry{"operator", std::move(id)}};
}

/// SQLite's own file system, whose writes and syncs can be made to fail or to hang.
class BrokenDisk {
 public:
  enum class Mode { works, full, io_error, sync_error, hangs };

  BrokenDisk() {
    real() = sqlite3_vfs_find(nullptr);
    vfs_ = *real();
    vfs_.zName = "ebb-broken-disk";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real()->szOsFile;
    vfs_.xOpen = open;
    REQUIRE(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK);
  }
  BrokenDisk(const BrokenDisk&) = delete;
  BrokenDisk& operator=(const BrokenDisk&) = delete;
  ~BrokenDisk() {
    mode() = Mode::works;
    sqlite3_vfs_register(real(), 1);
    sqlite3_vfs_unregister(&vfs_);
  }

  static std::atomic<Mode>& mode() {
    static std::atomic<Mode> value{Mode::works};
    return value;
  }

 private:
  struct File {
    sqlite3_file base;
    sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static sqlite3_vfs*& real() {
    static sqlite3_vfs* value = nullptr;
    return value;
  }
  static sqlite3_file* inner(sqlite3_file* file) { return reinterpret_cast<File*>(file)->inner(); }
  static int fault(int none) {
    while (mode() == Mode::hangs)
      usleep(1000);
    if (mode() == Mode::full) return SQLITE_FULL;
    if (mode() == Mode::io_error) return SQLITE_IOERR_WRITE;
    return none;
  }
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    sqlite3_file* const in = inner(file);
    file->pMethods = nullptr;
    const int code = real()->xOpen(real(), name, in, flags, out);
    if (in->pMethods != nullptr) file->pMethods = methods();
    return code;
  }
  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods all = {
        3,
        [](sqlite3_file* f) { return inner(f)->pMethods->xClose(inner(f)); },
        [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
          return inner(f)->pMethods->xRead(inner(f), to, n, at);
        },
        [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
          const int code = fault(SQLITE_OK);
          return code != SQLITE_OK ? code : inner(f)->pMethods->xWrite(inner(f), from, n, at);
        },
        [](sqlite3_file* f, sqlite3_int64 n) { return inner(f)->pMethods->xTruncate(inner(f), n); },
        [](sqlite3_file* f, int how) {
          if (mode() == Mode::sync_error) return SQLITE_IOERR_FSYNC;
          return inner(f)->pMethods->xSync(inner(f), how);
        },
        [](sqlite3_file* f, sqlite3_int64* n) {
          return inner(f)->pMethods->xFileSize(inner(f), n);
        },
        [](sqlite3_file* f, int how) { return inner(f)->pMethods->xLock(inner(f), how); },
        [](sqlite3_file* f, int how) { return inner(f)->pMethods->xUnlock(inner(f), how); },
        [](sqlite3_file* f, int* out) {
          return inner(f)->pMethods->xCheckReservedLock(inner(f), out);
        },
        [](sqlite3_file* f, int what, void* arg) {
          return inner(f)->pMethods->xFileControl(inner(f), what, arg);
        },
        [](sqlite3_file* f) { return inner(f)->pMethods->xSectorSize(inner(f)); },
        [](sqlite3_file* f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); },
        [](sqlite3_file* f, int page, int size, int extend, void volatile** to) {
          return inner(f)->pMethods->xShmMap(inner(f), page, size, extend, to);
        },
        [](sqlite3_file* f, int offset, int n, int flags) {
          return inner(f)->pMethods->xShmLock(inner(f), offset, n, flags);
        },
        [](sqlite3_file* f) { inner(f)->pMethods->xShmBarrier(inner(f)); },
        [](sqlite3_file* f, int remove) { return inner(f)->pMethods->xShmUnmap(inner(f), remove); },
        [](sqlite3_file* f, sqlite3_int64 at, int n, void** to) {
          return inner(f)->pMethods->xFetch(inner(f), at, n, to);
        },
        [](sqlite3_file* f, sqlite3_int64 at, void* page) {
          return inner(f)->pMethods->xUnfetch(inner(f), at, page);
        }};
    return &all;
  }
  sqlite3_vfs vfs_{};
};

}  // namespace ebb::throttle
