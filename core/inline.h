#pragma once
// How kernels tell the compiler what to inline and which loops to leave alone.

#ifdef __CUDACC__
#define EBB_INLINE __host__ __device__ __forceinline__
#else
#define EBB_INLINE inline __attribute__((always_inline))
#endif

/// Before a loop: do not unroll it.
#if defined(__CUDACC__)
#define EBB_KEEP_LOOP _Pragma("unroll 1")
#elif defined(__clang__)
#define EBB_KEEP_LOOP _Pragma("nounroll")
#else
#define EBB_KEEP_LOOP _Pragma("GCC unroll 1")
#endif
