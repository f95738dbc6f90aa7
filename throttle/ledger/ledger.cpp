#include "throttle/ledger/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "throttle/ledger/database.h"
#include "throttle/ledger/entry_rows.h"
#include "throttle/ledger/schema.h"

namespace ebb::throttle {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using OpenError = Ledger::OpenError;

constexpr milliseconds kSamplesKept = hours(24) * 366;
constexpr milliseconds kRolledAtOnce = minutes(10);
constexpr WallTime kLatest{milliseconds{253'402'300'799'999}};  // the year 9999
constexpr std::int64_t kLongestSample = 24 * 60 * 60;           // seconds

std::string quoted(const std::filesystem::path& path) {
  return "'" + path.string().substr(0, 200) + "'";
}

std::int64_t count(WallTime time) {
  return time.time_since_epoch().count();
}

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  int fd;
};

/// A new name in a folder survives a power cut only when the folder is on disk.
bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.fd >= 0 && fsync(opened.fd) == 0;
}

/// With what is missing above it. The error is errno.
int make_folder(const std::filesystem::path& folder) {
  if (mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path()) ? 0 : errno;
  if (errno == EEXIST) return 0;
  if (errno != ENOENT || !folder.has_parent_path() || folder.parent_path() == folder) return errno;
  if (const int error = make_folder(folder.parent_path()); error != 0) return error;
  return make_folder(folder);
}

/// An empty file that only its owner reads; SQLite gives its companions the same mode.
tl::expected<void, OpenError> make_file(const std::filesystem::path& file) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::absolute(file, ignored).parent_path();
  if (const int error = make_folder(folder); error != 0) {
    return tl::unexpected(
        OpenError{"cannot create the folder " + quoted(folder) + ": " + std::strerror(error)});
  }
  const Descriptor created(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (created.fd < 0 && errno == EEXIST) return {};
  if (created.fd < 0 || fsync(created.fd) != 0 || !sync_folder(folder)) {
    return tl::unexpected(OpenError{"cannot create " + quoted(file) + ": " + std::strerror(errno)});
  }
  return {};
}

double finite(double value) {
  return std::isfinite(value) ? value : 0;
}

std::optional<double> finite(std::optional<double> value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

constexpr std::string_view kRead = R"(
SELECT id, at, event, kind, data, NULL, NULL, NULL, NULL, NULL
  FROM entry WHERE at >= ?1 AND at < ?2
UNION ALL
SELECT id, at, event, 'sample', meter, hps, limit_fraction, watts, estimated, over
  FROM sample WHERE at >= ?1 AND at < ?2
ORDER BY 1)";

// A minute takes the place of its first sample, so that the order of writing stays.
constexpr std::string_view kRollUp = R"(
INSERT OR REPLACE INTO sample
SELECT min(id), max(at), event, sum(hps * over) / sum(over), sum(limit_fraction * over) / sum(over),
       sum(watts * over) / sum(over) FILTER (WHERE watts IS NOT NULL), meter, estimated,
       sum(over), 1
  FROM sample WHERE rolled = 0 AND at >= ?1 AND at < ?2
  GROUP BY at / 60000, event, meter, estimated)";

}  // namespace

struct Ledger::Impl {
  Database database;
  Statement begin, commit, add_entry, add_sample, set_state;
  Statement first_unrolled, roll_up, drop_rolled, drop_old;
  std::int64_t next_id = 1;
  std::uint64_t damaged_rows = 0;

  tl::expected<void, DatabaseError> prepare_to_write();
  tl::expected<void, DatabaseError> add(std::int64_t id, const LedgerEntry& entry);
  tl::expected<void, DatabaseError> write(const LedgerBatch& batch);
  tl::expected<bool, DatabaseError> roll_up_part(WallTime before);
  std::optional<LedgerEntry> read_row(const Statement& row) const;
};

