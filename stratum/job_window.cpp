#include "stratum/job_window.h"

#include <algorithm>

namespace ebb::stratum {
namespace {

/// core::same_work, but the version mask, which changes under a job's feet, does not count.
bool same_content(const core::Job& a, const core::Job& b) {
  if (a.version_mask == b.version_mask) return core::same_work(a, b);
  core::Job masked = b;
  masked.version_mask = a.version_mask;
  return core::same_work(a, masked);
}

}  // namespace

core::JobPtr JobWindow::add(core::Job job) {
  const core::JobPtr before = jobs_.empty() ? nullptr : jobs_.back();
  const bool new_block = before == nullptr || before->prev_hash != job.prev_hash;
  job.clean = job.clean || new_block;
  core::JobPtr added = keep(std::move(job));
  const bool unchanged =
      before != nullptr && before->id == added->id && same_content(*before, *added) &&
      before->share_target == added->share_target && before->version_mask == added->version_mask;
  return unchanged ? nullptr : added;
}

core::JobPtr JobWindow::add_resumed(core::Job job) {
  job.clean = jobs_.empty() || jobs_.back()->prev_hash != job.prev_hash;
  return keep(std::move(job));
}

core::JobPtr JobWindow::keep(core::Job job) {
  const auto known = std::find_if(jobs_.begin(), jobs_.end(),
                                  [&](const core::JobPtr& kept) { return kept->id == job.id; });
  const bool repeated = known != jobs_.end() && same_content(**known, job);
  if (job.clean) {
    jobs_.clear();
  } else if (known != jobs_.end()) {
    jobs_.erase(known);
  }
  // Work that goes on must not begin again from the first extranonce2, whatever the flag says.
  if (repeated) job.clean = false;
  jobs_.push_back(std::make_shared<const core::Job>(std::move(job)));
  if (jobs_.size() > kMaxJobs) jobs_.pop_front();
  return jobs_.back();
}

core::JobPtr JobWindow::set_version_mask(std::uint32_t mask) {
  if (jobs_.empty()) return nullptr;
  core::Job job = *jobs_.back();
  job.version_mask = mask;
  job.clean = false;
  jobs_.back() = std::make_shared<const core::Job>(std::move(job));
  return jobs_.back();
}

bool JobWindow::contains(const core::Job& job) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const core::JobPtr& kept) {
    return kept.get() == &job || (kept->id == job.id && same_content(*kept, job));
  });
}

}  // namespace ebb::stratum
