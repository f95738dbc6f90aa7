#pragma once
// A site's meter and a rule as a source.

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "sources/polling_source.h"
#include "sources/site/site_rule.h"

namespace ebb::sources {

/// `meter`: its name in the configuration. The error says when there is no such meter.
tl::expected<std::unique_ptr<Source>, std::string> site_source(std::unique_ptr<SiteRule> rule,
                                                               const std::string& meter,
                                                               const Context& context);

}  // namespace ebb::sources
