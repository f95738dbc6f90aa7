#include "throttle/power/file_meter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <system_error>

namespace ebb::throttle {
namespace {

constexpr std::size_t kMaxBytes = 64;
constexpr double kMaxWatts = 1e9;

}  // namespace

std::optional<double> parse_watts(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  if (text.ends_with("W")) text.remove_suffix(1);
  while (text.ends_with(" "))
    text.remove_suffix(1);
  double watts = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), watts);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(watts) || watts < 0 || watts > kMaxWatts) return std::nullopt;
  return watts;
}

std::optional<PowerReading> FileMeter::read(SteadyTime now, double) {
  std::error_code error;
  // Of what is no plain file, a pipe say, a read might wait for ever.
  if (!std::filesystem::is_regular_file(file_, error)) return std::nullopt;
  const auto written = std::filesystem::last_write_time(file_, error);
  if (error) return std::nullopt;
  const auto age = std::filesystem::file_time_type::clock::now() - written;
  if (age > kFresh || age < -kFresh) return std::nullopt;
  if (latest_ && written == written_) return latest_;
  std::ifstream file(file_, std::ios::binary);
  std::string text(kMaxBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const auto watts = parse_watts(text);
  if (!watts) return std::nullopt;
  written_ = written;
  const auto at = now - std::max(std::chrono::duration_cast<std::chrono::milliseconds>(age),
                                 std::chrono::milliseconds(0));
  latest_ = {*watts, at, std::chrono::seconds(1), std::string(name(kind())), false};
  return latest_;
}

}  // namespace ebb::throttle
