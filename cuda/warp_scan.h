#pragma once
// How a warp scans: the kernels' source, for nvcc and, with all lanes of a warp in turn, for the
// C++ compiler. `Warp` stands for the 32 lanes:
//
//   kLanesHere      lanes that this thread speaks for: 1 on a GPU, 32 in an emulation
//   lane(i)         the number of its i-th lane
//   take(params)    the next batch of the scan, the same for all lanes; kNoBatch when there is none
//                   or the scan was called off
//   leads()         kMaxMidstates versions' leads, in memory that all lanes share
//   rows()          kMaxRows rows of such memory, this warp's own
//   sync()          what a lane wrote to the rows is seen by the others
//   report(params, nonce, version)

#include "cuda/form.h"
#include "cuda/scan_params.h"

namespace ebb::cuda {

inline constexpr std::uint32_t kNoBatch = 0xffffffff;

/// Words 16..63 of a nonce's schedule, round constants added. The padding spreads the rows over the
/// banks of shared memory: eight lanes that read 16 bytes each of different rows never collide.
struct alignas(16) Row {
  static constexpr int kFirst = 16, kWords = 48;
  struct alignas(16) Quad {
    std::uint32_t words[4];
  };
  Quad quads[kWords / 4 + 1];
};
inline constexpr std::uint32_t kMaxRows = kWarpLanes;

/// What a version brings. In shared memory: in registers it would take 18 of the 64 that a lane has
/// when the multiprocessor is full. Spread over the banks like rows.
struct alignas(16) VersionLead {
  core::Lead<std::uint32_t> lead;
};

namespace {

/// Hash 1 from round 8 on, and hash 2: its last digest word.
template <class Isa, class Word = typename Isa::Word>
EBB_INLINE std::uint32_t finish_trial(core::Working<Word> s, const core::Lead<Word>& lead,
                                      const core::Schedule<Word>& block) {
  core::rounds<Isa, 8, 64>(s, block);
  Word digest[8];
  core::end_hash1(s, lead, digest);

  const core::ConstantsInCode<Word> constants;
  core::Schedule<Word> message;
  core::fill_padding_words<8>(constants, message);
  core::extend_digest<Isa>(digest, constants, message);
  s = core::begin_hash2(digest[0], constants);
  core::rounds<Isa, 1, 57>(s, message);
  return core::end_hash2<Isa>(s, message).bits;
}

EBB_INLINE std::uint32_t swap_bytes(std::uint32_t x) {
#ifdef __CUDA_ARCH__
  return __byte_perm(x, 0, 0x0123);
#else
  return __builtin_bswap32(x);
#endif
}

template <class Word>
EBB_INLINE core::Lead<Word> load_lead(const core::Lead<std::uint32_t>& from) {
  core::Lead<Word> lead;
  for (int i = 0; i < 8; ++i)
    lead.midstate[i] = from.midstate[i];
  lead.a_base = from.a_base;
  lead.e_base = from.e_base;
  lead.a = from.a;
  lead.b = from.b;
  lead.c = from.c;
  lead.e = from.e;
  lead.f = from.f;
  lead.g_kw4 = from.g_kw4;
  lead.f_kw5 = from.f_kw5;
  lead.e_kw6 = from.e_kw6;
  return lead;
}

/// A lane is a version: 2^version_bits lanes hold a version each and try the same nonce, whose
/// schedule one lane computed for all; with fewer versions than lanes the warp tries several nonces
/// at once. A batch is a power of two up to kMaxRows, and not less than it tries at once.
template <Form form, class Warp>
class VersionScan {
  using Isa = Gpu<form>;
  using Word = typename Isa::Word;

 public:
  EBB_INLINE VersionScan(Warp& warp, const ScanParams& params) : warp_(warp), params_(params) {}

