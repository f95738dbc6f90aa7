#include "sources/series/series_poll.h"

#include <algorithm>

#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using throttle::Now;
using throttle::WallTime;

constexpr milliseconds kFirstRetry = 10s;
constexpr milliseconds kLongestWait = 1h;  ///< whatever a server asks for
constexpr milliseconds kShortest = 100ms;
constexpr milliseconds kKnownAhead = 12h;
constexpr milliseconds kLate = 1h;

std::string clock_text(WallTime time) {
  return throttle::utc_text(time).substr(0, 16) + 'Z';  // 2026-02-01T23:00Z
}

void append(std::string& text, const std::string& more) {
  if (more.empty()) return;
  if (!text.empty()) text += "; ";
  text += more;
}

}  // namespace

SeriesPoll::SeriesPoll(SeriesPollSettings settings)
    : settings_(std::move(settings)), series_(settings_.carry) {}

milliseconds SeriesPoll::wait_after(const Texts& texts) {
  if (trouble_.empty()) {
    failures_ = 0;
    return settings_.poll;
  }
  const milliseconds retry = std::min(settings_.poll, kFirstRetry * (1 << std::min(failures_, 20)));
  ++failures_;
  return std::max<milliseconds>(retry, texts.wait.value_or(0s));
}

void SeriesPoll::fetch(const Now& now, const std::stop_token& stop) {
  const Texts texts = settings_.fetch(now.wall, stop);
  trouble_ = texts.trouble;
  connected_ = !texts.texts.empty();
  for (const std::string& text : texts.texts) {
    const auto intervals = settings_.parse(text, now.wall);
    if (intervals) {
      series_.publish(*intervals);
    } else {
      append(trouble_, intervals.error());
    }
  }
  milliseconds wait = wait_after(texts);
  if (settings_.ahead && trouble_.empty() && known_until_ &&
      *known_until_ - now.wall >= kKnownAhead) {
    wait = std::max(wait, kLongestWait);
  }
  next_ = now.steady + std::min(wait, kLongestWait);
  if (!trouble_.empty()) append(trouble_, "asks again");
}

Answer SeriesPoll::ask(const Now& now, const std::stop_token& stop) {
  Answer answer;
  if (!next_ || now.steady >= *next_) fetch(now, stop);
  answer.health.connected = connected_;
  answer.health.where = settings_.where;
  answer.health.trouble = trouble_;
  answer.again = std::min(std::chrono::ceil<milliseconds>(*next_ - now.steady), settings_.speak);
  const auto thresholds = settings_.thresholds(now, stop);
  if (thresholds) {
    add_outlook(now, series_.look(*thresholds, settings_.wording, now.wall), answer);
  } else {
    append(answer.health.trouble, thresholds.error());
  }
  answer.again = std::max(answer.again, kShortest);
  return answer;
}

void SeriesPoll::add_outlook(const Now& now, const Outlook& outlook, Answer& answer) {
  known_until_ = outlook.known_until;
  std::vector<throttle::Signal> caps = outlook.caps;
  for (throttle::Signal& cap : caps)
    cap.signal_class = settings_.signal_class;
  Health& health = answer.health;
  if (outlook.now) {
    health.last = settings_.wording.noun + ' ' + number_text(outlook.now->value) + ' ' +
                  settings_.wording.unit;
    if (outlook.now->until != kOpenEnd) {
      health.last += " until " + clock_text(outlook.now->until);
      answer.again = std::min(answer.again, outlook.now->until - now.wall);
    }
    if (settings_.ahead && *outlook.known_until < now.wall + kLate) {
      append(health.trouble,
             "the " + settings_.wording.noun + " of the next hour is not known yet");
    }
  } else {
    append(health.trouble, "the " + settings_.wording.noun + " of now is not known: no cap");
  }
  // What has ended is no news: it would count as heard.
  std::erase_if(said_, [&](const throttle::Signal& cap) {
    return cap.valid_until && *cap.valid_until <= now.wall;
  });
  if (outlook.now || said_ != caps) answer.updates.emplace_back(SaidAll{caps});
  said_ = std::move(caps);
}

}  // namespace ebb::sources
