#include "throttle/ledger/database.h"

namespace ebb::throttle {
namespace {

constexpr int kBusyTimeoutMs = 5000;  // for whoever looks at the file with another tool

DatabaseError error_of(sqlite3* handle) {
  return {sqlite3_extended_errcode(handle), sqlite3_errmsg(handle)};
}

}  // namespace

bool DatabaseError::is_damage() const {
  const int primary = code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  sqlite3_bind_double(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, std::optional<double> value) {
  if (value) return bind(parameter, *value);
  sqlite3_bind_null(statement_.get(), parameter);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view value) {
  sqlite3_bind_text64(statement_.get(), parameter, value.data() == nullptr ? "" : value.data(),
                      value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

tl::expected<bool, DatabaseError> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  DatabaseError error = error_of(sqlite3_db_handle(statement_.get()));
  reset();
  return tl::unexpected(std::move(error));
}

tl::expected<void, DatabaseError> Statement::run() {
  if (auto row = step(); !row) return tl::unexpected(std::move(row.error()));
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

tl::expected<Database, DatabaseError> Database::open(const std::string& file, int flags) {
  Database database;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  database.handle_.reset(handle);
  if (handle == nullptr) return tl::unexpected(DatabaseError{SQLITE_NOMEM, "out of memory"});
  sqlite3_extended_result_codes(handle, 1);
  if (code != SQLITE_OK) return tl::unexpected(database.last_error());
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

DatabaseError Database::last_error() const {
  return error_of(handle_.get());
}

tl::expected<void, DatabaseError> Database::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected(last_error());
}

tl::expected<Statement, DatabaseError> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return tl::unexpected(last_error());
  }
  return Statement(statement);
}

tl::expected<std::string, DatabaseError> Database::value_of(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? std::string(statement->text(0)) : std::string();
}

void Database::roll_back() {
  if (sqlite3_get_autocommit(handle_.get()) == 0) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace ebb::throttle
