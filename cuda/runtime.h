#pragma once
// The CUDA runtime as the host code uses it: one function a call, so that tests can put a card of
// their own in its place, and builds without CUDA need nothing of NVIDIA's.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "cuda/card_info.h"
#include "cuda/scan_params.h"
#include "cuda/variant.h"

namespace ebb::cuda {

/// What a call answers: a cudaError_t's value.
enum class Status : int { ok = 0, not_ready = 600 };

class Stream;  ///< cudaStream_t
class Event;   ///< cudaEvent_t

/// Calls act on the thread's current card and return at once unless said otherwise. Device memory
/// is named by its address, which the host must not follow. Errors of launches show up in later
/// calls too; most stay until reset_card().
class Runtime {
 public:
  virtual ~Runtime() = default;

  /// "out of memory"
  virtual std::string describe(Status status) const = 0;

  virtual Status count_cards(int& count) = 0;
  /// Needs no context.
  virtual Status card_info(int ordinal, CardInfo& info) = 0;

  /// Sets the thread's current card. The card's context comes with the first call that needs it.
  virtual Status use_card(int ordinal) = 0;
  /// Makes the card current and destroys its context with all that was made in it. Blocks.
  virtual Status reset_card(int ordinal) = 0;

  virtual Status make_stream(Stream*& stream) = 0;
  virtual Status make_event(Event*& event) = 0;
  /// Device memory, `bytes` of it. Blocks.
  virtual Status allocate(void*& memory, std::size_t bytes) = 0;
  /// Host memory that copies can use without waiting. Blocks.
  virtual Status allocate_host(void*& memory, std::size_t bytes) = 0;

  /// Makes a kernel ready to be launched like this; how many blocks fill one multiprocessor. An
  /// error for a variant that was not built for this card, or one that asks too much of it.
  virtual Status load_kernel(const Tuning& tuning, unsigned& blocks_a_multiprocessor) = 0;
  /// `params` is copied. Needs a loaded kernel.
  virtual Status launch(const Tuning& tuning, unsigned blocks, const ScanParams& params,
                        Stream* stream) = 0;

  /// Host memory must come from allocate_host() and stay as it is until the copy has happened.
  virtual Status copy_to_card(void* card, const void* host, std::size_t bytes, Stream* stream) = 0;
  virtual Status copy_to_host(void* host, const void* card, std::size_t bytes, Stream* stream) = 0;

  virtual Status record(Event* event, Stream* stream) = 0;
  /// What is queued on `stream` afterwards waits for `event`.
  virtual Status wait_for(Event* event, Stream* stream) = 0;
  /// not_ready until the work before the event's record() is done.
  virtual Status query(Event* event) = 0;
  /// Between two events that have happened.
  virtual Status elapsed_ms(Event* from, Event* to, float& milliseconds) = 0;
};

/// NVIDIA's. In a build without CUDA null, and `reason` says so.
std::unique_ptr<Runtime> make_runtime(std::string& reason);

}  // namespace ebb::cuda
