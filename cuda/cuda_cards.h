#pragma once
// The CUDA cards of this machine. No CUDA type is visible: the same header serves a build without
// CUDA, which has no card and says so.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cuda/cuda_device.h"

namespace ebb::cuda {

struct FoundCard {
  std::string device;  ///< "cuda:0", as the CUDA runtime counts
  int ordinal = 0;
  CardInfo info;
};

/// Looking costs no context: a card that is not used stays idle.
class CudaCards {
 public:
  CudaCards();
  /// With a runtime, waiters and questions of the caller's: for tests.
  using MakeWaiter = std::function<std::unique_ptr<Waiter>()>;
  CudaCards(std::shared_ptr<Runtime> runtime, MakeWaiter make_waiter,
            std::shared_ptr<const KnownAnswers> answers);

  const std::vector<FoundCard>& found() const { return found_; }

  /// Why there is none, or why one is missing: "built without CUDA", "no NVIDIA driver",
  /// "cuda:1: …". Empty when nothing is amiss.
  const std::string& reason() const { return reason_; }

  /// A device that opens its card with its first scan. It may be handed to another thread.
  std::unique_ptr<CudaDevice> make_device(const FoundCard& card);

 private:
  void look();

  std::shared_ptr<Runtime> runtime_;
  MakeWaiter make_waiter_ = make_waiter;
  std::shared_ptr<const KnownAnswers> answers_;  ///< from the first device on
  std::vector<FoundCard> found_;
  std::string reason_;
};

}  // namespace ebb::cuda
