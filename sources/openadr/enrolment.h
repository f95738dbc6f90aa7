#pragma once
// How a VTN gets to know this miner: as a VEN with one resource.

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "sources/openadr/vtn_client.h"

namespace ebb::sources::openadr {

struct Identity {
  std::string ven, resource;  ///< names
  bool before_31 = false;     ///< the VTN speaks 3.0.1
};

/// What is there already under these names is taken for ours: names are granted out of band. One
/// thread.
class Enrolment {
 public:
  explicit Enrolment(Identity identity) : identity_(std::move(identity)) {}

  /// Does what is missing. The refusal says what is still missing.
  tl::expected<void, Refusal> enrol(VtnClient& client, std::optional<double> full_watts,
                                    const std::stop_token& stop);
  bool done() const { return resource_there_; }
  const std::string& ven_id() const { return ven_id_; }
  const Identity& identity() const { return identity_; }

 private:
  tl::expected<std::string, Refusal> ven(VtnClient& client, const std::stop_token& stop) const;

  Identity identity_;
  std::string ven_id_;
  bool resource_there_ = false;
};

}  // namespace ebb::sources::openadr
