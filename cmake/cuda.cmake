# Sets EBB_HAVE_CUDA and enables the CUDA language, as EBB_CUDA asks.
set(EBB_HAVE_CUDA OFF)
if(NOT EBB_CUDA)
  return()
endif()

# Global: the programs of other folders link the runtime through ebb_cuda.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(CUDAToolkit 12.4 QUIET)  # __maxnreg__
unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
set(problem "no CUDA toolkit 12.4 or newer found")

if(TARGET CUDA::cudart_static AND CUDAToolkit_NVCC_EXECUTABLE)
  # Machine code for each generation that this nvcc knows; cuda/CMakeLists.txt adds PTX for later ones.
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    execute_process(COMMAND ${CUDAToolkit_NVCC_EXECUTABLE} --list-gpu-arch OUTPUT_VARIABLE known)
    foreach(arch 75 80 86 89 90 100 120)
      if(known MATCHES "compute_${arch}\n")
        list(APPEND architectures ${arch})
      endif()
    endforeach()
    set(CMAKE_CUDA_ARCHITECTURES ${architectures} CACHE STRING "GPUs to build for")
  endif()

  # The check runs in a project of its own, which takes all this from the environment.
  find_program(EBB_CUDA_HOST_COMPILER g++ DOC "Host compiler of nvcc")
  set(ENV{CUDACXX} ${CUDAToolkit_NVCC_EXECUTABLE})
  set(ENV{CUDAHOSTCXX} ${EBB_CUDA_HOST_COMPILER})
  set(ENV{CUDAARCHS} "${CMAKE_CUDA_ARCHITECTURES}")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # unknown to CMake 3.25.1
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    endif()
    set(EBB_HAVE_CUDA ON)
  else()
    set(problem "nvcc ${CUDAToolkit_VERSION} does not work with ${EBB_CUDA_HOST_COMPILER}")
  endif()
endif()

if(EBB_HAVE_CUDA)
  list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
  message(STATUS "CUDA devices: toolkit ${CUDAToolkit_VERSION}, ${architectures}")
elseif(EBB_CUDA STREQUAL "AUTO")
  message(STATUS "CUDA devices: none, ${problem}")
else()
  message(FATAL_ERROR "EBB_CUDA=${EBB_CUDA}, but ${problem}")
endif()
