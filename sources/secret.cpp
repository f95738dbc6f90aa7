#include "sources/secret.h"

#include <cstdlib>
#include <fstream>

#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

constexpr std::size_t kMaxSecret = std::size_t{64} << 10;  // a certificate's key fits

}  // namespace

SecretPlace read_secret_place(throttle::TableReader& table, std::string_view name,
                              const std::filesystem::path& folder) {
  SecretPlace place;
  const std::string file_key = std::string(name) + "_file";
  const std::string variable_key = std::string(name) + "_env";
  place.file = table.file(file_key, folder).value_or("");
  if (const auto variable = table.string(variable_key)) {
    if (variable->empty() ||
        variable->find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      table.fail(variable_key, "must name an environment variable");
    }
    if (!place.file.empty()) table.fail(variable_key, "there is a file already");
    place.variable = *variable;
  }
  return place;
}

tl::expected<std::string, std::string> load_secret(const SecretPlace& place) {
  std::string secret;
  if (!place.variable.empty()) {
    const char* value = std::getenv(place.variable.c_str());
    if (value == nullptr)
      return tl::unexpected("there is no environment variable " + place.variable);
    secret = value;
  } else {
    std::ifstream in(place.file, std::ios::binary);
    secret.resize(kMaxSecret + 1);
    in.read(secret.data(), static_cast<std::streamsize>(secret.size()));
    if (!in.is_open() || in.bad()) return tl::unexpected(place.file.string() + ": cannot be read");
    secret.resize(static_cast<std::size_t>(in.gcount()));
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
  }
  const std::string where = place.variable.empty() ? place.file.string() : place.variable;
  if (secret.empty()) return tl::unexpected(where + ": is empty");
  if (secret.size() > kMaxSecret) return tl::unexpected(where + ": is larger than a secret is");
  return secret;
}

}  // namespace ebb::sources
