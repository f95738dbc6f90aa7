#pragma once
// What the bench's pictures share.

#include <string>

namespace ebb::bench {

/// The opening tag and the styles: text, grid, whisker, paper and the colours c0 to c5 and
/// reference; they follow the reader's light or dark scheme. In pixels.
std::string svg_begin(double width, double height, const std::string& label);

/// `anchor`: start, middle or end.
std::string svg_text(double x, double y, const char* anchor, const char* style,
                     const std::string& text);

/// 1, 2 or 5 times a power of ten, so that some five of them reach `most`.
double tick_step(double most);

}  // namespace ebb::bench
