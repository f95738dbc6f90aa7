#include "core/backend.h"

#include <algorithm>

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::backends_that_run_here;

namespace {

/// The scalar kernel, but what it finds with midstate 3 is lost.
ScanResult scan_without_midstate_3(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                                   Candidate* out, std::uint32_t capacity) noexcept {
  ScanResult result = compiled_backends().back().scan(input, first, count, out, capacity);
  const auto end = std::remove_if(out, out + result.found,
                                  [](const Candidate& hit) { return hit.midstate == 3; });
  result.found = static_cast<std::uint32_t>(end - out);
  return result;
}

}  // namespace

TEST_CASE("select_backends: keeps what passes, in order, and names what fails") {
  const HashBackend good = compiled_backends().back();
  const HashBackend broken{"broken", kNoFeatures, 1, scan_without_midstate_3};
  const HashBackend fancy{"fancy", kAvx512, 1, good.scan};

  const BackendSelection selection =
      select_backends(std::vector{fancy, broken, good}, CpuFeatures{kSse2 | kAvx2});
  REQUIRE(selection.usable.size() == 1);
  CHECK(std::string(selection.usable[0].name) == good.name);
  REQUIRE(selection.failed.size() == 1);
  CHECK(selection.failed[0].name == "broken");
  CHECK(selection.failed[0].reason == "wrong result in lane 0, midstate 3");
  CHECK(selection.scalar_ok);

  const BackendSelection all =
      select_backends(std::vector{fancy, good}, CpuFeatures{kSse2 | kAvx2 | kAvx512});
  REQUIRE(all.usable.size() == 2);
  CHECK(std::string(all.usable[0].name) == "fancy");
  CHECK(std::string(all.usable[1].name) == good.name);
  CHECK(all.failed.empty());
}

TEST_CASE("select_backends: every one of several needs must be there") {
  const HashBackend good = compiled_backends().back();
  const HashBackend picky{"picky", kSse2 | kAvx2, 1, good.scan};
  CHECK(select_backends(std::vector{picky}, kSse2).usable.empty());
  CHECK(select_backends(std::vector{picky}, kAvx2).usable.empty());
  CHECK(select_backends(std::vector{picky}, kSse2 | kAvx2).usable.size() == 1);
}

TEST_CASE("select_backends: a broken scalar kernel is not ok, however good the others") {
  const HashBackend good = compiled_backends().back();
  const HashBackend fast{"fast", kSse2, 1, good.scan};
  const HashBackend broken_scalar{"scalar", kNoFeatures, 1, scan_without_midstate_3};
  const BackendSelection selection = select_backends(std::vector{fast, broken_scalar}, kSse2);
  CHECK_FALSE(selection.scalar_ok);
  CHECK(selection.usable.size() == 1);
  REQUIRE(selection.failed.size() == 1);
  CHECK(selection.failed[0].name == "scalar");
  CHECK_FALSE(select_backends({}, kSse2).scalar_ok);
}

TEST_CASE("select_backends: this machine's own kernels all pass") {
  const BackendSelection selection = select_backends(compiled_backends(), detect_cpu_features());
  CHECK(selection.scalar_ok);
  CHECK(selection.failed.empty());
  CHECK(selection.usable.size() == backends_that_run_here().size());
}
