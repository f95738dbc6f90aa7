#!/usr/bin/env bash
# Installs what is missing and runs every check and test, as CI does; stops at the first stage that fails.
#   scripts/test.sh          everything (half an hour on two cores)
#   scripts/test.sh quick    the release build and its unit tests
#   scripts/test.sh STAGE... only these, in this order: format layers release isa cuda ctest arm clang fuzz asan tsan tidy
# The last line is `N passed, N failed, N skipped`: all ctest runs, each fuzzer, and one for each other stage.
# EBB_FUZZ_SECONDS: how long each fuzzer runs (60).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
cores=$(nproc)
passed=0 failed=0 skipped=0
stage='' # the one that runs

finish() {
  local status=$?
  if ((status != 0)); then
    ((failed > 0)) || failed=1
    echo "FAILED: ${stage:-setup}"
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck source=scripts/setup.sh
source scripts/setup.sh

# --- helpers ---

# configure NAME [CMAKE ARGUMENTS...]: build/ci-NAME by the preset NAME.
configure() {
  local name=$1
  shift
  cmake --preset "$name" -B "build/ci-$name" -DEBB_WERROR=ON -DEBB_BCOIN_DIR="$root/build/ci-bcoin" \
    --log-level=WARNING "$@"
}

# Sanitizer runtimes of GCC 12 and clang 14 find no room for their shadow memory, now and then or always, where
# the kernel randomizes addresses by more than 28 bits. The build runs the tests too, to list them.
fixed_addresses() {
  local bits
  bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null) || bits=unknown
  if [[ $bits != unknown ]] && ((bits <= 28)); then
    "$@"
  elif setarch "$(uname -m)" -R true 2>/dev/null; then
    setarch "$(uname -m)" -R "$@"
  else
    echo "note: cannot turn address randomization off here ($bits bits); sanitizers may fail to start"
    "$@"
  fi
}

# build NAME [CMAKE --build ARGUMENTS...]
build() {
  local name=$1
  shift
  fixed_addresses cmake --build "build/ci-$name" --parallel "$cores" "$@"
}

# run_ctest NAME [CTEST ARGUMENTS...], and adds up the results.
run_ctest() {
  local dir=$root/build/ci-$1 status=0 p f s
  shift
  rm -f "$dir/ctest.xml"
  fixed_addresses ctest --test-dir "$dir" --output-on-failure --no-tests=error -j "$cores" \
    --output-junit "$dir/ctest.xml" "$@" || status=$?
  read -r p f s < <(scripts/ctest_counts.py "$dir/ctest.xml")
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  return "$status"
}

