// Many rigs in one process, until its standard input ends. Five times a second a line of JSON on
// standard output tells what they do together; the end of an order or a return tells of each.

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <deque>
#include <thread>
#include <vector>

#include "miner/wall_clock.h"
#include "tests/fleet/rig.h"

namespace {

using namespace ebb;
using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::chrono::milliseconds kPeriod = 200ms;
constexpr std::size_t kStopping = 64;  // rigs at once

/// A connection has several files, and a thousand have more than shells allow by default.
void allow_many_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

bool input_has_ended(std::chrono::milliseconds wait) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, static_cast<int>(wait.count())) > 0;
}

void print(const json::object& line) {
  std::printf("%s\n", json::serialize(line).c_str());
  std::fflush(stdout);
}

void print_figures(const char* name, const std::deque<fleet::Rig>& rigs,
                   std::optional<double> (fleet::Rig::*figure)() const) {
  json::array all;
  for (const fleet::Rig& rig : rigs) {
    if (const auto value = (rig.*figure)()) all.emplace_back(*value);
  }
  print({{name, std::move(all)}});
}

void stop(std::deque<fleet::Rig>& rigs) {
  for (std::size_t first = 0; first < rigs.size(); first += kStopping) {
    std::vector<std::jthread> stopping;
    for (std::size_t i = first; i < std::min(first + kStopping, rigs.size()); ++i)
      stopping.emplace_back([&rig = rigs[i]] { rig.stop(); });
  }
}

void run(std::deque<fleet::Rig>& rigs) {
  bool was_zero = true, was_full = false;
  auto next = std::chrono::steady_clock::now();
  while (true) {
    next += kPeriod;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    if (input_has_ended(std::max(left, 0ms))) return;
    std::size_t connected = 0, zero = 0, full = 0;
    double watts = 0;
    for (fleet::Rig& rig : rigs) {
      rig.tick();
      const fleet::RigView view = rig.view();
      connected += view.connected ? 1 : 0;
      zero += view.fraction <= 0 ? 1 : 0;
      full += view.fraction >= 1 ? 1 : 0;
      watts += view.watts;
    }
    const std::chrono::duration<double> time = miner::now().wall.time_since_epoch();
    print({{"time", time.count()},
           {"connected", connected},
           {"zero", zero},
           {"full", full},
           {"watts", watts}});
    const bool all_zero = zero == rigs.size(), all_full = full == rigs.size();
    if (all_zero && !was_zero) print_figures("zero_ms", rigs, &fleet::Rig::zero_ms);
    if (all_full && !was_full) print_figures("return_s", rigs, &fleet::Rig::return_s);
    was_zero = all_zero;
    was_full = all_full;
  }
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Rigs of a site, with simulated devices");
  fleet::RigSettings settings;
  std::string broker;
  unsigned number = 1000, random_return = 600;
  double watts_per_minute = 0;
  settings.plant = {.full_watts = 3250, .idle_watts = 50, .full_hps = 100e12};
  settings.policy.trust_clock = true;
  settings.policy.ramp_up = 1s;
  settings.policy.debounce = 1s;
  app.add_option("--broker", broker)->required();
  app.add_option("--user", settings.user);
  app.add_option("--password", settings.password);
  app.add_option("--ca-file", settings.ca_file);
  app.add_option("--rigs", number);
  app.add_option("--random-return", random_return, "seconds");
  app.add_option("--watts-per-minute", watts_per_minute, "of the whole site")->required();
  CLI11_PARSE(app, count, arguments);
  const auto address = sources::parse_broker(broker);
  if (!address) {
    std::fprintf(stderr, "%s\n", address.error().c_str());
    return 2;
  }
  settings.broker = *address;
  settings.policy.random_return = std::chrono::seconds(random_return);
  settings.policy.ramp_watts_per_minute = watts_per_minute / number;

  allow_many_files();
  std::deque<fleet::Rig> rigs;
  for (unsigned i = 0; i < number; ++i)
    rigs.emplace_back(i, settings);
  for (fleet::Rig& rig : rigs)
    rig.start();
  run(rigs);
  stop(rigs);
  return 0;
}
