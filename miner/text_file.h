#pragma once
// Small files, whole.

#include <cstddef>
#include <filesystem>
#include <string>
#include <tl/expected.hpp>

namespace ebb::miner {

/// The error is one line that names the file: it cannot be read, or has more than `most` bytes.
tl::expected<std::string, std::string> read_file(const std::filesystem::path& file,
                                                 std::size_t most);

}  // namespace ebb::miner
