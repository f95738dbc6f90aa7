#!/usr/bin/env bash
# Plants what scripts/check_cuda_kernels.py looks for: check_cuda_kernels_test.sh [NVCC]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lint/expect.sh
source "$here/expect.sh"
root=$here/../..
nvcc=${1-}
if ! command -v "$nvcc" >/dev/null; then
  echo "skipped: no nvcc"
  exit 77
fi

# compile DIR REGISTERS EDIT CODE: the kernel versions-fma_adds-REGISTERS for CODE, with EDIT, a sed expression, applied
# to what it is made of.
compile() {
  local dir=$1 objects=$1/cuda/CMakeFiles/ebb_cuda_some_kernels_64.dir file
  mkdir -p "$objects" "$dir/include/cuda"
  echo "CMAKE_CUDA_COMPILER:STRING=$nvcc" >"$dir/CMakeCache.txt"
  for file in cuda/form.h cuda/kernels.cuh; do sed "$3" "$root/$file" >"$dir/include/$file"; done
  cat >"$dir/some_kernels_64.cu" <<END
#include "cuda/kernels.cuh"
const void* some_kernel() {
  return reinterpret_cast<const void*>(&ebb::cuda::scan_versions<ebb::cuda::Form::fma_adds, $2>);
}
END
  "$nvcc" -std=c++20 -O3 -no-compress -gencode "arch=compute_90,code=[$4]" -I"$dir/include" -I"$root" \
    -c "$dir/some_kernels_64.cu" -o "$objects/some_kernels_64.cu.o"
}

# check DIR KERNEL...: with the lines of those kernels, each ARCHITECTURES NAME, for all budgets.
check() {
  local dir=$1 kernel
  shift
  for kernel; do echo "$kernel 1530 2460"; done >"$work/budgets"
  "$root/scripts/check_cuda_kernels.py" "$dir" "$work/budgets"
}
it="90 versions-fma_adds-64"

compile "$work/clean" 64 '' sm_90,compute_90
expect_clean "the kernel as it is" check "$work/clean" "$it"
expect_caught "80 versions-fma_adds-64: no such kernel" "a GPU without machine code" check "$work/clean" "80,$it"
expect_caught "90 versions-plain-64: no such kernel" "a missing kernel" check "$work/clean" "$it" "90 versions-plain-64"
expect_caught "$it: no budget" "a kernel without a budget" check "$work/clean"

compile "$work/more" 64 's/return \((a & b) | .*\);/return Base::rotr(\1, 1);/' sm_90,compute_90
expect_caught "over its budget" "one instruction more a round" check "$work/more" "$it"
compile "$work/fewer" 64 's/sum + Base::big_sigma0(x)/sum + x/' sm_90,compute_90
expect_caught "far below its budget" "a kernel that leaves work out" check "$work/fewer" "$it"
compile "$work/spill" 64 's/__maxnreg__(registers)/__maxnreg__(32)/' sm_90,compute_90
expect_caught "bytes of stack" "a stack frame" check "$work/spill" "$it"
expect_caught "local memory" "a spill" check "$work/spill" "$it"

compile "$work/odd" 48 's/__maxnreg__(registers)/__maxnreg__(64)/; s/one = 1/one = 2/' sm_90
odd=("$work/odd" "90 versions-fma_adds-48")
expect_caught "90 versions-fma_adds-48: 64 registers" "a kernel with more registers than its name says" check "${odd[@]}"
expect_caught "gpu_factors" "another factor" check "${odd[@]}"
expect_caught "no PTX" "machine code alone" check "${odd[@]}"

mkdir "$work/none"
echo "CMAKE_BUILD_TYPE:STRING=Release" >"$work/none/CMakeCache.txt"
expect_caught "built without CUDA" "a build without kernels" check "$work/none" "$it"
exit "$((failures > 0))"
