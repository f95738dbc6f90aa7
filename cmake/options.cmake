# What every target of ours is compiled with; third-party headers come in as SYSTEM.
add_library(ebb_options INTERFACE)
target_include_directories(ebb_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ebb_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlap in std::string's operator+ where there is none (GCC PR 105329).
  target_compile_options(ebb_options INTERFACE -Wno-restrict)
endif()
if(EBB_WERROR)
  target_compile_options(ebb_options INTERFACE -Werror)
endif()
if(EBB_SANITIZE)
  target_compile_options(ebb_options INTERFACE
    -fsanitize=${EBB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(ebb_options INTERFACE -fsanitize=${EBB_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # Up to clang 16, its data before a function breaks coroutines (llvm/llvm-project#49689).
    target_compile_options(ebb_options INTERFACE -fno-sanitize=function)
  elseif(EBB_SANITIZE MATCHES "thread")
    # GCC says of every fence that TSan does not see it. Asio has some, beside the locks it relies on. And TSan's
    # calls hide from it that an empty std::optional's value is not read.
    target_compile_options(ebb_options INTERFACE -Wno-tsan -Wno-maybe-uninitialized)
  endif()
endif()

# ebb_library(name SOURCES ... PUBLIC deps ... PRIVATE deps ...): one folder, one static library.
# A folder sees what its own targets link and nothing else.
function(ebb_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ebb_options ${ARG_PRIVATE})
endfunction()
