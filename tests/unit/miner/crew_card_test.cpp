// The engine and an emulated card together: everything of ebb but NVIDIA's own is real.

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "cuda/cuda_device.h"
#include "miner/crew.h"
#include "tests/unit/catch.h"
#include "tests/unit/cuda/fake_runtime.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

core::JobPtr make_job(std::string id, std::uint8_t coinbase_byte, std::uint32_t version_mask) {
  core::Job job;
  job.id = std::move(id);
  job.version = 0x20000000;
  job.version_mask = version_mask;
  job.coinbase_prefix.assign(50, coinbase_byte);
  job.extranonce2_size = 4;
  job.bits = 0x1d00ffff;
  job.share_target = *core::Target::from_difficulty(1.0 / (1u << 20));  // one hash in 4,096
  job.network_target = *core::Target::from_compact(job.bits);
  return std::make_shared<const core::Job>(std::move(job));
}

struct Rig {
  Rig() {
    cuda::CardInfo info;
    runtime->card_info(0, info);
    const auto answers = std::make_shared<const cuda::KnownAnswers>(
        cuda::KnownAnswers::Sizes{.nonces = 3, .hashes = 2048, .breadth = 200});
    std::vector<OpenedDevice> devices;
    devices.push_back({std::make_unique<cuda::CudaDevice>(
                           runtime, 0, info, answers, std::make_unique<test::FakeWaiter>(*runtime)),
                       {}});
    crew.emplace(std::move(devices), [this](std::vector<core::Share>& batch) {
      const std::lock_guard lock(mutex);
      for (core::Share& share : batch)
        shares.push_back(std::move(share));
      batch.clear();
      return true;
    });
    duties = crew->take_duty_writers();
  }

  std::size_t count() {
    const std::lock_guard lock(mutex);
    return shares.size();
  }

  bool wait_for_shares(std::size_t wanted) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (count() < wanted && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    return count() >= wanted;
  }

  std::shared_ptr<test::FakeRuntime> runtime = std::make_shared<test::FakeRuntime>();
  std::mutex mutex;
  std::vector<core::Share> shares;
  std::vector<core::DutyWriter> duties;
  std::optional<Crew> crew;
};

}  // namespace

TEST_CASE("crew and card: shares are real, distinct, and of the rolled versions") {
  for (const std::uint32_t mask : {0u, 0x00006000u, 0x1fffe000u}) {
    INFO("version mask " << mask);
    Rig rig;
    rig.crew->start();
    rig.crew->board().publish(make_job("a", 1, mask));
    rig.duties[0].store({core::Duty::kFullPpm});
    REQUIRE(rig.wait_for_shares(100));
    REQUIRE(rig.crew->stop().empty());

    const DeviceFigures figures = rig.crew->figures().front();
    CHECK(figures.hardware_errors == 0);
    CHECK(figures.health.failures == 0);
    CHECK(figures.work.hashes > 0);
    std::set<std::array<std::uint8_t, 80>> headers;
    std::set<std::uint32_t> versions;
    for (const core::Share& share : rig.shares) {
      CHECK(share.job->share_target.is_met_by(share.header.hash()));
      CHECK((share.header.version & ~mask) == 0x20000000);
      headers.insert(share.header.serialize());
      versions.insert(share.header.version);
    }
    CHECK(headers.size() == rig.shares.size());
    CHECK(versions.size() >= (mask == 0 ? 1u : 3u));
  }
}

TEST_CASE("crew and card: a new job is taken while the card scans") {
  Rig rig;
  rig.crew->start();
  rig.crew->board().publish(make_job("a", 1, 0x1fffe000));
  rig.duties[0].store({core::Duty::kFullPpm});
  REQUIRE(rig.wait_for_shares(10));
  rig.crew->board().publish(make_job("b", 2, 0x1fffe000));
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  const auto last_job = [&] {
    const std::lock_guard lock(rig.mutex);
    return rig.shares.back().job->id;
  };
  while (last_job() != "b" && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CHECK(last_job() == "b");
  REQUIRE(rig.crew->stop().empty());
}
