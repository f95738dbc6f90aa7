#include "throttle/power/calibration.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <system_error>

namespace ebb::throttle {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxBytes = 64 * 1024;
constexpr std::size_t kMaxPoints = 1000;

std::optional<double> number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double result = value->to_number<double>();
  if (!std::isfinite(result) || result < 0) return std::nullopt;
  return result;
}

tl::expected<CalibrationPoint, std::string> read_point(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return tl::unexpected<std::string>("a point is no object");
  const auto fraction = number(*object, "fraction"), watts = number(*object, "watts"),
             hps = number(*object, "hps");
  if (!fraction || !watts || !hps || *fraction > 1) {
    return tl::unexpected<std::string>("a point needs fraction, watts and hps");
  }
  return CalibrationPoint{*fraction, *watts, *hps};
}

}  // namespace

double Calibration::watts_at(double fraction) const {
  const auto above = std::find_if(points.begin(), points.end(), [&](const CalibrationPoint& point) {
    return point.fraction >= fraction;
  });
  if (above == points.begin()) return points.front().watts;
  if (above == points.end()) return points.back().watts;
  const CalibrationPoint &low = *(above - 1), &high = *above;
  return std::lerp(low.watts, high.watts,
                   (fraction - low.fraction) / (high.fraction - low.fraction));
}

std::string save(const Calibration& calibration) {
  json::array points;
  for (const CalibrationPoint& point : calibration.points) {
    points.push_back({{"fraction", point.fraction}, {"watts", point.watts}, {"hps", point.hps}});
  }
  return json::serialize(json::object{{"meter", calibration.meter}, {"points", std::move(points)}});
}

tl::expected<Calibration, std::string> parse_calibration(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* meter = object != nullptr ? object->if_contains("meter") : nullptr;
  const json::value* points = object != nullptr ? object->if_contains("points") : nullptr;
  if (meter == nullptr || !meter->is_string() || points == nullptr || !points->is_array()) {
    return tl::unexpected<std::string>("it is no calibration");
  }
  Calibration calibration;
  calibration.meter = json::value_to<std::string>(*meter);
  if (points->get_array().size() > kMaxPoints) {
    return tl::unexpected<std::string>("it has too many points");
  }
  for (const json::value& entry : points->get_array()) {
    auto point = read_point(entry);
    if (!point) return tl::unexpected(point.error());
    const bool grows =
        calibration.points.empty() || (point->fraction > calibration.points.back().fraction &&
                                       point->watts >= calibration.points.back().watts);
    if (!grows) return tl::unexpected<std::string>("its points do not grow");
    calibration.points.push_back(*point);
  }
  if (calibration.points.size() < 2) {
    return tl::unexpected<std::string>("it has fewer than two points");
  }
  return calibration;
}

tl::expected<void, std::string> save(const Calibration& calibration,
                                     const std::filesystem::path& file) {
  std::filesystem::path next = file;
  next += ".new";
  std::ofstream stream(next, std::ios::binary | std::ios::trunc);
  stream << save(calibration) << '\n';
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(next, file, error);
  if (!stream || error) return tl::unexpected("cannot write " + file.string());
  return {};
}

tl::expected<Calibration, std::string> load_calibration(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMaxBytes, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) return tl::unexpected("cannot read " + file.string());
  text.resize(static_cast<std::size_t>(stream.gcount()));
  auto calibration = parse_calibration(text);
  if (!calibration) return tl::unexpected(file.string() + ": " + calibration.error());
  return calibration;
}

ModelMeter ModelMeter::nameplate(double idle, double full) {
  return {MeterKind::nameplate, {"nameplate", {{0, idle, 0}, {1, full, 0}}}};
}

std::optional<PowerReading> ModelMeter::read(SteadyTime now, double fraction) {
  return PowerReading{model_.watts_at(fraction), now, std::chrono::milliseconds(0),
                      std::string(name(kind_)), true};
}

}  // namespace ebb::throttle
