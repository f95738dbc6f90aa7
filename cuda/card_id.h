#pragma once
// What names a card to CUDA and to NVML.

#include <string>

namespace ebb::cuda {

struct CardId {
  std::string device;      ///< "cuda:0", as the CUDA runtime counts; NVML counts differently
  std::string name;        ///< "NVIDIA H100 80GB HBM3"
  std::string pci_bus_id;  ///< "0000:3b:00.0": what both agree on
};

}  // namespace ebb::cuda
