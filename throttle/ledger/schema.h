#pragma once
// The ledger's tables, plain enough for the sqlite3 tool: SELECT * FROM history.

#include <cstdint>

namespace ebb::throttle {

inline constexpr std::int64_t kApplicationId = 0x65626264;  // "ebbd"
inline constexpr std::int64_t kSchemaVersion = 1;

inline constexpr const char* kSchema = R"(
-- Ids are given over both tables, in order of writing. Times are milliseconds since 1970, UTC.
-- event: the episode that an entry belongs to, 0 outside of all.

-- kind: signal, retract, decision, override, run, zero. data: a JSON object; numbers that are not
-- whole are texts in it, exact to the last digit.
CREATE TABLE entry (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX entry_at ON entry (at);
CREATE INDEX entry_event ON entry (event) WHERE event <> 0;
CREATE INDEX entry_run ON entry (id) WHERE kind = 'run';

-- Means over the `over` seconds before `at`. rolled: of a minute, no longer of single seconds.
CREATE TABLE sample (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event INTEGER NOT NULL,
  hps REAL NOT NULL,             -- hashes per second
  limit_fraction REAL NOT NULL,  -- of full work
  watts REAL,
  meter TEXT NOT NULL,
  estimated INTEGER NOT NULL,    -- 1: watts are computed, not measured
  over INTEGER NOT NULL,
  rolled INTEGER NOT NULL
) STRICT;
CREATE INDEX sample_at ON sample (at);
CREATE INDEX sample_unrolled ON sample (at) WHERE rolled = 0;
CREATE INDEX sample_event ON sample (event, at) WHERE event <> 0;

-- What the throttle needs at its next start: one row.
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  saved TEXT NOT NULL
) STRICT;

CREATE VIEW history AS
  SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time, event, kind, data
  FROM entry ORDER BY id;
)";

}  // namespace ebb::throttle
