#pragma once
// Notifications of a VTN by HTTP. They are hints: the next reading tells what holds.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "sources/openadr/ven_poll.h"
#include "sources/web.h"

namespace ebb::sources::openadr {

/// Answers the VTN's calls: an echo, without any proof of who asks, and notifications that carry
/// the token that the VTN was given. `hint` is called for each of those.
WebAnswer answer_callback(const WebRequest& request, const std::string& token,
                          const std::function<void()>& hint);

/// 128 bits nobody can guess, in hexadecimal.
std::string random_token();

/// Keeps a subscription at the VTN; with 3.0.1 one for each program.
class SubscriptionChore final : public Chore {
 public:
  SubscriptionChore(std::string callback_url, std::string token);
  tl::expected<void, Refusal> run(const View& view, const std::stop_token& stop) override;

 private:
  tl::expected<void, Refusal> look(const View& view, const std::stop_token& stop);
  tl::expected<void, Refusal> subscribe(const View& view, const std::string& program,
                                        const std::stop_token& stop);

  std::string callback_url_, token_;
  std::map<std::string, std::string> ours_;  ///< ids of subscriptions by program; "": of all
  std::optional<throttle::SteadyTime> again_at_;
  unsigned failures_ = 0;  ///< in a row
};

}  // namespace ebb::sources::openadr
