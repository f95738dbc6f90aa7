#pragma once
// The complete set of programs and events that a VTN shows us.

#include <set>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sources/openadr/openadr_objects.h"
#include "sources/openadr/vtn_client.h"

namespace ebb::sources::openadr {

inline constexpr std::size_t kPageSize = 50;  ///< the most that the standard allows
inline constexpr std::size_t kMaxPages = 200;
inline constexpr std::size_t kMaxEvents = 1000;

/// All of it, or nothing: a part of a set would look as if the rest had been cancelled.
template <class T>
struct Complete {
  std::vector<T> items;  ///< each id once
  std::vector<std::string> faults;
};

/// With the names that are given; without any, all. One that is not there is a refusal.
tl::expected<Complete<Program>, Refusal> read_programs(VtnClient& client,
                                                       std::span<const std::string> names,
                                                       const std::stop_token& stop);

struct EventSearch {
  std::vector<std::string> program_ids;  ///< empty: of all programs
  std::vector<std::string> targets;      ///< empty: what the VTN grants
  /// Known before. Pages are read one after another while the set may change, so one of these that
  /// is on no page of several is looked for a second time.
  std::set<std::string, std::less<>> known;
};
tl::expected<Complete<Event>, Refusal> read_events(VtnClient& client, const EventSearch& search,
                                                   const std::stop_token& stop);

}  // namespace ebb::sources::openadr
