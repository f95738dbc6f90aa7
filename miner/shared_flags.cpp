#include "miner/flags.h"
#include "miner/option_values.h"

namespace ebb::miner {

void add_thread_flags(CLI::App& command, ThreadTexts& texts) {
  command.add_option("-t,--threads", texts.threads,
                     "CPU threads (default: one a CPU, within the quota)");
  command.add_option("--cpu-affinity", texts.affinity, "Pin CPU threads to these CPUs: 0,2-3");
  command.add_option("--pin", texts.pin, "Pin CPU threads: on, off, auto (if every CPU has one)");
}

void read_threads(const ThreadTexts& texts, core::ThreadRequest& request) {
  if (!texts.pin.empty()) {
    request.pinning = value_or_usage_error("--pin", parse_pinning(texts.pin));
  }
  if (!texts.affinity.empty()) {
    request.cpus = value_or_usage_error("--cpu-affinity", parse_cpu_list(texts.affinity));
  }
  if (request.pinning == core::Pinning::off && !request.cpus.empty()) {
    throw UsageError{"--cpu-affinity: pins the threads; leave out --pin off"};
  }
  if (!texts.threads.empty()) {
    request.threads =
        value_or_usage_error("--threads", parse_number<unsigned>(texts.threads, 1, kMaxThreads));
  }
}

void add_state_flag(CLI::App& command, std::string& text) {
  command.add_option("--state", text,
                     "Folder of what must be kept (default: $XDG_STATE_HOME/ebb, else "
                     "~/.local/state/ebb)");
}

std::filesystem::path read_state_folder(const std::string& text) {
  if (!text.empty()) return text;
  return value_or_usage_error("--state", default_state_folder());
}

std::string read_backend(const std::string& name) {
  return name.empty() ? name : value_or_usage_error("--backend", check_backend(name));
}

std::string read_devices(const std::string& list) {
  return value_or_usage_error("--devices", check_devices(list));
}

}  // namespace ebb::miner
