#include "sources/openadr/vtn_reader.h"

#include <algorithm>
#include <map>

namespace ebb::sources::openadr {
namespace {

constexpr std::chrono::seconds kMaxReading{30};

/// Objects by their id: one that is on two pages counts once.
template <class T>
struct Collected {
  std::map<std::string, T> items;
  std::vector<std::string> faults;
  std::size_t pages = 0;
};

template <class T>
using Parse = tl::expected<Page<T>, std::string> (*)(std::string_view text);

/// Adds the pages of one search.
template <class T>
tl::expected<void, Refusal> collect(VtnClient& client, const std::string& path, Parse<T> parse,
                                    std::size_t most, Collected<T>& all,
                                    const std::stop_token& stop) {
  const throttle::SteadyTime begun = client.now().steady;
  for (std::size_t skip = 0;; skip += kPageSize) {
    if (++all.pages > kMaxPages || client.now().steady - begun > kMaxReading) {
      return tl::unexpected(Refusal{"reading all pages takes too long", 0, {}});
    }
    const auto answer = client.get(
        path + "skip=" + std::to_string(skip) + "&limit=" + std::to_string(kPageSize), stop);
    if (!answer) return tl::unexpected(answer.error());
    auto page = parse(answer->body);
    if (!page) return tl::unexpected(Refusal{page.error(), 0, {}});
    bool news = false;
    for (T& item : page->items) {
      std::string id = item.id;
      news = all.items.insert_or_assign(std::move(id), std::move(item)).second || news;
    }
    all.faults.insert(all.faults.end(), page->faults.begin(), page->faults.end());
    if (all.items.size() > most) {
      return tl::unexpected(Refusal{
          "it shows more than " + std::to_string(most) + " objects: name the programs", 0, {}});
    }
    // Fewer than asked for: the last page. More: it does not divide into pages.
    if (page->count != kPageSize) return {};
    if (!news && skip > 0) {
      return tl::unexpected(Refusal{"it gives the same page again and again", 0, {}});
    }
  }
}

template <class T>
Complete<T> complete(Collected<T> all) {
  Complete<T> result;
  for (auto& [id, item] : all.items)
    result.items.push_back(std::move(item));
  result.faults = std::move(all.faults);
  return result;
}

tl::expected<void, Refusal> collect_events(VtnClient& client, const EventSearch& search,
                                           Collected<Event>& all, const std::stop_token& stop) {
  std::string path = "/events?";
  for (const std::string& target : search.targets)
    path += "targets=" + url_encoded(target) + '&';
  if (search.program_ids.empty()) {
    return collect<Event>(client, path, parse_events, kMaxEvents, all, stop);
  }
  for (const std::string& id : search.program_ids) {
    auto done = collect<Event>(client, path + "programID=" + url_encoded(id) + '&', parse_events,
                               kMaxEvents, all, stop);
    if (!done) return done;
  }
  return {};
}

}  // namespace

tl::expected<Complete<Program>, Refusal> read_programs(VtnClient& client,
                                                       std::span<const std::string> names,
                                                       const std::stop_token& stop) {
  Collected<Program> all;
  const auto done =
      collect<Program>(client, "/programs?", parse_programs, kMaxPages * kPageSize, all, stop);
  if (!done) return tl::unexpected(done.error());
  Complete<Program> programs = complete(std::move(all));
  if (names.empty()) return programs;
  std::erase_if(programs.items, [&](const Program& program) {
    return std::find(names.begin(), names.end(), program.name) == names.end();
  });
  for (const std::string& name : names) {
    const bool is_there = std::any_of(programs.items.begin(), programs.items.end(),
                                      [&](const Program& program) { return program.name == name; });
    if (!is_there) return tl::unexpected(Refusal{"it shows no program '" + name + "'", 0, {}});
  }
  return programs;
}

tl::expected<Complete<Event>, Refusal> read_events(VtnClient& client, const EventSearch& search,
                                                   const std::stop_token& stop) {
  Collected<Event> all;
  if (auto done = collect_events(client, search, all, stop); !done) {
    return tl::unexpected(done.error());
  }
  const std::size_t searches = std::max<std::size_t>(search.program_ids.size(), 1);
  const bool lost = std::any_of(search.known.begin(), search.known.end(),
                                [&](const std::string& id) { return !all.items.contains(id); });
  if (lost && all.pages > searches) {
    Collected<Event> again;
    if (auto done = collect_events(client, search, again, stop); !done) {
      return tl::unexpected(done.error());
    }
    again.items.merge(std::move(all.items));
    all = std::move(again);
  }
  const auto is_other = [&](const Event& event) {
    return !search.program_ids.empty() &&
           std::find(search.program_ids.begin(), search.program_ids.end(), event.program_id) ==
               search.program_ids.end();
  };
  Complete<Event> events = complete(std::move(all));
  std::erase_if(events.items, is_other);
  return events;
}

}  // namespace ebb::sources::openadr
