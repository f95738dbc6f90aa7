#pragma once
// Bitcoin's wire encoding, as far as a coinbase and a block need it.

#include <cstdint>

#include "core/bytes.h"

namespace ebb::stratum::node {

void append(core::Bytes& out, core::ByteView bytes);
void append_le32(core::Bytes& out, std::uint32_t value);
void append_le64(core::Bytes& out, std::uint64_t value);

/// A count of 1, 3, 5 or 9 bytes ("CompactSize").
void append_compact_size(core::Bytes& out, std::uint64_t value);

}  // namespace ebb::stratum::node
