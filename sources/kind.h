#pragma once
// The kinds of sources: `type` of a [[source]] table.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sources/source.h"

namespace ebb::throttle {
class TableReader;
}

namespace ebb::sources {

/// Makes a source from settings that have been read. Reads secrets, connects to nothing. The error
/// is one line without the secret.
using Open = std::function<tl::expected<std::unique_ptr<Source>, std::string>(
    const throttle::SourceRule& rule, const Context& context)>;

struct Kind {
  std::string_view type;
  bool feed = true;  ///< unless the table says otherwise: it must speak, its silence counts
  throttle::SignalClass signal_class = throttle::SignalClass::mandatory;  ///< likewise
  /// Likewise. Four minutes are three heartbeats and some of the feeds that are about; what stands
  /// in the same building speaks every second, and may be a fuse.
  std::chrono::seconds stale_after{240};
  /// Reads the keys of this kind; faults go to the table. `folder`: of relative paths. Reads no
  /// file. What it gives after a fault is not used.
  Open (*read)(throttle::TableReader& table, const std::filesystem::path& folder);
};

/// All of them.
std::span<const Kind* const> kinds();

/// A [[source]] of the configuration.
struct SourceOptions {
  throttle::SourceRule rule;
  std::string type;
  Open open;
};

/// Reads name, type, class, feed, stale_after, grace (as stale_after when absent), fallback, floor
/// and the kind's own keys. Without a type `open` is empty: a timeline may speak for such a source.
/// Faults go to the table.
SourceOptions read_source(throttle::TableReader& table, const std::filesystem::path& folder);

}  // namespace ebb::sources
