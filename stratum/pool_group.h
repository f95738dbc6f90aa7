#pragma once
// All pools of a run behind one door: connects those that are wanted, passes on the work of the one
// that is mined, takes every share back to the pool whose job it is.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stratum/pool_choice.h"
#include "stratum/upstream.h"

namespace boost::asio {
class io_context;
}

namespace ebb::stratum {

/// A pool of the group. Each time that it is wanted anew it gets an upstream of its own.
struct GroupMember {
  double weight = 1;
  /// `sink` as an upstream's; the upstream stamps `pool` on its jobs.
  std::function<std::unique_ptr<Upstream>(std::uint32_t pool, std::function<void(PoolEvent)> sink)>
      make;
  std::optional<double> suggest_difficulty{};  ///< to be asked for at full rate
  bool keeps_connected = false;                ///< see PoolFacts
};

/// How a pool is doing.
struct MemberState {
  enum class Now { idle, connecting, connected, working, mined };
  Now now = Now::idle;
  std::uint64_t hashes = 0;
};

class PoolGroup {
 public:
  struct Owner {
    /// Whatever a pool tells, its jobs included.
    std::function<void(std::size_t pool, PoolEvent)> on_event;
    /// What is to be mined from now on; null: nothing. At each new job of the pool that is mined,
    /// and when another pool is.
    std::function<void(core::JobPtr)> on_job;
    /// Hashes done in the whole run: how they are split.
    std::function<std::uint64_t()> hashes;
  };

  /// Members: at least one. Everything happens on the io_context's one thread.
  PoolGroup(boost::asio::io_context& io, std::vector<GroupMember> members, PoolStrategy strategy,
            Owner owner);
  ~PoolGroup();
  PoolGroup(const PoolGroup&) = delete;
  PoolGroup& operator=(const PoolGroup&) = delete;

  void start();

  /// To the pool of its job. One whose pool is not connected any more ends in a ShareDropped.
  void submit(core::Share share);

  /// Asks each pool for its own difficulty at full rate times this (above zero).
  void scale_difficulty(double factor);

  /// As Upstream::stop(), of all.
  void stop();

  std::vector<MemberState> states() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ebb::stratum
