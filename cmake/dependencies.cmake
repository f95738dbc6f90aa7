find_package(Threads REQUIRED)
if(EBB_CORE_ONLY)
  return()
endif()
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(CLI11 2.1 REQUIRED)
find_package(spdlog 1.9 REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS SSL Crypto)

# libexpected-dev ships a header and no CMake package.
find_path(TL_EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)
add_library(tl_expected INTERFACE)
target_include_directories(tl_expected SYSTEM INTERFACE ${TL_EXPECTED_INCLUDE_DIR})

# Asio is header-only; it needs threads.
add_library(ebb_asio INTERFACE)
target_link_libraries(ebb_asio INTERFACE Boost::headers Threads::Threads)
# Asio 1.24's default on Linux is epoll; the separate type-erased executor headers are not used.
target_compile_definitions(ebb_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)
# GCC 12 takes the operator delete of a coroutine's frame for one that does not match its operator new.
target_compile_options(ebb_asio INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-mismatched-new-delete>)

# libhwloc-dev ships no CMake package either.
find_path(HWLOC_INCLUDE_DIR hwloc.h REQUIRED)
find_library(HWLOC_LIBRARY hwloc REQUIRED)
add_library(hwloc INTERFACE)
target_include_directories(hwloc SYSTEM INTERFACE ${HWLOC_INCLUDE_DIR})
target_link_libraries(hwloc INTERFACE ${HWLOC_LIBRARY})

find_package(SQLite3 3.37 REQUIRED)
find_package(date REQUIRED)  # Howard Hinnant's: C++20's time zones, which the compilers do not have yet

# Neither ships a CMake package on every distribution.
find_path(ICAL_INCLUDE_DIR libical/ical.h REQUIRED)
find_library(ICAL_LIBRARY ical REQUIRED)
add_library(ical INTERFACE)
target_include_directories(ical SYSTEM INTERFACE ${ICAL_INCLUDE_DIR})
target_link_libraries(ical INTERFACE ${ICAL_LIBRARY})
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)
add_library(tomlplusplus STATIC ${CMAKE_CURRENT_LIST_DIR}/tomlplusplus.cpp)
target_include_directories(tomlplusplus SYSTEM PUBLIC ${TOMLPLUSPLUS_INCLUDE_DIR})
# Parse errors are values; nothing here writes TOML.
target_compile_definitions(tomlplusplus PUBLIC
  TOML_HEADER_ONLY=0 TOML_EXCEPTIONS=0 TOML_ENABLE_FORMATTERS=0)

# What sources speak with. None of these ships a CMake package either.
function(ebb_package name header library)
  string(TOUPPER ${name} upper)
  find_path(${upper}_INCLUDE_DIR ${header} REQUIRED)
  find_library(${upper}_LIBRARY ${library} REQUIRED)
  add_library(${name} INTERFACE)
  target_include_directories(${name} SYSTEM INTERFACE ${${upper}_INCLUDE_DIR})
  target_link_libraries(${name} INTERFACE ${${upper}_LIBRARY})
endfunction()
ebb_package(mosquitto mosquitto.h mosquitto)
ebb_package(modbus modbus/modbus.h modbus)
ebb_package(gpiod gpiod.h gpiod)
ebb_package(pugixml pugixml.hpp pugixml)
ebb_package(psl libpsl.h psl)  # whose names are one owner's
