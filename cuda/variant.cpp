#include "cuda/variant.h"

namespace ebb::cuda {

std::string name_of(const Variant& variant) {
  std::string name = variant.layout == Layout::versions ? "versions-" : "nonces-";
  switch (variant.form) {
    case Form::plain:
      name += "plain-";
      break;
    case Form::fma_adds:
      name += "fma_adds-";
      break;
    case Form::fma_shifts:
      name += "fma_shifts-";
      break;
    case Form::fma_sigma0:
      name += "fma_sigma0-";
      break;
  }
  return name + std::to_string(variant.registers);
}

std::optional<Variant> find_variant(std::string_view name) {
  for (const Variant& variant : kVariants) {
    if (name_of(variant) == name) return variant;
  }
  return std::nullopt;
}

std::string describe(const Tuning& tuning) {
  return name_of(tuning.variant) + ", " + std::to_string(tuning.block) + " threads, batches of " +
         std::to_string(tuning.batch);
}

}  // namespace ebb::cuda