# Our C++ files, NUL-separated.
sources() {
  local folders=()
  mapfile -t folders < <(ls -d core cuda stratum throttle sources miner bench tests 2>/dev/null)
  find "${folders[@]}" -name node_modules -prune -o \
    \( -name '*.cpp' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' \) -type f -print0
}

# --- stages ---

stage_format() {
  local program=clang-format-14 # versions differ in taste
  command -v "$program" >/dev/null || program=clang-format
  sources | xargs -0 "$program" --dry-run -Werror
  passed=$((passed + 1))
}

stage_layers() {
  scripts/check_layers.py
  passed=$((passed + 1))
}

stage_release() {
  configure release
  build release
}

stage_isa() {
  scripts/check_isa_objects.sh build/ci-release
  scripts/check_kernel_budget.py build/ci-release
  passed=$((passed + 2))
}

# The machine code for GPUs, which needs none.
stage_cuda() {
  local cache=build/ci-release/CMakeCache.txt
  if [[ -f $cache ]] && ! grep -q '^CMAKE_CUDA_COMPILER:.*=/' "$cache"; then
    echo "skipped: no nvcc, or none that works"
    skipped=$((skipped + 1))
    return
  fi
  scripts/check_cuda_kernels.py build/ci-release
  passed=$((passed + 1))
}

stage_ctest() { run_ctest release; }

# The kernels for 64-bit ARM, under an emulator.
stage_arm() {
  configure aarch64
  build aarch64
  scripts/check_isa_objects.sh build/ci-aarch64
  scripts/check_kernel_budget.py build/ci-aarch64
  run_ctest aarch64
}

# By clang: the fuzzers and what they link. Its warnings on all other code are tidy's business.
stage_clang() {
  configure fuzz -DEBB_TESTS=ON
  build fuzz --target fuzzers
  passed=$((passed + 1))
}

# All fuzzers at once. A fuzzer NAME begins with tests/fuzz/corpus/NAME; what it finds worth keeping stays in the
# build folder.
stage_fuzz() {
  local seconds=${EBB_FUZZ_SECONDS:-60} dir=$root/build/ci-fuzz fuzzer name work dict faults=0 index
  local -a names=() jobs=() inputs
  for fuzzer in "$dir"/tests/fuzz/fuzz_*; do
    [[ -f $fuzzer && -x $fuzzer ]] || continue
    name=${fuzzer##*/fuzz_}
    work=$dir/fuzz/$name
    mkdir -p "$work/corpus"
    inputs=("$work/corpus")
    [[ ! -d tests/fuzz/corpus/$name ]] || inputs+=("tests/fuzz/corpus/$name")
    dict=tests/fuzz/$name.dict
    [[ -f $dict ]] || dict=tests/fuzz/stratum.dict
    fixed_addresses "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -dict="$dict" -artifact_prefix="$work/" "${inputs[@]}" >"$work/log" 2>&1 </dev/null &
    names+=("$name")
    jobs+=($!)
  done
  ((${#jobs[@]})) || { echo "no fuzzers in $dir/tests/fuzz" && return 1; }
  for index in "${!jobs[@]}"; do
    name=${names[index]} work=$dir/fuzz/${names[index]}
    if wait "${jobs[index]}"; then
      echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") runs, no finding"
      passed=$((passed + 1))
    else
      echo "fuzz $name: a finding, kept in $work"
      tail -n 60 "$work/log"
      failed=$((failed + 1)) faults=1
    fi
  done
  return "$faults"
}

# The whole suite again; end-to-end runs are shorter and their limits wider. A finding ends the process, so that it
# cannot go unseen whatever the test looks at.
sanitized() {
  configure "$1"
  build "$1"
  EBB_E2E_SECONDS=10 EBB_E2E_SLOW=1 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1 run_ctest "$1"
}
stage_asan() { sanitized asan; }
stage_tsan() { sanitized tsan; }

stage_tidy() {
  [[ -f build/ci-fuzz/compile_commands.json ]] || configure fuzz -DEBB_TESTS=ON
  # How many warnings were suppressed in other people's headers is of no interest.
  # Unit tests are left out: their macros' expansions take most of the time and GCC's warnings cover them.
  sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/ci-fuzz/compile_commands.json | sort -u | grep -v /tests/unit/ |
    xargs -d '\n' -n 1 -P "$cores" clang-tidy --quiet -p build/ci-fuzz 2> >(grep -vE '^[0-9]+ warnings? generated\.$' >&2)
  passed=$((passed + 1))
}

run_stage() {
  local began=$SECONDS
  stage=$1
  printf '\n=== %s ===\n' "$stage"
  "stage_$stage"
  echo "=== $stage: $((SECONDS - began)) s"
}

all=(format layers release isa cuda ctest arm clang fuzz asan tsan tidy)
for name; do
  [[ ($name == quick && $# == 1) || " ${all[*]} " == *" $name "* ]] || { echo "test.sh: no stage '$name'; there are: quick ${all[*]}" && exit 2; }
done

setup_packages test
! command -v ccache >/dev/null || export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$root
if [[ ${1-} == quick ]]; then
  stage_ctest() { run_ctest release -L unit; }
  set -- release ctest
fi
(($#)) || set -- "${all[@]}"
for name; do run_stage "$name"; done
