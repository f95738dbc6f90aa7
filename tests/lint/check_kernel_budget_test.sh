#!/usr/bin/env bash
# Plants what scripts/check_kernel_budget.py looks for: check_kernel_budget_test.sh [C++ COMPILER]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lint/expect.sh
source "$here/expect.sh"
root=$here/../..
cxx=${1:-c++}
if [[ $(uname -m) != x86_64 ]]; then
  echo "skipped: the kernel compiled here is x86-64's"
  exit 77
fi

# compile DIR EDIT [FLAGS...]: the AVX-512 kernel with EDIT, a sed expression, applied to core/lanes.h.
compile() {
  local dir=$1 edit=$2
  shift 2
  mkdir -p "$dir/core"
  sed "$edit" "$root/core/lanes.h" >"$dir/core/lanes.h"
  "$cxx" -std=c++20 -O2 -fno-exceptions -mavx512f -mavx512vl "$@" -I"$dir" -I"$root" -c "$root/core/scan_avx512.cpp" \
    -o "$dir/core/scan_avx512.cpp.o"
}
check() { "$root/scripts/check_kernel_budget.py" "$@"; }

compile "$work/clean" ''
expect_clean "the kernel as it is" check "$work/clean"
compile "$work/more" 's/^  d += t1;/__asm__ volatile("nop");&/'
expect_caught "over its budget" "one instruction more a round" check "$work/more"
compile "$work/fewer" 's/sum + Isa::big_sigma0(x)/sum/'
expect_caught "far below its budget" "a kernel that leaves work out" check "$work/fewer"
mkdir -p "$work/unrolled/core"
"$cxx" -std=c++20 -O2 -fno-exceptions -msha -msse4.1 -I"$root" -c "$root/core/scan_shani.cpp" \
  -o "$work/unrolled/core/scan_avx512.cpp.o"
expect_caught "another shape" "a kernel without loops of rounds" check "$work/unrolled"
mkdir -p "$work/unknown/core"
cp "$work/clean/core/scan_avx512.cpp.o" "$work/unknown/core/scan_new.cpp.o"
expect_caught "no budget" "a kernel without a budget" check "$work/unknown"
mkdir "$work/none"
expect_caught "no kernels" "a build without kernels" check "$work/none"
exit "$((failures > 0))"
