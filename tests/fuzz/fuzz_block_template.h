#pragma once
// What the fuzzer of getblocktemplate's answers does with its bytes. The unit tests replay its
// corpus.

#include <string_view>

#include "stratum/node/template_json.h"
#include "tests/fuzz/block_reader.h"

namespace ebb::stratum::node {

/// JSON from a node that means harm: refused with one line, or a template whose block reads back.
inline void fuzz_block_template(std::string_view data) {
  boost::json::error_code error;
  const boost::json::value json = boost::json::parse({data.data(), data.size()}, error);
  if (error) return;
  const TemplateNotes notes = read_template_notes(json);
  must(notes.long_poll_id.size() <= kMaxLongPollId, "longpollid");
  const auto block_template = read_block_template(json);
  if (!block_template) {
    must(block_template.error().starts_with("block template: bad or no "), "error text");
    must(block_template.error().size() < 100, "error text");
    return;
  }
  must(core::Target::from_compact(block_template->bits).has_value(), "bits");
  must(block_template->coinbase_value <= 2'100'000'000'000'000, "coinbasevalue");
  must(same_content(*block_template, *block_template), "the same content");
  for (const TemplateTransaction& transaction : block_template->transactions)
    must(!transaction.raw.empty(), "an empty transaction");
  check_block_of(*block_template, core::Bytes{0x51});
}

}  // namespace ebb::stratum::node