namespace {

/// Whether the file is a ledger, whole and of a version that is known; false when it is empty.
tl::expected<bool, OpenError> examine(Database& database, const std::filesystem::path& file) {
  const auto failed = [&](const DatabaseError& error) {
    return tl::unexpected(OpenError{quoted(file) + ": " + error.text, error.is_damage()});
  };
  const auto id = database.value_of("PRAGMA application_id");
  if (!id) return failed(id.error());
  const auto tables = database.value_of("SELECT count(*) FROM sqlite_schema");
  if (!tables) return failed(tables.error());
  if (*id == "0" && *tables == "0") return false;
  if (*id != std::to_string(kApplicationId)) {
    return tl::unexpected(OpenError{quoted(file) + " is a database, but no ledger of ebb", true});
  }
  const auto version = database.value_of("PRAGMA user_version");
  if (!version) return failed(version.error());
  if (*version != std::to_string(kSchemaVersion)) {
    return tl::unexpected(OpenError{quoted(file) + " is a ledger of version " + *version +
                                    "; this ebb knows version " + std::to_string(kSchemaVersion)});
  }
  const auto check = database.value_of("PRAGMA quick_check(1)");
  if (!check) return failed(check.error());
  if (*check != "ok") {
    std::string text = quoted(file) + " is damaged: " + *check;
    std::replace(text.begin(), text.end(), '\n', ' ');
    return tl::unexpected(OpenError{std::move(text), true});
  }
  return true;
}

tl::expected<void, DatabaseError> create(Database& database) {
  const std::string sql = "BEGIN IMMEDIATE;" + std::string(kSchema) +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(kSchemaVersion) + "; COMMIT";
  auto created = database.execute(sql.c_str());
  if (!created) database.roll_back();
  return created;
}

}  // namespace

tl::expected<void, DatabaseError> Ledger::Impl::prepare_to_write() {
  const auto prepare = [&](Statement& statement,
                           std::string_view sql) -> tl::expected<void, DatabaseError> {
    auto prepared = database.prepare(sql);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    statement = std::move(*prepared);
    return {};
  };
  return prepare(begin, "BEGIN IMMEDIATE")
      .and_then([&] { return prepare(commit, "COMMIT"); })
      .and_then([&] { return prepare(add_entry, "INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5)"); })
      .and_then([&] {
        return prepare(add_sample,
                       "INSERT INTO sample VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
      })
      .and_then([&] { return prepare(set_state, "INSERT OR REPLACE INTO state VALUES (1, ?1)"); })
      .and_then([&] {
        return prepare(first_unrolled, "SELECT min(at) FROM sample WHERE rolled = 0 AND at < ?1");
      })
      .and_then([&] { return prepare(roll_up, kRollUp); })
      .and_then([&] {
        return prepare(drop_rolled, "DELETE FROM sample WHERE rolled = 0 AND at >= ?1 AND at < ?2");
      })
      .and_then([&] {
        return prepare(drop_old,
                       "DELETE FROM sample WHERE id IN "
                       "(SELECT id FROM sample WHERE at < ?1 LIMIT 1000)");
      })
      .and_then([&]() -> tl::expected<void, DatabaseError> {
        auto last = database.prepare(
            "SELECT max((SELECT ifnull(max(id), 0) FROM entry),"
            " (SELECT ifnull(max(id), 0) FROM sample))");
        if (!last) return tl::unexpected(std::move(last.error()));
        const auto row = last->step();
        if (!row) return tl::unexpected(row.error());
        next_id = last->integer(0) + 1;
        return {};
      });
}

tl::expected<Ledger, OpenError> Ledger::open(const std::filesystem::path& file) {
  if (auto made = make_file(file); !made) return tl::unexpected(std::move(made.error()));
  const auto failed = [&](const DatabaseError& error) {
    return tl::unexpected(OpenError{quoted(file) + ": " + error.text, error.is_damage()});
  };
  auto opened = Database::open(file.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX);
  if (!opened) return failed(opened.error());
  auto impl = std::make_unique<Impl>();
  impl->database = std::move(*opened);
  Database& database = impl->database;
  const auto is_ledger = examine(database, file);
  if (!is_ledger) return tl::unexpected(is_ledger.error());
  const auto journal = database.value_of("PRAGMA journal_mode = WAL");
  if (!journal) return failed(journal.error());
  if (*journal != "wal") {
    return tl::unexpected(OpenError{quoted(file) + ": this file system permits no WAL"});
  }
  const auto safe = database.execute(
      "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
      "PRAGMA journal_size_limit = 16777216");
  if (!safe) return failed(safe.error());
  if (!*is_ledger) {
    if (const auto created = create(database); !created) return failed(created.error());
  }
  if (const auto prepared = impl->prepare_to_write(); !prepared) {
    // A table that is not as it should be makes a plain error.
    const bool damaged = prepared.error().is_damage() || prepared.error().code == SQLITE_ERROR;
    return tl::unexpected(OpenError{quoted(file) + ": " + prepared.error().text, damaged});
  }
  return Ledger(std::move(impl));
}

tl::expected<Ledger, OpenError> Ledger::open_to_read(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return tl::unexpected(OpenError{"there is no ledger " + quoted(file)});
  }
  auto opened = Database::open(file.string(), SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX);
  if (!opened) {
    return tl::unexpected(
        OpenError{quoted(file) + ": " + opened.error().text, opened.error().is_damage()});
  }
  auto impl = std::make_unique<Impl>();
  impl->database = std::move(*opened);
  const auto is_ledger = examine(impl->database, file);
  if (!is_ledger) return tl::unexpected(is_ledger.error());
  if (!*is_ledger) return tl::unexpected(OpenError{"there is nothing in " + quoted(file)});
  return Ledger(std::move(impl));
}

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

