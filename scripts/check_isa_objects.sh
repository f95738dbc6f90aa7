#!/usr/bin/env bash
# Fails when the object of a scan kernel could make code for newer CPUs run on older ones:
#   scripts/check_isa_objects.sh BUILD_DIR
# The linker takes one copy of a weak function for the whole program, maybe the one built with -mavx2; and
# whatever an object runs before main() runs before any CPU check. Give it a build without sanitizers.
set -euo pipefail
(($# == 1)) || { echo "usage: check_isa_objects.sh BUILD_DIR" >&2; exit 2; }

# What compilers call by themselves.
allowed_calls='memcpy|memmove|memset|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
faults=0
fault() { echo "$1: $2" >&2; faults=$((faults + 1)); }

# Patterns in the disassembly that an instruction set must show, and must not; one row per kernel.
any_vex='[[:space:]]v[a-z0-9]+[[:space:]].*%[xyz]mm'
any_evex='%zmm|%k[0-7]|%[xy]mm(1[6-9]|2[0-9]|3[01])'
any_evex+='|[[:space:]](vpro[lr]v?[dq]|vpternlog[dq]|vp(and|andn|or|xor)[dq]|vmovdq[au](8|16|32|64))[[:space:]]'
rules_for() {
  case $1 in
    scalar) needs='' forbids="$any_vex" ;;
    sse2) needs='%xmm' forbids="$any_vex" ;;
    avx2) needs='%ymm' forbids="$any_evex" ;;
    avx512) needs='%zmm' forbids='' ;;
    shani) needs='sha256rnds2' forbids="$any_vex" ;;
    neon) needs='v[0-9]+\.4s' forbids='[[:space:]]sha256' ;;
    armv8) needs='sha256h2' forbids='' ;;
    *) return 1 ;;
  esac
}

check_object() {
  local object=$1 isa=$2 assembly name type external='' needs forbids
  while read -r name type _; do
    case $type in
      T) external+=$name$'\n' ;;
      U) [[ $name =~ ^($allowed_calls)$ ]] || fault "$object" "calls $(c++filt "$name")" ;;
      [abdnrtN]) ;; # the object's own
      *) fault "$object" "weak, unique, common or exported symbol (nm: $type) $(c++filt "$name")" ;;
    esac
  done < <(nm --format=posix "$object")
  external=$(c++filt <<<"${external%$'\n'}")
  [[ $external == "ebb::core::scan_$isa("*")" && $external != *$'\n'* ]] ||
    fault "$object" "must define ebb::core::scan_$isa and nothing else, defines: ${external//$'\n'/, }"
  if "$objdump" -h "$object" | grep -Eq '\.(init_array|ctors|preinit_array)'; then
    fault "$object" "runs code before main()"
  fi

  rules_for "$isa" || { fault "$object" "no rule for instruction set '$isa' in check_isa_objects.sh" && return; }
  assembly=$("$objdump" -d --no-show-raw-insn "$object")
  [[ -z $needs ]] || grep -Eq -- "$needs" <<<"$assembly" || fault "$object" "has no ${needs#%} in it"
  [[ -z $forbids ]] || ! grep -Em 1 -- "$forbids" <<<"$assembly" >&2 ||
    fault "$object" "has the instruction above, which is not $isa"
}

mapfile -t objects < <(find "$1" -name 'scan_*.cpp.o' | sort)
objdump=objdump
case $(readelf -h ${objects[0]+"${objects[0]}"}) in
  *X86-64*) expected=(scalar sse2 avx2 avx512 shani) ;;
  *AArch64*)
    expected=(scalar neon armv8)
    [[ $(uname -m) == aarch64 ]] || objdump=aarch64-linux-gnu-objdump
    ;;
  *) expected=(scalar) ;;
esac
for isa in "${expected[@]}"; do
  [[ " ${objects[*]}" == *"/scan_$isa.cpp.o"* ]] || fault "$1" "no object scan_$isa.cpp.o"
done
for object in ${objects[@]+"${objects[@]}"}; do
  isa=${object##*/scan_}
  check_object "$object" "${isa%.cpp.o}"
done
((faults == 0)) || exit 1
echo "check_isa_objects: ${#objects[@]} kernels, no fault"
