#include "miner/text_file.h"

#include <fstream>

namespace ebb::miner {

tl::expected<std::string, std::string> read_file(const std::filesystem::path& file,
                                                 std::size_t most) {
  std::ifstream in(file, std::ios::binary);
  std::string text(most + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return tl::unexpected(file.string() + ": cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > most) {
    return tl::unexpected(file.string() + ": is larger than " + std::to_string(most) + " bytes");
  }
  return text;
}

}  // namespace ebb::miner
