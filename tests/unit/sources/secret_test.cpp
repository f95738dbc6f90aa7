#include "sources/secret.h"

#include <cstdlib>
#include <fstream>

#include "tests/unit/catch.h"
#include "tests/unit/sources/toml.h"
#include "tests/unit/temporary_folder.h"
#include "throttle/schedule/table_reader.h"

using namespace ebb::sources;
using ebb::tests::toml_table;
using ebb::throttle::TableReader;

namespace {

SecretPlace place(std::string_view text, const std::filesystem::path& folder = "/etc/ebb") {
  const toml::table table = toml_table(text);
  TableReader reader(table);
  const SecretPlace result = read_secret_place(reader, "password", folder);
  const auto finished = reader.finish();
  INFO(text << ": " << (finished ? "" : finished.error()));
  CHECK(finished);
  return result;
}

std::string fault(std::string_view text) {
  const toml::table table = toml_table(text);
  TableReader reader(table);
  read_secret_place(reader, "password", "/etc/ebb");
  return reader.finish() ? "" : reader.finish().error();
}

struct Folder {
  ebb::tests::TemporaryFolder folder;
  SecretPlace with(std::string_view content) const {
    std::ofstream(folder.path() / "secret", std::ios::binary) << content;
    return {folder.path() / "secret", {}};
  }
};

}  // namespace

TEST_CASE("secret: in a file beside the configuration, or in the environment") {
  CHECK(place("password_file = 'mqtt.pass'").file == "/etc/ebb/mqtt.pass");
  CHECK(place("password_file = '/run/secret'").file == "/run/secret");
  CHECK(place("password_env = 'MQTT_PASS'").variable == "MQTT_PASS");
  CHECK(place("").empty());
}

TEST_CASE("secret: places that make no sense") {
  CHECK(fault("password_file = ''") == "line 1:17: password_file: must name a file");
  CHECK(fault("password_env = ''") == "line 1:16: password_env: must name an environment variable");
  CHECK(fault("password_env = 'A=B'") ==
        "line 1:16: password_env: must name an environment variable");
  CHECK(fault("password_file = 'a'\npassword_env = 'B'") ==
        "line 2:16: password_env: there is a file already");
  CHECK(fault("password = 'opensesame'") == "line 1:12: password: unknown key");
}

TEST_CASE("secret: a file's line, without its end") {
  const Folder folder;
  CHECK(load_secret(folder.with("opensesame")) == "opensesame");
  CHECK(load_secret(folder.with("opensesame\n")) == "opensesame");
  CHECK(load_secret(folder.with("opensesame\r\n")) == "opensesame");
  CHECK(load_secret(folder.with(" two\nlines\n\n")) == " two\nlines\n");
  CHECK(load_secret(folder.with(std::string(65536, 'x')))->size() == 65536);
}

TEST_CASE("secret: an error names the place and quotes nothing") {
  const Folder folder;
  const std::string where = (folder.folder.path() / "secret").string();
  CHECK(load_secret({where, {}}).error() == where + ": cannot be read");
  CHECK(load_secret({folder.folder.path(), {}}).error() ==
        folder.folder.path().string() + ": cannot be read");
  CHECK(load_secret(folder.with("")).error() == where + ": is empty");
  CHECK(load_secret(folder.with("\n")).error() == where + ": is empty");
  CHECK(load_secret(folder.with(std::string(65537, 'x'))).error() ==
        where + ": is larger than a secret is");
}

TEST_CASE("secret: of the environment") {
  ::setenv("EBB_TEST_SECRET", "opensesame", 1);
  CHECK(load_secret({{}, "EBB_TEST_SECRET"}) == "opensesame");
  ::setenv("EBB_TEST_SECRET", "", 1);
  CHECK(load_secret({{}, "EBB_TEST_SECRET"}).error() == "EBB_TEST_SECRET: is empty");
  ::unsetenv("EBB_TEST_SECRET");
  CHECK(load_secret({{}, "EBB_TEST_SECRET"}).error() ==
        "there is no environment variable EBB_TEST_SECRET");
}
