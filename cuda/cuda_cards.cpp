#include "cuda/cuda_cards.h"

namespace ebb::cuda {

CudaCards::CudaCards() {
  runtime_ = make_runtime(reason_);
  if (runtime_) look();
}

CudaCards::CudaCards(std::shared_ptr<Runtime> runtime, MakeWaiter make_waiter,
                     std::shared_ptr<const KnownAnswers> answers)
    : runtime_(std::move(runtime)),
      make_waiter_(std::move(make_waiter)),
      answers_(std::move(answers)) {
  look();
}

void CudaCards::look() {
  int count = 0;
  if (const Status status = runtime_->count_cards(count); status != Status::ok) {
    reason_ = runtime_->describe(status);
    return;
  }
  if (count == 0) reason_ = "no card";
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    FoundCard card{"cuda:" + std::to_string(ordinal), ordinal, {}};
    if (const Status status = runtime_->card_info(ordinal, card.info); status != Status::ok) {
      reason_ += (reason_.empty() ? "" : "; ") + card.device + ": " + runtime_->describe(status);
    } else {
      found_.push_back(std::move(card));
    }
  }
}

std::unique_ptr<CudaDevice> CudaCards::make_device(const FoundCard& card) {
  if (!answers_) answers_ = std::make_shared<const KnownAnswers>();
  return std::make_unique<CudaDevice>(runtime_, card.ordinal, card.info, answers_, make_waiter_());
}

}  // namespace ebb::cuda
