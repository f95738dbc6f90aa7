#pragma once
// Where blocks to work on come from and solved ones go.

#include <functional>
#include <string>

#include "stratum/node/block_template.h"
#include "stratum/node/notice.h"

namespace ebb::stratum::node {

/// A block that meets its network target.
struct SolvedBlock {
  core::Hash256 hash;
  core::Hash256 prev_hash;
  std::uint32_t height = 0;
  core::Bytes bytes;  ///< consensus serialisation
};

struct BlockResult {
  bool accepted = false;
  std::string text;  ///< "accepted", or the reason, printable
};

/// Calls and callbacks are all on the one thread that runs the source's executor.
class TemplateSource {
 public:
  struct Listener {
    /// A new template, each time there is something better to work on than before.
    std::function<void(BlockTemplatePtr)> on_template;
    std::function<void(Notice)> on_event;
  };

  virtual ~TemplateSource() = default;

  /// Call once. The listener is called later, never from inside.
  virtual void start(Listener listener) = 0;

  /// `done` is called once, later, with the verdict. After an accepted block a new template follows
  /// soon.
  virtual void submit_block(SolvedBlock block, std::function<void(BlockResult)> done) = 0;

  /// No more templates, and no more callbacks. A block being submitted is still delivered; when
  /// that is done the executor has nothing of this source's left to run.
  virtual void stop() = 0;
};

}  // namespace ebb::stratum::node
