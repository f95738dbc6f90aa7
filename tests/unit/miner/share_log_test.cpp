// The share log: what a line says, and that no disk stops the miner.

#include "miner/share_log.h"

#include <fcntl.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

namespace ebb::miner {

using tests::TemporaryFolder;

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

const std::chrono::system_clock::time_point kAt{1'700'000'000'123ms};
const ShareLog::Pool kPool{"stratum+tls://pool.example:3333", "bc1q.rig1"};

core::Share some_share() {
  auto job = std::make_shared<core::Job>();
  job->id = "6b02ccb8";
  job->version = 0x20000000;
  job->extranonce2_size = 4;
  job->share_target = *core::Target::from_difficulty(512);
  job->network_target = *core::Target::from_difficulty(1e9);
  core::Share share;
  share.job = std::move(job);
  share.extranonce2_bytes = {0xa1, 0xb2, 0xc3, 0xd4};
  share.header.version = 0x2000e000;
  share.header.time = 0x5f5e1001;
  share.header.nonce = 0xbeef;
  share.hash.bytes.fill(0);
  share.hash.bytes[26] = 0x10;  // difficulty 4095.94
  return share;
}

/// A logger whose words can be read.
struct Words {
  std::ostringstream text;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)};

  std::size_t count(const std::string& what) const {
    std::size_t n = 0;
    const std::string all = text.str();
    for (std::size_t at = 0; (at = all.find(what, at)) != std::string::npos; ++at)
      ++n;
    return n;
  }
};

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("share log: a line of an accepted share") {
  const stratum::ShareJudged judged{some_share(), true, stratum::RejectReason::other, "", 45ms};
  const json::object line = json::parse(share_line(kAt, kPool, judged)).as_object();
  CHECK(line.at("time") == "2023-11-14T22:13:20.123Z");
  CHECK(line.at("pool") == "stratum+tls://pool.example:3333");
  CHECK(line.at("user") == "bc1q.rig1");
  CHECK(line.at("job") == "6b02ccb8");
  CHECK(line.at("extranonce2") == "a1b2c3d4");
  CHECK(line.at("ntime") == "5f5e1001");
  CHECK(line.at("nonce") == "0000beef");
  CHECK(line.at("version_bits") == "0000e000");
  CHECK(line.at("hash") == "0000000000100000000000000000000000000000000000000000000000000000");
  CHECK(line.at("difficulty_asked").to_number<double>() == Approx(512));
  CHECK(line.at("difficulty").to_number<double>() == Approx(4095.9375));
  CHECK(line.at("block") == false);
  CHECK(line.at("verdict") == "accepted");
  CHECK_FALSE(line.contains("reason"));
  CHECK_FALSE(line.contains("text"));
  CHECK(line.at("latency_ms").to_number<double>() == Approx(45));
}

TEST_CASE("share log: a line of a rejected and of a dropped share") {
  stratum::ShareJudged judged{some_share(), false, stratum::RejectReason::low_difficulty, "", 1ms};
  judged.text = "Above\x1b[2J target" + std::string(1000, 'x');
  json::object line = json::parse(share_line(kAt, kPool, judged)).as_object();
  CHECK(line.at("verdict") == "rejected");
  CHECK(line.at("reason") == "low-difficulty");
  CHECK(line.at("text").as_string().size() == 200);
  CHECK(line.at("text").as_string().find('\x1b') == json::string::npos);

  line = json::parse(share_line(kAt, kPool,
                                stratum::ShareDropped{stratum::ShareDropped::Why::unanswered,
                                                      some_share()}))
             .as_object();
  CHECK(line.at("verdict") == "dropped");
  CHECK(line.at("reason") == "unanswered");
  CHECK_FALSE(line.contains("latency_ms"));
}

