#pragma once
// A GPU behind core's Device.

#include <memory>
#include <string>

#include "core/device.h"
#include "cuda/card.h"
#include "cuda/known_answers.h"

namespace ebb::cuda {

/// One scan is one scan of the card, or several smaller ones while it finds more than there is room
/// for. A card that fails is closed; the next scan opens it anew and has it prove itself first.
class CudaDevice final : public core::Device {
 public:
  /// Nothing is opened yet.
  CudaDevice(std::shared_ptr<Runtime> runtime, int ordinal, const CardInfo& info,
             std::shared_ptr<const KnownAnswers> answers,
             std::unique_ptr<Waiter> waiter = make_waiter());

  const core::DeviceInfo& info() const override { return info_; }
  const CardInfo& card() const { return card_.info(); }

  /// Sets what to scan with from the next prepare() on.
  void tune(const TuningPair& tuning) { tuning_ = tuning; }
  const TuningPair& tuning() const { return tuning_; }

  /// Opens the card, unproven, and sets one half of what to scan with; why not, if the card cannot.
  std::optional<std::string> use(const Tuning& tuning);

  const KnownAnswers& known_answers() const { return *answers_; }

  /// Opens the card unless it is open, and compares with all known answers. Blocks for half a
  /// second. Why not, if it fails; the card is closed then. A scan of a closed card does this
  /// first.
  std::optional<std::string> prove();

  void prepare(const core::ScanInput& input) override;
  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override;
  void interrupt() override { waiter_->interrupt(); }
  void release() override { card_.close(); }
  std::string failure() const override { return failure_; }

 private:
  core::ScanReport scan_until_it_fits(std::uint32_t first, std::uint64_t count,
                                      std::span<core::Candidate> out);
  core::ScanReport fail(std::string why);

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<const KnownAnswers> answers_;
  std::unique_ptr<Waiter> waiter_;
  Card card_;
  core::DeviceInfo info_;
  core::ScanInput input_;
  TuningPair tuning_;
  Tuning current_;  ///< of the tuning, for the versions of the input
  ScanParams params_{};
  std::uint64_t most_nonces_ = 0;  ///< that a scan may try without finding too much
  unsigned interrupts_ = 0;        ///< taken since the last proof began
  std::string failure_;
};

}  // namespace ebb::cuda
