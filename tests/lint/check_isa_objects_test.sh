#!/usr/bin/env bash
# Plants every fault that scripts/check_isa_objects.sh looks for: check_isa_objects_test.sh [C++ COMPILER]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lint/expect.sh
source "$here/expect.sh"
cxx=${1:-c++}
if [[ $(uname -m) != x86_64 ]]; then
  echo "skipped: the planted instructions are x86-64's"
  exit 77
fi

# compile DIR ISA VECTOR_BYTES [CODE [FLAGS...]]: a kernel of that name, with CODE planted before it.
compile() {
  local dir=$1 isa=$2 bytes=$3 code=${4-}
  shift "$(($# < 4 ? $# : 4))"
  mkdir -p "$dir"
  printf '%s\n' "$code" "typedef unsigned Word __attribute__((vector_size($bytes)));" \
    "namespace ebb::core { void scan_$isa(Word* x) { *x += *x >> 3; } }" >"$dir/scan_$isa.cpp"
  "$cxx" -std=c++20 -O2 -w "$@" -c "$dir/scan_$isa.cpp" -o "$dir/scan_$isa.cpp.o"
}

clean=$work/clean
sha_round='asm("sha256rnds2 %xmm1, %xmm2");'
compile "$clean" scalar 4
compile "$clean" sse2 16 '' -msse2
compile "$clean" avx2 32 '' -mavx2
compile "$clean" avx512 64 '' -mavx512f
compile "$clean" shani 16 "$sha_round" -msse4.1
check() { "$here/../../scripts/check_isa_objects.sh" "$@"; }
expect_clean "a clean set" check "$clean"

# planted TEXT WHAT ISA VECTOR_BYTES CODE [FLAGS...]: the clean set with one kernel replaced.
planted() {
  local text=$1 what=$2
  shift 2
  rm -rf "$work/planted"
  cp -r "$clean" "$work/planted"
  compile "$work/planted" "$@"
  expect_caught "$text" "$what" check "$work/planted"
}

avx2=(avx2 32)
planted "nm: W" "a function template that is not inlined" "${avx2[@]}" \
  'template <class T> [[gnu::noinline]] T twice(T x) { return x + x; } [[gnu::used]] static int (*volatile use)(int) = twice<int>;' -mavx2
planted "calls operator delete" "a std::vector" "${avx2[@]}" \
  '#include <vector>
   static void grow(std::vector<int>& v) { v.reserve(99); } [[gnu::used]] static void (*volatile use)(std::vector<int>&) = grow;' -mavx2
planted "nm: " "an inline variable" "${avx2[@]}" 'inline int counter = 1; [[gnu::used]] static int* volatile use = &counter;' -mavx2
planted "nm: C" "a common symbol" "${avx2[@]}" 'asm(".comm shared, 4");' -mavx2
planted "nm: D" "exported data" "${avx2[@]}" 'int table = 1;' -mavx2
planted "and nothing else" "a second function" "${avx2[@]}" 'void another() {}' -mavx2
planted "calls puts" "a call to the outside" "${avx2[@]}" \
  'extern "C" int puts(const char*); [[gnu::used]] static int (*volatile use)(const char*) = puts;' -mavx2
planted "runs code before main()" "a dynamic initialiser" "${avx2[@]}" \
  'static volatile int one = 1; static volatile int two = one + 1;' -mavx2
planted "which is not avx2" "AVX-512 in the AVX2 kernel" avx2 64 '' -mavx512f
planted "which is not avx2" "AVX-512VL in the AVX2 kernel" avx2 32 \
  'typedef unsigned Rotated __attribute__((vector_size(32)));
   static void rotate(Rotated& x) { x = x << 7 | x >> 25; } [[gnu::used]] static void (*volatile use)(Rotated&) = rotate;' -mavx512vl
planted "which is not sse2" "AVX encoding in the SSE2 kernel" sse2 16 '' -mavx
planted "which is not scalar" "AVX2 in the scalar kernel" scalar 32 '' -mavx2
planted "has no zmm" "an AVX-512 kernel without AVX-512" avx512 32 '' -mavx2
planted "has no ymm" "an AVX2 kernel without AVX2" avx2 16 '' -mavx2
planted "which is not shani" "AVX encoding in the SHA-NI kernel" shani 16 "$sha_round" -mavx
planted "has no sha256rnds2" "a SHA-NI kernel without its instruction" shani 16 '' -msse4.1
planted "no rule for instruction set 'avx9'" "a kernel without a rule" avx9 32 '' -mavx2

cp -r "$clean" "$work/missing"
rm "$work/missing/scan_avx2.cpp.o"
expect_caught "no object scan_avx2" "a kernel that is missing" check "$work/missing"
exit "$((failures > 0))"
