#include "cuda/card_trial.h"

#include <algorithm>
#include <memory>
#include <set>

namespace ebb::cuda {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kAllNonces = std::uint64_t{1} << 32;

class CardTrial {
 public:
  explicit CardTrial(CudaDevice& device) : device_(device) {}

  tl::expected<double, TrialFailure> run(const Tuning& tuning, unsigned versions,
                                         nanoseconds duration) {
    if (auto why = device_.use(tuning)) return tl::unexpected(TrialFailure{false, *why});
    if (right_.count(name_of(tuning.variant)) == 0) {
      const auto wrong = versions == 1 ? device_.known_answers().check_one_version(device_)
                                       : device_.known_answers().check_versions(device_);
      if (!device_.failure().empty()) return tl::unexpected(TrialFailure{false, device_.failure()});
      if (wrong) return tl::unexpected(TrialFailure{true, *wrong});
      right_.insert(name_of(tuning.variant));
    }
    return measure(versions, duration);
  }

 private:
  /// Speed does not depend on what is hashed. Nothing passes the threshold.
  tl::expected<double, TrialFailure> measure(unsigned versions, nanoseconds duration) {
    core::ScanInput input;
    input.midstate_count = versions;
    input.threshold = 0;
    device_.prepare(input);
    std::vector<core::Candidate> found(core::kMinCandidateCapacity);
    nanoseconds busy{0};
    double hashes = 0;
    while (busy < duration) {
      const double left = static_cast<double>((duration - busy).count());
      const double nonces = std::max(nonces_a_ns_ * left / versions, 1e5);
      const auto report =
          device_.scan(0, std::min(static_cast<std::uint64_t>(nonces), kAllNonces), found);
      if (!report.ok) return tl::unexpected(TrialFailure{false, device_.failure()});
      busy += std::max(report.busy, nanoseconds(1));
      hashes += static_cast<double>(report.scanned) * versions;
      nonces_a_ns_ = hashes / static_cast<double>(busy.count());
    }
    return hashes / (static_cast<double>(busy.count()) * 1e-9);
  }

  CudaDevice& device_;
  std::set<std::string> right_;  ///< variants
  double nonces_a_ns_ = 0;       ///< with one version
};

}  // namespace

Trial make_trial(CudaDevice& device) {
  return [trial = std::make_shared<CardTrial>(device)](const Tuning& tuning, unsigned versions,
                                                       std::chrono::milliseconds duration) {
    return trial->run(tuning, versions, duration);
  };
}

}  // namespace ebb::cuda
