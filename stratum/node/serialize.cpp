#include "stratum/node/serialize.h"

namespace ebb::stratum::node {
namespace {

void append_le(core::Bytes& out, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i)
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

void append(core::Bytes& out, core::ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_le32(core::Bytes& out, std::uint32_t value) {
  append_le(out, value, 4);
}

void append_le64(core::Bytes& out, std::uint64_t value) {
  append_le(out, value, 8);
}

void append_compact_size(core::Bytes& out, std::uint64_t value) {
  if (value < 0xfd) {
    append_le(out, value, 1);
  } else if (value <= 0xffff) {
    out.push_back(0xfd);
    append_le(out, value, 2);
  } else if (value <= 0xffffffff) {
    out.push_back(0xfe);
    append_le(out, value, 4);
  } else {
    out.push_back(0xff);
    append_le(out, value, 8);
  }
}

}  // namespace ebb::stratum::node