TEST_CASE("share log: a hostile job id stays one line, and is cut") {
  core::Share share = some_share();
  auto job = std::make_shared<core::Job>(*share.job);
  job->id = "a\n\"}" + std::string(250, '\x01');
  share.job = job;
  const std::string line =
      share_line(kAt, kPool, stratum::ShareDropped{stratum::ShareDropped::Why::stale, share});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(json::parse(line).at("job").as_string().size() == 200);
}

TEST_CASE("share log: appends, line by line, to a file of its own rights") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "shares.jsonl";
  std::ofstream(file) << "before\n";
  Words words;
  for (int run = 0; run < 2; ++run) {
    auto log = ShareLog::open(file.string(), words.log);
    REQUIRE(log);
    for (int i = 0; i < 100; ++i)
      (*log)->judged({some_share(), true}, kPool);
    (*log)->dropped({stratum::ShareDropped::Why::stale, {}}, kPool);  // has no job
  }
  const auto lines = lines_of(file);
  REQUIRE(lines.size() == 201);
  CHECK(lines[0] == "before");
  for (std::size_t i = 1; i < lines.size(); ++i)
    CHECK(json::parse(lines[i]).at("verdict") == "accepted");
  CHECK(words.text.str().empty());
}

TEST_CASE("share log: others may not read a new one, and children do not inherit it") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "shares.jsonl";
  Words words;
  const auto log = ShareLog::open(file.string(), words.log);
  REQUIRE(log);
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0007) == 0);
  int found = 0;
  for (const auto& it : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(it.path(), gone) != file) continue;
    const int flags = ::fcntl(std::stoi(it.path().filename().string()), F_GETFD);
    CHECK((flags & FD_CLOEXEC) != 0);
    ++found;
  }
  CHECK(found == 1);
}

TEST_CASE("share log: a full disk is told once, and what is missing is counted") {
  Words words;
  {
    auto log = ShareLog::open("/dev/full", words.log);
    REQUIRE(log);
    for (int i = 0; i < 50; ++i)
      (*log)->judged({some_share(), true}, kPool);
  }
  CHECK(words.count("No space left on device") == 1);
  CHECK(words.count("50 lines are missing") == 1);
}

TEST_CASE("share log: a line that the disk took half of does not spoil the next") {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  REQUIRE(::fcntl(reader, F_SETPIPE_SZ, 4096) == 4096);
  Words words;
  std::size_t good = 0;
  {
    auto log = ShareLog::open(pipe.string(), words.log);
    REQUIRE(log);
    for (int i = 0; i < 200; ++i)  // far more than a pipe of 4 KiB takes
      (*log)->judged({some_share(), true}, kPool);
    std::string text;
    char buffer[4096];
    for (int i = 0; i < 1000 && good < 5; ++i) {
      for (ssize_t n; (n = ::read(reader, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
      (*log)->judged({some_share(), true}, kPool);
      std::this_thread::sleep_for(1ms);
      good = static_cast<std::size_t>(std::count(text.begin(), text.end(), '}'));
    }
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      json::error_code error;
      if (!line.empty() && line.back() == '}') json::parse(line, error);
      CHECK_FALSE(error);
    }
  }
  ::close(reader);
  CHECK(good >= 5);
  CHECK(words.count("mining goes on") == 1);
}

TEST_CASE("share log: a pipe whose reader goes away does not end the miner") {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  Words words;
  auto log = ShareLog::open(pipe.string(), words.log);
  REQUIRE(log);
  ::close(reader);
  (*log)->judged({some_share(), true}, kPool);
  log->reset();
  CHECK(words.count("Broken pipe; mining goes on") == 1);
}

TEST_CASE("share log: what cannot be opened is one line that names it") {
  Words words;
  const TemporaryFolder folder;
  CHECK(ShareLog::open("/no/such/folder/shares", words.log).error() ==
        "cannot write '/no/such/folder/shares': No such file or directory");
  CHECK_FALSE(ShareLog::open(folder.path().string(), words.log));
  const auto pipe = folder.path() / "pipe";  // that nobody reads: not waited for
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_FALSE(ShareLog::open(pipe.string(), words.log));
}

}  // namespace ebb::miner
