#include "stratum/payout.h"

#include <algorithm>
#include <map>

namespace ebb::stratum {
namespace {

using Error = tl::unexpected<std::string>;

constexpr std::uint64_t kMaxMoney = 21'000'000ull * 100'000'000;
constexpr std::size_t kMaxWitnessItems = 100;  // a coinbase has one

/// Reads on from the front; once a read has failed, all that follow fail.
class Reader {
 public:
  explicit Reader(core::ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return rest_.size(); }
  std::uint8_t peek(std::size_t at) const { return at < rest_.size() ? rest_[at] : 0xff; }

  core::ByteView take(std::uint64_t count) {
    if (!ok_ || count > rest_.size()) {
      ok_ = false;
      return {};
    }
    const core::ByteView taken = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  std::uint64_t take_number(std::size_t bytes) {
    std::uint64_t value = 0;
    std::size_t shift = 0;
    for (const std::uint8_t byte : take(bytes)) {
      value |= std::uint64_t{byte} << shift;
      shift += 8;
    }
    return value;
  }

  /// A count ("CompactSize") in its one shortest form.
  std::uint64_t take_count() {
    const std::uint64_t first = take_number(1);
    if (first < 0xfd) return first;
    const std::size_t bytes = std::size_t{1} << (first - 0xfc);
    const std::uint64_t value = take_number(bytes);
    const std::uint64_t least = bytes == 2 ? 0xfd : std::uint64_t{1} << (8 * bytes / 2);
    ok_ = ok_ && value >= least;
    return value;
  }

 private:
  core::ByteView rest_;
  bool ok_ = true;
};

bool spends_nothing(core::ByteView outpoint) {
  const auto index = outpoint.subspan(32);
  return std::all_of(outpoint.begin(), outpoint.begin() + 32, [](auto b) { return b == 0; }) &&
         std::all_of(index.begin(), index.end(), [](auto b) { return b == 0xff; });
}

}  // namespace

tl::expected<std::vector<TxOutput>, std::string> read_coinbase(core::ByteView transaction) {
  Reader reader(transaction);
  reader.take(4);  // version
  const bool has_witness = reader.peek(0) == 0 && reader.peek(1) == 1;
  if (has_witness) reader.take(2);
  if (reader.take_count() != 1) return Error("not one input");
  const core::ByteView outpoint = reader.take(36);
  if (!reader.ok() || !spends_nothing(outpoint)) return Error("its input spends something");
  reader.take(reader.take_count());  // the script, with height and extranonces
  reader.take(4);                    // sequence

  const std::uint64_t count = reader.take_count();
  constexpr std::size_t kLeastOutput = 9;
  if (!reader.ok() || count > reader.left() / kLeastOutput) return Error("cut short");
  std::vector<TxOutput> outputs;
  outputs.reserve(static_cast<std::size_t>(count));
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    TxOutput output;
    output.value = reader.take_number(8);
    output.script = reader.take(reader.take_count());
    if (!reader.ok()) return Error("cut short");
    if (output.value > kMaxMoney - total) return Error("it pays more than there is");
    total += output.value;
    outputs.push_back(output);
  }
  if (has_witness) {
    const std::uint64_t items = reader.take_count();
    if (items > kMaxWitnessItems) return Error("its witness is too long");
    for (std::uint64_t i = 0; i < items; ++i)
      reader.take(reader.take_count());
  }
  reader.take(4);  // lock time
  if (!reader.ok()) return Error("cut short");
  if (reader.left() != 0) return Error("bytes after its end");
  return outputs;
}

tl::expected<JobPayout, std::string> payout_of(const core::Job& job, const PayoutRule* rule) {
  core::Bytes coinbase = job.coinbase_prefix;
  coinbase.resize(coinbase.size() + job.extranonce2_size);
  coinbase.insert(coinbase.end(), job.coinbase_suffix.begin(), job.coinbase_suffix.end());
  const auto outputs = read_coinbase(coinbase);
  if (!outputs) return Error(outputs.error());

  const auto before = [](core::ByteView a, core::ByteView b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  };
  std::map<core::ByteView, std::uint64_t, decltype(before)> paid(before);
  JobPayout out;
  for (const TxOutput& output : *outputs) {
    if (output.value == 0) continue;
    paid[output.script] += output.value;
    out.payout.total += output.value;
  }
  if (rule != nullptr) {
    const auto ours = paid.find(core::ByteView(rule->script));
    out.meets_rule =
        ours != paid.end() && static_cast<double>(ours->second) >=
                                  rule->least_share * static_cast<double>(out.payout.total);
  }

  std::vector<TxOutput> ranked;
  ranked.reserve(paid.size());
  for (const auto& [script, value] : paid)
    ranked.push_back({value, script});
  const std::size_t shown = std::min(ranked.size(), Payout::kMostOutputs);
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(shown),
                    ranked.end(),
                    [](const TxOutput& a, const TxOutput& b) { return a.value > b.value; });
  out.payout.others = ranked.size() - shown;
  ranked.resize(shown);
  for (const TxOutput& output : ranked)
    out.payout.outputs.push_back({output.value, {output.script.begin(), output.script.end()}});
  return out;
}

}  // namespace ebb::stratum
