#pragma once
// Solved blocks on their way to the template source, one at a time.

#include <deque>
#include <functional>
#include <optional>

#include "stratum/node/template_source.h"

namespace ebb::stratum::node {

/// On an easy network clients solve the same block many times over before the next template is
/// there. Once one was accepted its siblings are worthless, and until then a few in waiting are
/// enough. One thread.
class BlockQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 8;

  using OnResult = std::function<void(const SolvedBlock&, const BlockResult&)>;

  /// `source` must outlive this; it must be stopped before this dies.
  BlockQueue(TemplateSource& source, OnResult on_result)
      : source_(source), on_result_(std::move(on_result)) {}

  /// Whether add() would take a block on this previous one.
  bool wants(const core::Hash256& prev_hash) const;

  void add(SolvedBlock block);

 private:
  void submit_next();

  TemplateSource& source_;
  OnResult on_result_;
  std::deque<SolvedBlock> waiting_;
  std::optional<SolvedBlock> in_flight_;
  std::optional<core::Hash256> accepted_on_;  ///< previous hash of the last accepted block
};

}  // namespace ebb::stratum::node
