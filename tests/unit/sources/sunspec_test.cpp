#include "sources/meter/sunspec.h"

#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/fuzz/fuzz_sunspec.h"
#include "tests/unit/catch.h"

using namespace ebb::sources;

namespace {

using Words = std::vector<std::uint16_t>;

constexpr std::uint16_t kHigh = 0x5375, kLow = 0x6e53;

std::uint16_t word(int value) {
  return static_cast<std::uint16_t>(value);
}

void put_float(Words& model, std::size_t at, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  model[at] = static_cast<std::uint16_t>(bits >> 16);
  model[at + 1] = static_cast<std::uint16_t>(bits);
}

/// Model 203: 31.2 kW exported and 49.98 Hz.
Words integers(std::uint16_t id = 203) {
  Words model(107);
  model[0] = id;
  model[1] = 105;
  model[16] = 4998;
  model[17] = word(-2);
  model[18] = word(-3120);
  model[22] = 1;
  return model;
}

Words floats(std::uint16_t id = 213) {
  Words model(126);
  model[0] = id;
  model[1] = 124;
  put_float(model, 26, 50.02F);
  put_float(model, 28, 12345.5F);
  return model;
}

/// A device of these registers; others are refused.
struct Device {
  std::map<std::uint32_t, std::uint16_t> registers;
  int asked = 0;

  void put(std::uint32_t address, const Words& words) {
    for (const std::uint16_t value : words)
      registers[address++] = value;
  }
  /// "SunS", a common model, then these and the end.
  void map_at(std::uint32_t base, const std::vector<Words>& models) {
    Words common(68);
    common[0] = 1;
    common[1] = 66;
    Words all{kHigh, kLow};
    all.insert(all.end(), common.begin(), common.end());
    for (const Words& model : models)
      all.insert(all.end(), model.begin(), model.end());
    all.insert(all.end(), {0xffff, 0});
    put(base, all);
  }
  ReadRegisters reader() {
    return [this](std::uint32_t address, std::size_t count) -> tl::expected<Words, ModbusFault> {
      ++asked;
      Words words;
      for (std::uint32_t at = address; at < address + count; ++at) {
        const auto found = registers.find(at);
        if (found == registers.end()) return tl::unexpected(ModbusFault{"illegal", true});
        words.push_back(found->second);
      }
      return words;
    };
  }
  std::optional<MeterReading> read() {
    const auto model = find_sunspec_meter(reader());
    if (!model) return std::nullopt;
    return decode_sunspec(*model, *reader()(model->address, sunspec_registers(*model)));
  }
};

}  // namespace

TEST_CASE("SunSpec: a meter of integers and scale factors") {
  Device device;
  device.map_at(40000, {integers()});
  const auto model = find_sunspec_meter(device.reader());
  REQUIRE(model);
  CHECK(*model == SunspecModel{40070, 203, 105});
  const auto reading = device.read();
  REQUIRE(reading);
  CHECK(*reading->watts == Approx(-31200));
  CHECK(*reading->hertz == Approx(49.98));
}

TEST_CASE("SunSpec: a meter of floats") {
  Device device;
  device.map_at(40000, {floats()});
  const auto reading = device.read();
  REQUIRE(reading);
  CHECK(*reading->watts == 12345.5);
  CHECK(*reading->hertz == Approx(50.02));
}

TEST_CASE("SunSpec: the map is at 40000, 0 or 50000, and its first meter counts") {
  for (const std::uint32_t base : {40000U, 0U, 50000U}) {
    Device device;
    Words second = integers(201);
    second[18] = 7;
    device.map_at(base, {Words{120, 3, 1, 2, 3}, integers(204), second});
    const auto model = find_sunspec_meter(device.reader());
    REQUIRE(model);
    CHECK(*model == SunspecModel{base + 75, 204, 105});
  }
}

TEST_CASE("SunSpec: every meter's model") {
  for (int id = 190; id < 230; ++id) {
    const bool is_integers = id >= 201 && id <= 204;
    const bool is_floats = id >= 211 && id <= 214;
    Device device;
    device.map_at(0, {is_floats ? floats(word(id)) : integers(word(id))});
    CHECK(device.read().has_value() == (is_integers || is_floats));
  }
}

TEST_CASE("SunSpec: what is not implemented is nothing, never zero") {
  Device device;
  Words model = integers();
  SECTION("watts") {
    model[18] = 0x8000;
  }
  SECTION("the scale of watts") {
    model[22] = 0x8000;
  }
  SECTION("a scale that makes no sense") {
    model[22] = 11;
  }
  SECTION("a scale that makes no sense, below") {
    model[22] = word(-11);
  }
  device.map_at(0, {model});
  const auto reading = device.read();
  REQUIRE(reading);
  CHECK_FALSE(reading->watts);
  CHECK(reading->hertz);
}

TEST_CASE("SunSpec: NaN and infinity are nothing") {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Device device;
    Words model = floats();
    put_float(model, 28, bad);
    device.map_at(0, {model});
    const auto reading = device.read();
    REQUIRE(reading);
    CHECK_FALSE(reading->watts);
    CHECK(*reading->hertz == Approx(50.02));
  }
}

TEST_CASE("SunSpec: no map, no meter, a short meter") {
  Device device;
  CHECK(find_sunspec_meter(device.reader()).error().text == "no SunSpec map at 40000, 0 or 50000");
  device.map_at(0, {});
  CHECK(find_sunspec_meter(device.reader()).error().text ==
        "the SunSpec map has no meter (models 201 to 204, 211 to 214)");
  Device short_one;
  short_one.map_at(0, {Words{203, 4, 0, 0, 0, 0}});
  CHECK(find_sunspec_meter(short_one.reader()).error().text == "SunSpec model 203 is too short");
}

TEST_CASE("SunSpec: a walk is bounded") {
  Device device;
  Words endless{kHigh, kLow};
  for (int i = 0; i < 2000; ++i)
    endless.insert(endless.end(), {1, 0});
  device.put(0, endless);
  CHECK_FALSE(find_sunspec_meter(device.reader()));
  CHECK(device.asked < 70);
  Device leaping;
  leaping.put(50000, {kHigh, kLow, 1, 0xfff0});
  CHECK_FALSE(find_sunspec_meter(leaping.reader()));
}

TEST_CASE("SunSpec: a dead server ends the search at once") {
  int asked = 0;
  const ReadRegisters dead = [&](std::uint32_t, std::size_t) -> tl::expected<Words, ModbusFault> {
    ++asked;
    return tl::unexpected(ModbusFault{"timed out", false});
  };
  CHECK(find_sunspec_meter(dead).error().text == "timed out");
  CHECK(asked == 1);
}

TEST_CASE("SunSpec: a map that has changed is noticed") {
  const SunspecModel model{40070, 203, 105};
  Words words = integers();
  words.resize(sunspec_registers(model));
  CHECK(decode_sunspec(model, words));
  words[0] = 103;
  CHECK_FALSE(decode_sunspec(model, words));
  words = integers();
  words[1] = 50;
  CHECK_FALSE(decode_sunspec(model, words));
  CHECK_FALSE(decode_sunspec(model, Words{203, 105}));
}

TEST_CASE("SunSpec: the fuzzer's corpus") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/sunspec")) {
    INFO(entry.path());
    std::ifstream in(entry.path(), std::ios::binary);
    CHECK_NOTHROW(fuzz_sunspec(std::string(std::istreambuf_iterator<char>(in), {})));
    ++files;
  }
  CHECK(files >= 10);
}