tl::expected<void, DatabaseError> Ledger::Impl::add(std::int64_t id, const LedgerEntry& entry) {
  const auto event = static_cast<std::int64_t>(entry.event);
  if (const auto* sample = std::get_if<SampleEntry>(&entry.what)) {
    const std::int64_t over = std::clamp<std::int64_t>(sample->over.count(), 1, kLongestSample);
    return add_sample.bind(1, id)
        .bind(2, count(entry.at))
        .bind(3, event)
        .bind(4, finite(sample->hps))
        .bind(5, finite(sample->limit_fraction))
        .bind(6, finite(sample->watts))
        .bind(7, sample->meter)
        .bind(8, std::int64_t{sample->estimated})
        .bind(9, over)
        .bind(10, std::int64_t{over >= 60})
        .run();
  }
  const auto row = to_row(entry);
  return add_entry.bind(1, id)
      .bind(2, count(entry.at))
      .bind(3, event)
      .bind(4, row->kind)
      .bind(5, row->data)
      .run();
}

tl::expected<void, DatabaseError> Ledger::Impl::write(const LedgerBatch& batch) {
  if (auto begun = begin.run(); !begun) return begun;
  std::int64_t id = next_id;
  for (const LedgerEntry& entry : batch.entries) {
    if (auto added = add(id++, entry); !added) return added;
  }
  if (batch.state) {
    if (auto set = set_state.bind(1, *batch.state).run(); !set) return set;
  }
  if (auto done = commit.run(); !done) return done;
  next_id = id;
  return {};
}

tl::expected<void, std::string> Ledger::commit(const LedgerBatch& batch) {
  auto written = impl_->write(batch);
  if (written) return {};
  impl_->database.roll_back();
  return tl::unexpected(std::move(written.error().text));
}

tl::expected<std::optional<LastRun>, std::string> Ledger::last_run() const {
  auto state = impl_->database.prepare("SELECT saved FROM state WHERE id = 1");
  if (!state) return tl::unexpected(state.error().text);
  const auto has_state = state->step();
  if (!has_state) return tl::unexpected(has_state.error().text);
  LastRun last;
  if (*has_state) last.state = state->text(0);

  auto run = impl_->database.prepare("SELECT data FROM entry WHERE kind = 'run' ORDER BY id DESC");
  if (!run) return tl::unexpected(run.error().text);
  const auto has_run = run->step();
  if (!has_run) return tl::unexpected(has_run.error().text);
  if (!*has_run) return *has_state ? std::optional(last) : std::nullopt;
  // A row that makes no sense is a run that did not end well.
  if (const auto entry = from_row("run", run->text(0))) {
    const auto& newest = std::get<RunEntry>(entry->what);
    last.boot_id = newest.boot_id;
    last.clean = !newest.started;
  } else {
    ++impl_->damaged_rows;
  }
  return last;
}

