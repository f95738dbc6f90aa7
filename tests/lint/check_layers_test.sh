#!/usr/bin/env bash
# Plants every fault that scripts/check_layers.py looks for.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lint/expect.sh
source "$here/expect.sh"

clean=$work/clean
# put FILE LINE...: a source file in the current tree.
put() {
  local file=$tree/$1
  shift
  mkdir -p "${file%/*}"
  printf '%s\n' "$@" >"$file"
}
tree=$clean
put core/header.h '#include <array>' '#include <cstdint>'
put core/scan.h '#include <cstdint>'
put core/scan_avx2.cpp '#include <immintrin.h>' '#include "core/scan.h"'
put core/clock.cpp '#include <sys/resource.h>' '#include "core/header.h"' '// #include <boost/json.hpp>'
put core/cpu_topology.cpp '#include <hwloc.h>' '#include <sched.h>'
put cuda/device.cu '#include <cuda_runtime.h>' '#include "core/scan.h"'
put throttle/policy.cpp '#include <sqlite3.h>' '#include "core/header.h"'
put stratum/session.h '#include <boost/json.hpp>' '#include "core/header.h"'
put stratum/server/pool.cpp '#include "stratum/session.h"' '#include "core/header.h"'
put miner/main.cpp '#include "stratum/server/pool.cpp"' '#include "throttle/policy.cpp"' '#include "cuda/device.cu"'
put bench/pool.cpp '#include "stratum/session.h"'
put tests/unit/catch.h '#include <catch2/catch.hpp>'
put tests/unit/core/header_test.cpp '#include "tests/unit/catch.h"' '#include "core/header.h"'
check() { "$here/../../scripts/check_layers.py" "$@"; }
expect_clean "a clean tree" check "$clean"

# planted TEXT WHAT FILE LINE...: the clean tree with one file more or replaced.
planted() {
  local text=$1 what=$2
  shift 2
  tree=$work/planted
  rm -rf "$tree"
  cp -r "$clean" "$tree"
  put "$@"
  expect_caught "$text" "$what" check "$tree"
}

planted "standard library alone" "Boost in core" core/new.cpp '#include <boost/json.hpp>'
planted "standard library alone" "tl::expected in core" core/new.h '#include <tl/expected.hpp>'
planted "standard library alone" "hwloc outside the topology" core/new.cpp '#include <hwloc.h>'
planted "standard library alone" "another package in the topology" core/cpu_topology.cpp '#include <numa.h>'
planted "standard library alone" "an indented include" core/new.h '#if 1' '  #  include  <curl/curl.h>' '#endif'
planted "core may not include stratum" "stratum in core" core/new.cpp '#include "stratum/session.h"'
planted "core may not include miner" "miner in core" core/new.cpp '#include "miner/main.cpp"'
planted "stratum may not include throttle" "throttle in stratum" stratum/new.cpp '#include "throttle/policy.cpp"'
planted "stratum may not include cuda" "cuda in stratum" stratum/new.cpp '#include "cuda/device.cu"'
planted "stratum may not include stratum/server" "the server in the client" stratum/new.cpp '#include "stratum/server/pool.cpp"'
planted "stratum/server may not include throttle" "throttle in the server" stratum/server/new.cpp '#include "throttle/policy.cpp"'
planted "throttle may not include stratum" "stratum in throttle" throttle/new.cpp '#include "stratum/session.h"'
planted "throttle may not include miner" "miner in throttle" throttle/new.h '#include "miner/main.cpp"'
planted "cuda may not include throttle" "throttle in cuda" cuda/new.cuh '#include "throttle/policy.cpp"'
planted "only tests include tests" "tests in miner" miner/new.cpp '#include "tests/unit/catch.h"'
planted "by ../" "a relative include" stratum/server/new.cpp '#include "../session.h"'
planted "by ../" "a relative include that hides" miner/new.cpp '#include "miner/../stratum/session.h"'
planted "no file session.h" "an include from the same folder" stratum/new.cpp '#include "session.h"'
planted "use quotes" "a file of ours in angle brackets" throttle/new.cpp '#include <stratum/session.h>'
planted "a scan kernel sees <vector>" "a container in a kernel" core/scan_avx2.cpp '#include <vector>' '#include "core/scan.h"'
planted "a scan kernel sees <array>" "a container in a kernel's header" core/scan.h '#include "core/header.h"'

tree=$work/planted
put miner/new.cpp '#include "bench/pool.cpp"'
put bench/pool.cpp '#include "miner/main.cpp"'
expect_caught "miner -> bench -> miner" "folders that include each other" check "$tree"

mkdir "$work/empty"
expect_caught "no sources" "an empty tree" check "$work/empty"
exit "$((failures > 0))"
