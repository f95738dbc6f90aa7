#include "miner/share_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>

#include "core/printable.h"

namespace ebb::miner {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

std::string utc(system_clock::time_point at) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

json::value number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::object facts(system_clock::time_point at, const ShareLog::Pool& pool,
                   const core::Share& share) {
  const core::Job& job = *share.job;
  json::object line{{"time", utc(at)}, {"pool", pool.url}, {"user", pool.user}};
  line["job"] = core::printable(job.id);
  line["extranonce2"] = core::to_hex(share.extranonce2());
  line["ntime"] = core::to_hex(share.header.time);
  line["nonce"] = core::to_hex(share.header.nonce);
  line["version_bits"] = core::to_hex(share.header.version ^ job.version);
  line["hash"] = share.hash.to_display_hex();
  line["difficulty_asked"] = number(job.share_target.difficulty());
  line["difficulty"] = number(share.difficulty());
  line["block"] = share.solves_block();
  return line;
}

}  // namespace

std::string share_line(system_clock::time_point at, const ShareLog::Pool& pool,
                       const stratum::ShareJudged& judged) {
  json::object line = facts(at, pool, judged.share);
  line["verdict"] = judged.accepted ? "accepted" : "rejected";
  if (!judged.accepted) line["reason"] = stratum::name_of(judged.reason);
  if (!judged.text.empty()) line["text"] = core::printable(judged.text);
  line["latency_ms"] = std::chrono::duration<double, std::milli>(judged.latency).count();
  return json::serialize(line);
}

std::string share_line(system_clock::time_point at, const ShareLog::Pool& pool,
                       const stratum::ShareDropped& dropped) {
  json::object line = facts(at, pool, dropped.share);
  line["verdict"] = "dropped";
  line["reason"] = stratum::name_of(dropped.why);
  return json::serialize(line);
}

tl::expected<std::unique_ptr<ShareLog>, std::string> ShareLog::open(const std::string& file,
                                                                    spdlog::logger& log) {
  // Not blocking: a pipe that nobody reads is an error here and a line left out later.
  const int descriptor =
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
  if (descriptor < 0) {
    return tl::unexpected("cannot write '" + core::printable(file) + "': " + std::strerror(errno));
  }
  return std::make_unique<ShareLog>(descriptor, file, log);
}

ShareLog::ShareLog(int descriptor, std::string file, spdlog::logger& log)
    : descriptor_(descriptor),
      file_(std::move(file)),
      log_(log),
      writer_([this](const std::stop_token& stop) { write_lines(stop); }) {}

ShareLog::~ShareLog() {
  writer_.request_stop();
  writer_.join();
  ::close(descriptor_);
  if (left_out_ > 0) log_.warn("share log {}: {} lines are missing", file_, left_out_);
}

void ShareLog::judged(const stratum::ShareJudged& judged, const Pool& pool) {
  append(share_line(system_clock::now(), pool, judged));
}

void ShareLog::dropped(const stratum::ShareDropped& dropped, const Pool& pool) {
  if (dropped.share.job != nullptr) append(share_line(system_clock::now(), pool, dropped));
}

void ShareLog::append(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back(std::move(line));
    } else {
      ++left_out_;
    }
  }
  wake_.notify_one();
}

void ShareLog::write_lines(const std::stop_token& stop) {
  // A pipe whose reader is gone is an error of write(), not the end of the miner.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, stop, [this] { return !waiting_.empty(); });
    if (waiting_.empty()) return;  // stopped, and all is written
    std::string line = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    write(std::move(line));
    lock.lock();
  }
}

void ShareLog::write(std::string line) {
  if (torn_) line.insert(line.begin(), '\n');
  line += '\n';
  const ssize_t written = ::write(descriptor_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) {
    torn_ = false;
    return;
  }
  const int error = written < 0 ? errno : ENOSPC;
  torn_ = torn_ || written > 0;
  const std::lock_guard lock(mutex_);
  ++left_out_;
  if (std::exchange(told_, true)) return;
  log_.error("share log {}: {}; mining goes on", file_, std::strerror(error));
}

}  // namespace ebb::miner
