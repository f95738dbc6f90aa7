#include "sources/contact/contact_poll.h"

#include <algorithm>
#include <utility>

namespace ebb::sources {
namespace {

constexpr std::chrono::milliseconds kRepeat{500}, kMostRetry{5000};

}  // namespace

ContactPoll::ContactPoll(std::unique_ptr<ContactLines> lines, ContactSettings settings,
                         std::chrono::milliseconds debounce, std::chrono::milliseconds poll,
                         std::function<throttle::SteadyTime()> clock)
    : lines_(std::move(lines)),
      settings_(std::move(settings)),
      debounce_(debounce),
      poll_(poll),
      clock_(std::move(clock)) {}

Answer ContactPoll::ask(const throttle::Now& asked, const std::stop_token& stop) {
  Answer answer;
  answer.health.where = lines_->where();
  const std::chrono::milliseconds left = debounce_.left(clock_());
  const bool told = lines_->wait(left.count() > 0 ? left : kRepeat);
  const auto level = lines_->read(stop);
  if (!level) {
    debounce_.forget();
    retry_ = std::clamp(2 * retry_, poll_, kMostRetry);
    answer.again = retry_;
    answer.health.trouble = level.error() + "; it is asked again";
    return answer;
  }
  retry_ = std::chrono::milliseconds(0);
  answer.health.connected = true;
  const throttle::SteadyTime now = clock_();
  if (const auto believed = debounce_.see(now, *level)) {
    throttle::Signal signal = contact_signal(settings_, *believed);
    since_.stamp(signal, asked.wall);
    answer.health.last = signal.reason;
    answer.updates.emplace_back(SaidAll{{signal}});
  } else if (debounce_.restless(now)) {
    answer.health.trouble = "the contact does not come to rest";
  }
  const std::chrono::milliseconds yet = debounce_.left(now);
  if (!told) answer.again = yet.count() > 0 ? std::min(yet, poll_) : poll_;
  return answer;
}

}  // namespace ebb::sources
