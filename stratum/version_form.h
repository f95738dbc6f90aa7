#pragma once
// How a share's version bits are written in mining.submit.

#include <cstdint>

#include "stratum/reject.h"

namespace ebb::stratum {

/// ckpool and datum OR parameter 5 into the job's version, public-pool XORs it, BIP 310 and SRI
/// replace the bits under the mask. Over a job whose version is zero under the mask both forms are
/// the same number and every pool agrees. Over one with ones there:
///
///   form         OR     XOR    replace
///   difference   right  right  wrong        final ^ job: the bits that were rolled
///   masked       right  wrong  right        final & mask
///
/// So start with the difference and change over when a pool refuses shares that are right.
class VersionForm {
 public:
  enum class Form { difference, masked };

  Form current() const { return current_; }

  static std::uint32_t parameter(Form form, std::uint32_t version, std::uint32_t job_version,
                                 std::uint32_t mask) {
    const std::uint32_t rolled = version ^ job_version;
    return form == Form::difference ? rolled : version & (mask | rolled);
  }

  /// The verdict on a locally verified share of a job with ones under the mask, sent in `form`.
  /// Two refusals in a row change the form; a wrong guess so costs two shares and corrects itself.
  void judged(Form form, bool accepted, RejectReason reason) {
    if (form != current_) return;  // sent before the change
    if (accepted) {
      refusals_ = 0;
    } else if (reason == RejectReason::bad_version || reason == RejectReason::low_difficulty ||
               reason == RejectReason::other) {
      if (++refusals_ < kPatience) return;
      refusals_ = 0;
      current_ = current_ == Form::difference ? Form::masked : Form::difference;
    }
  }

 private:
  static constexpr int kPatience = 2;

  Form current_ = Form::difference;
  int refusals_ = 0;
};

}  // namespace ebb::stratum
