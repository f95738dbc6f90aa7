#pragma once
// The make-believe chain as a template source.

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "stratum/node/template_source.h"
#include "stratum/server/demo_chain.h"

namespace ebb::stratum::server {

/// Runs on real time. Blocks on the tip are accepted, others are "stale-prevblk".
std::unique_ptr<node::TemplateSource> make_demo_templates(boost::asio::any_io_executor executor,
                                                          DemoConfig config);

}  // namespace ebb::stratum::server
