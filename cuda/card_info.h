#pragma once
// What a card is.

#include <string>

namespace ebb::cuda {

struct CardInfo {
  std::string name;        ///< "NVIDIA H100 80GB HBM3"
  std::string pci_bus_id;  ///< "0000:3b:00.0"; the order of cards differs between libraries
  int capability = 0;      ///< 90 for 9.0
  unsigned multiprocessors = 0;
  int driver = 0;  ///< CUDA version of the driver, 13000 for 13.0
};

}  // namespace ebb::cuda
