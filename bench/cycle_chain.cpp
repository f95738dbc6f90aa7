#include "bench/cycle_chain.h"

namespace ebb::bench {
namespace {

constexpr std::uint64_t kUnrolled = 64;

std::uint64_t blocks_of(std::uint64_t additions) {
  return (additions + kUnrolled - 1) / kUnrolled;
}

// Written in assembly, so that this object needs no flags of any instruction set and holds none of
// its code elsewhere. Register to register: Golden Cove adds constants without spending a cycle.
#if defined(__x86_64__)
#define EBB_4_TIMES(x) x x x x
#define EBB_64_TIMES(x) EBB_4_TIMES(EBB_4_TIMES(EBB_4_TIMES(x)))
#define EBB_CHAIN(addition) "1:\n\t" EBB_64_TIMES(addition "\n\t") "dec %[blocks]\n\tjnz 1b"

void chain_plain(std::uint64_t additions) noexcept {
  std::uint64_t blocks = blocks_of(additions), sum = 0;
  __asm__ volatile(EBB_CHAIN("add %[one], %[sum]")
                   : [blocks] "+r"(blocks), [sum] "+r"(sum)
                   : [one] "r"(std::uint64_t{1})
                   : "cc");
}

void chain_xmm(std::uint64_t additions) noexcept {
  std::uint64_t blocks = blocks_of(additions);
  __asm__ volatile(EBB_CHAIN("paddd %%xmm1, %%xmm0") : [blocks] "+r"(blocks)::"xmm0", "xmm1", "cc");
}

void chain_ymm(std::uint64_t additions) noexcept {
  std::uint64_t blocks = blocks_of(additions);
  __asm__ volatile(EBB_CHAIN("vpaddd %%ymm1, %%ymm0, %%ymm0") "\n\tvzeroupper"
                   : [blocks] "+r"(blocks)::"xmm0", "xmm1", "cc");
}

void chain_zmm(std::uint64_t additions) noexcept {
  std::uint64_t blocks = blocks_of(additions);
  __asm__ volatile(EBB_CHAIN("vpaddd %%zmm1, %%zmm0, %%zmm0") "\n\tvzeroupper"
                   : [blocks] "+r"(blocks)::"xmm0", "xmm1", "cc");
}
#else
void chain_plain(std::uint64_t additions) noexcept {
  std::uint64_t sum = 0, one = 1;
  for (std::uint64_t block = blocks_of(additions); block > 0; --block) {
#pragma GCC unroll 64
    for (std::uint64_t i = 0; i < kUnrolled; ++i) {
      __asm__ volatile("" : "+r"(one));  // else the compiler would multiply
      sum += one;
      __asm__ volatile("" : "+r"(sum));
    }
  }
}
#endif

}  // namespace

ChainFunction chain_for(std::string_view backend) {
#if defined(__x86_64__)
  if (backend == "avx512") return chain_zmm;
  if (backend == "avx2") return chain_ymm;
  if (backend == "sse2" || backend == "shani") return chain_xmm;
#endif
  static_cast<void>(backend);
  return chain_plain;
}

}  // namespace ebb::bench
