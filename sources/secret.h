#pragma once
// Passwords, tokens and keys of sources.

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::throttle {
class TableReader;
}

namespace ebb::sources {

/// Where a secret is: in a file of its own or in an environment variable, never in the
/// configuration.
struct SecretPlace {
  std::filesystem::path file;
  std::string variable;
  bool empty() const { return file.empty() && variable.empty(); }
};

/// Of the keys `<name>_file` and `<name>_env`; nothing when neither is there, a fault when both
/// are.
SecretPlace read_secret_place(throttle::TableReader& table, std::string_view name,
                              const std::filesystem::path& folder);

/// Up to 64 KiB, without the newline at its end. The error names the place, never the secret.
tl::expected<std::string, std::string> load_secret(const SecretPlace& place);

}  // namespace ebb::sources
