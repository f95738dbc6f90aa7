#include "sources/meter/meter_file.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace ebb::sources {
namespace {

using throttle::SteadyTime;

constexpr std::size_t kMaxLine = 128;
constexpr std::string_view kBlank = " \t\r\n,;";

/// The next word of a line, which loses it.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlank)));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

/// One figure with or without its unit; "-" is none. False when it is no figure.
bool take_figure(std::string_view& line, std::string_view unit, std::optional<double>& figure) {
  std::string_view word = take_word(line);
  std::string_view rest = line;
  if (take_word(rest) == unit) {
    line = rest;
  } else if (word.ends_with(unit)) {
    word.remove_suffix(unit.size());
  }
  if (word == "-") return true;
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return false;
  figure = value;
  return true;
}

/// Nothing of what is no plain file: of a pipe, say, a read might wait for ever.
tl::expected<std::string, std::string> read_bytes(const std::filesystem::path& file,
                                                  std::size_t most) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return tl::unexpected<std::string>(error ? error.message() : "is no plain file");
  }
  std::ifstream in(file, std::ios::binary);
  std::string text(most, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return tl::unexpected<std::string>("cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

class MeterFile final : public MeterReader {
 public:
  explicit MeterFile(std::filesystem::path file) : file_(std::move(file)) {}

  std::string where() const override { return file_.string(); }

  tl::expected<MeterReading, std::string> read(SteadyTime now, const std::stop_token&) override {
    std::error_code error;
    const auto written = std::filesystem::last_write_time(file_, error);
    if (error) return tl::unexpected(error.message());
    const auto age = std::filesystem::file_time_type::clock::now() - written;
    if (age > kMeterFileFresh) {
      return tl::unexpected("not written for more than " + std::to_string(kMeterFileFresh.count()) +
                            " s");
    }
    if (age < -kMeterFileFresh) return tl::unexpected<std::string>("its time is in the future");
    if (latest_ && written == written_) return *latest_;
    const auto text = read_bytes(file_, kMaxLine);
    if (!text) return tl::unexpected(text.error());
    auto reading = parse_meter_line(text->substr(0, text->find('\n')));
    if (!reading) return tl::unexpected<std::string>("is no line such as \"1234.5 50.01\"");
    written_ = written;
    const auto known_age = std::chrono::duration_cast<std::chrono::milliseconds>(age);
    reading->at = now - std::max(known_age, std::chrono::milliseconds(0));
    latest_ = *reading;
    return *reading;
  }

 private:
  std::filesystem::path file_;
  std::filesystem::file_time_type written_{};
  std::optional<MeterReading> latest_;
};

class MeterRecording final : public MeterReader {
 public:
  explicit MeterRecording(std::filesystem::path file) : file_(std::move(file)) {}

  std::string where() const override { return file_.string() + ", recorded"; }

  tl::expected<MeterReading, std::string> read(SteadyTime now, const std::stop_token&) override {
    if (!text_) {
      auto text = read_bytes(file_, kMaxRecording);
      if (!text) return tl::unexpected(text.error());
      text_ = *std::move(text);
    }
    while (at_ < text_->size()) {
      const std::size_t end = std::min(text_->find('\n', at_), text_->size());
      const std::string_view line(text_->data() + at_, end - at_);
      at_ = end + 1;
      ++number_;
      if (line.empty() || line.front() == '#') continue;
      auto reading = parse_meter_line(line);
      if (!reading) {
        return tl::unexpected("line " + std::to_string(number_) +
                              " is none such as \"1234.5 50.01\"");
      }
      reading->at = now;
      return *reading;
    }
    return tl::unexpected<std::string>("the recording is over");
  }

 private:
  std::filesystem::path file_;
  std::optional<std::string> text_;
  std::size_t at_ = 0;
  std::size_t number_ = 0;  ///< of the line before at_
};

}  // namespace

std::optional<MeterReading> parse_meter_line(std::string_view line) {
  MeterReading reading;
  if (line.size() > kMaxLine || !take_figure(line, "W", reading.watts)) return std::nullopt;
  if (line.find_first_not_of(kBlank) != std::string_view::npos &&
      !take_figure(line, "Hz", reading.hertz)) {
    return std::nullopt;
  }
  if (line.find_first_not_of(kBlank) != std::string_view::npos) return std::nullopt;
  return sane(reading);
}

std::unique_ptr<MeterReader> meter_file(std::filesystem::path file) {
  return std::make_unique<MeterFile>(std::move(file));
}

std::unique_ptr<MeterReader> meter_recording(std::filesystem::path file) {
  return std::make_unique<MeterRecording>(std::move(file));
}

}  // namespace ebb::sources