std::optional<LedgerEntry> Ledger::Impl::read_row(const Statement& row) const {
  std::optional<LedgerEntry> entry;
  if (row.text(3) == "sample") {
    SampleEntry sample;
    sample.meter = row.text(4);
    sample.hps = row.real(5);
    sample.limit_fraction = row.real(6);
    if (!row.is_null(7)) sample.watts = row.real(7);
    sample.estimated = row.integer(8) != 0;
    const std::int64_t over = row.integer(9);
    sample.over = std::chrono::seconds(over);
    const bool sane = std::isfinite(sample.hps) && std::isfinite(sample.limit_fraction) &&
                      std::isfinite(sample.watts.value_or(0)) && over >= 1 &&
                      over <= kLongestSample;
    if (sane) entry = LedgerEntry{{}, 0, std::move(sample)};
  } else {
    entry = from_row(row.text(3), row.text(4));
  }
  if (!entry) return std::nullopt;
  entry->at = WallTime(milliseconds(row.integer(1)));
  entry->event = static_cast<std::uint64_t>(row.integer(2));
  if (entry->at > kLatest || entry->at < WallTime() || row.integer(2) < 0) return std::nullopt;
  return entry;
}

tl::expected<std::vector<LedgerEntry>, std::string> Ledger::read(WallTime from, WallTime to,
                                                                 std::size_t most) const {
  auto rows = impl_->database.prepare(kRead);
  if (!rows) return tl::unexpected(rows.error().text);
  rows->bind(1, count(from)).bind(2, count(to));
  std::vector<LedgerEntry> entries;
  while (entries.size() < most) {
    const auto row = rows->step();
    if (!row) return tl::unexpected(row.error().text);
    if (!*row) break;
    if (auto entry = impl_->read_row(*rows)) {
      entries.push_back(std::move(*entry));
    } else {
      ++impl_->damaged_rows;
    }
  }
  return entries;
}

std::uint64_t Ledger::damaged_rows() const {
  return impl_->damaged_rows;
}

tl::expected<WallTime, std::string> Ledger::first_of_events(WallTime from, WallTime to) const {
  auto rows = impl_->database.prepare(R"(
WITH reached (event) AS (
  SELECT event FROM entry WHERE at >= ?1 AND at < ?2 AND event <> 0
  UNION SELECT event FROM sample WHERE at >= ?1 AND at < ?2 AND event <> 0)
SELECT min((SELECT min(at) FROM entry WHERE event = reached.event AND event <> 0),
           ifnull((SELECT min(at) FROM sample WHERE event = reached.event AND event <> 0), ?1), ?1)
  FROM reached ORDER BY 1 LIMIT 1)");
  if (!rows) return tl::unexpected(rows.error().text);
  rows->bind(1, count(from)).bind(2, count(to));
  const auto row = rows->step();
  if (!row) return tl::unexpected(row.error().text);
  if (!*row || rows->is_null(0)) return from;
  return WallTime(milliseconds(rows->integer(0)));
}

tl::expected<bool, DatabaseError> Ledger::Impl::roll_up_part(WallTime before) {
  // Whole minutes only, lest one be rolled up in two parts.
  const WallTime end = std::chrono::floor<minutes>(before);
  const auto first = first_unrolled.bind(1, count(end)).step();
  if (!first) return tl::unexpected(first.error());
  const bool any = *first && !first_unrolled.is_null(0);
  const WallTime oldest(milliseconds(any ? first_unrolled.integer(0) : 0));
  first_unrolled.reset();
  if (auto begun = begin.run(); !begun) return tl::unexpected(begun.error());
  bool more = false;
  if (any) {
    const WallTime from = std::chrono::floor<minutes>(oldest);
    const WallTime until = std::min<WallTime>(end, from + kRolledAtOnce);
    if (auto rolled = roll_up.bind(1, count(from)).bind(2, count(until)).run(); !rolled) {
      return tl::unexpected(rolled.error());
    }
    if (auto dropped = drop_rolled.bind(1, count(from)).bind(2, count(until)).run(); !dropped) {
      return tl::unexpected(dropped.error());
    }
    more = until < end;
  }
  if (auto old = drop_old.bind(1, count(end - kSamplesKept)).run(); !old) {
    return tl::unexpected(old.error());
  }
  more = more || database.changes() > 0;
  if (auto done = commit.run(); !done) return tl::unexpected(done.error());
  return more;
}

tl::expected<bool, std::string> Ledger::roll_up(WallTime before) {
  auto more = impl_->roll_up_part(before);
  if (more) return *more;
  impl_->database.roll_back();
  return tl::unexpected(std::move(more.error().text));
}

}  // namespace ebb::throttle
