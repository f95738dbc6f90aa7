#pragma once
// As much of SQLite as the ledger needs, its handles owned.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::throttle {

struct DatabaseError {
  int code = SQLITE_ERROR;  ///< extended
  std::string text;
  /// The file's content is at fault, not the disk or the moment.
  bool is_damage() const;
};

/// A prepared statement. Parameters count from 1, columns from 0.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, double value);
  Statement& bind(int parameter, std::optional<double> value);
  Statement& bind(int parameter, std::string_view value);  ///< copied

  /// Whether there is a row.
  tl::expected<bool, DatabaseError> step();
  /// For what gives no rows.
  tl::expected<void, DatabaseError> run();
  /// Done with its rows; it can be stepped again.
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;  ///< until the next step or reset

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  static tl::expected<Database, DatabaseError> open(const std::string& file, int flags);

  tl::expected<void, DatabaseError> execute(const char* sql);
  tl::expected<Statement, DatabaseError> prepare(std::string_view sql);
  /// The first column of the first row.
  tl::expected<std::string, DatabaseError> value_of(std::string_view sql);
  /// Ends a transaction that failed.
  void roll_back();
  std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  DatabaseError last_error() const;
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace ebb::throttle
