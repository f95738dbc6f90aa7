#pragma once
// The VEN as a source: its polling, and the hints that hurry it.

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "sources/http_client.h"
#include "sources/openadr/ven_poll.h"
#include "sources/secret.h"
#include "sources/source.h"

namespace ebb::sources::openadr {

struct OpenAdrSettings {
  VenSettings ven;
  HttpSettings http{.ca_file = {},
                    .verify = true,
                    .allow_clear_text = false,
                    .max_body = std::size_t{4} << 20,
                    .connect_timeout = std::chrono::seconds(3),
                    .timeout = std::chrono::seconds(5)};
  SecretPlace client_secret;
  std::string meter;         ///< its name; empty: none
  std::string callback_url;  ///< under which the VTN reaches this miner; empty: no webhook
  bool reports = true;
  bool mqtt = true;  ///< where the VTN has a broker
};

tl::expected<std::unique_ptr<Source>, std::string> open(OpenAdrSettings settings,
                                                        const throttle::SourceRule& rule,
                                                        const Context& context);

}  // namespace ebb::sources::openadr
