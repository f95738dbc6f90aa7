#pragma once
// The make-believe chain as a template source.

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "stratum/server/demo_chain.h"
#include "stratum/server/template_source.h"

namespace ebb::stratum::server {

/// Runs on real time. Blocks on the tip are accepted, others are "stale-prevblk".
std::unique_ptr<TemplateSource> make_demo_templates(boost::asio::any_io_executor executor,
                                                    DemoConfig config);

}  // namespace ebb::stratum::server