  /// Tries the next batch; false when there is none.
  EBB_INLINE bool step() {
    const std::uint32_t taken = warp_.take(params_);
    if (taken == kNoBatch) return false;
    const std::uint32_t batch_offset = taken * params_.batch;
    for (unsigned i = 0; i < Warp::kLanesHere; ++i) {
      const std::uint32_t lane = warp_.lane(i);
      if (lane < params_.batch) fill_row(batch_offset + lane, warp_.rows()[lane]);
    }
    warp_.sync();
    const std::uint32_t nonces_at_once = kWarpLanes >> params_.version_bits;
    EBB_KEEP_LOOP
    for (std::uint32_t row = 0; row < params_.batch; row += nonces_at_once) {
      for (unsigned i = 0; i < Warp::kLanesHere; ++i)
        try_nonce(i, row + (warp_.lane(i) >> params_.version_bits), batch_offset);
    }
    warp_.sync();
    return true;
  }

 private:
  EBB_INLINE void fill_row(std::uint32_t offset, Row& row) {
    core::Schedule<Word> block;
    core::fill_uniform_words<Row::kFirst>(params_.uniforms, block);
    core::extend_block<Isa>(params_.uniforms, Word(swap_bytes(params_.first + offset)), block);
    const Word* words = block.kw + Row::kFirst;
    for (int q = 0; q < Row::kWords / 4; ++q, words += 4)
      row.quads[q] = {words[0].bits, words[1].bits, words[2].bits, words[3].bits};
  }

  EBB_INLINE void try_nonce(unsigned i, std::uint32_t row_index, std::uint32_t batch_offset) {
    const Row& row = warp_.rows()[row_index];
    core::Schedule<Word> block;
    core::fill_uniform_words<4>(params_.uniforms, block);
    for (int w = 0; w < Row::kWords; ++w)
      block.kw[Row::kFirst + w] = row.quads[w / 4].words[w % 4];
    const std::uint32_t nonce = params_.first + batch_offset + row_index;
    const std::uint32_t version = warp_.lane(i) & ((1u << params_.version_bits) - 1);
    const core::Lead<Word> lead = load_lead<Word>(warp_.leads()[version].lead);
    const auto s = core::begin_hash1<Isa>(lead, Word(swap_bytes(nonce)), block);
    const std::uint32_t last = finish_trial<Isa>(s, lead, block);
    if (swap_bytes(last) <= params_.threshold) warp_.report(params_, nonce, version);
  }

  Warp& warp_;
  const ScanParams& params_;
};

/// A lane is a nonce, for the one version. A batch is a multiple of 32 nonces.
template <Form form, class Warp>
class NonceScan {
  using Isa = Gpu<form>;
  using Word = typename Isa::Word;

 public:
  EBB_INLINE NonceScan(Warp& warp, const ScanParams& params) : warp_(warp), params_(params) {}

  /// Tries the next batch; false when there is none.
  EBB_INLINE bool step() {
    const std::uint32_t taken = warp_.take(params_);
    if (taken == kNoBatch) return false;
    EBB_KEEP_LOOP
    for (std::uint32_t done = 0; done < params_.batch; done += kWarpLanes) {
      for (unsigned i = 0; i < Warp::kLanesHere; ++i)
        try_nonce(taken * params_.batch + done + warp_.lane(i));
    }
    return true;
  }

 private:
  EBB_INLINE void try_nonce(std::uint32_t offset) {
    const std::uint32_t nonce = params_.first + offset;
    const Word w3 = swap_bytes(nonce);
    core::Schedule<Word> block;
    core::fill_uniform_words<4>(params_.uniforms, block);
    core::extend_block<Isa>(params_.uniforms, w3, block);
    const core::Lead<Word> lead = load_lead<Word>(params_.leads[0]);
    const auto s = core::begin_hash1<Isa>(lead, w3, block);
    const std::uint32_t last = finish_trial<Isa>(s, lead, block);
    if (swap_bytes(last) <= params_.threshold) warp_.report(params_, nonce, 0);
  }

  Warp& warp_;
  const ScanParams& params_;
};

}  // namespace
}  // namespace ebb::cuda
