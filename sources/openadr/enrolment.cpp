#include "sources/openadr/enrolment.h"

#include <algorithm>

#include "sources/openadr/openadr_json.h"
#include "sources/openadr/openadr_objects.h"

namespace ebb::sources::openadr {
namespace {

namespace json = boost::json;

constexpr long kConflict = 409;

Refusal refused(std::string_view what, Refusal refusal) {
  refusal.text = std::string(what) + ": " + refusal.text;
  return refusal;
}

json::array attributes(std::optional<double> full_watts) {
  json::array result{{{"type", "DESCRIPTION"}, {"values", {"Bitcoin miner (ebb)"}}}};
  if (full_watts) {
    result.push_back({{"type", "MAX_POWER_CONSUMPTION"}, {"values", {*full_watts / 1000}}});
  }
  return result;
}

}  // namespace

tl::expected<std::string, Refusal> Enrolment::ven(VtnClient& client,
                                                  const std::stop_token& stop) const {
  const json::object body{{"objectType", identity_.before_31 ? "VEN" : "VEN_VEN_REQUEST"},
                          {"venName", identity_.ven}};
  const auto made = client.send("POST", "/vens", json::serialize(body), stop);
  if (made) {
    const auto answer = parse_json(made->body);
    const auto* object = answer ? answer->if_object() : nullptr;
    const std::string id = object == nullptr ? "" : string_member(*object, "id");
    if (!id.empty()) return id;
  } else if (made.error().status != kConflict) {
    return tl::unexpected(made.error());
  }
  const auto found = client.get("/vens?venName=" + url_encoded(identity_.ven), stop);
  if (!found) return tl::unexpected(found.error());
  const auto vens = parse_named(found->body, "venName");
  if (!vens) return tl::unexpected(Refusal{vens.error(), 0, {}});
  const auto ours = std::find_if(vens->begin(), vens->end(),
                                 [&](const Named& it) { return it.name == identity_.ven; });
  if (ours != vens->end() && !ours->id.empty()) return ours->id;
  return tl::unexpected(Refusal{"the name is another's", 0, {}});
}

tl::expected<void, Refusal> Enrolment::enrol(VtnClient& client, std::optional<double> full_watts,
                                             const std::stop_token& stop) {
  if (ven_id_.empty()) {
    auto id = ven(client, stop);
    if (!id) return tl::unexpected(refused("VEN '" + identity_.ven + "'", id.error()));
    ven_id_ = *std::move(id);
  }
  if (resource_there_) return {};
  json::object body{{"objectType", identity_.before_31 ? "RESOURCE" : "VEN_RESOURCE_REQUEST"},
                    {"resourceName", identity_.resource},
                    {"attributes", attributes(full_watts)}};
  if (!identity_.before_31) body["venID"] = ven_id_;
  const std::string path =
      identity_.before_31 ? "/vens/" + url_encoded(ven_id_) + "/resources" : "/resources";
  const auto made = client.send("POST", path, json::serialize(body), stop);
  if (!made && made.error().status != kConflict) {
    return tl::unexpected(refused("resource '" + identity_.resource + "'", made.error()));
  }
  resource_there_ = true;
  return {};
}

}  // namespace ebb::sources::openadr
