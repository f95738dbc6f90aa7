# What every target of ours is compiled with; third-party headers come in as SYSTEM.
add_library(ebb_options INTERFACE)
target_include_directories(ebb_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ebb_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor)
if(EBB_WERROR)
  target_compile_options(ebb_options INTERFACE -Werror)
endif()
if(EBB_SANITIZE)
  target_compile_options(ebb_options INTERFACE
    -fsanitize=${EBB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(ebb_options INTERFACE -fsanitize=${EBB_SANITIZE})
endif()

# ebb_library(name SOURCES ... PUBLIC deps ... PRIVATE deps ...): one folder, one static library.
# A folder sees what its own targets link and nothing else.
function(ebb_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ebb_options ${ARG_PRIVATE})
endfunction()
