# How every target of the project is built. Functions, so that each room's CMakeLists.txt stays a list of files.

# stepop_library(NAME SOURCES... ): a static, position-independent room.
function(stepop_library name)
  add_library(${name} STATIC ${ARGN})
  stepop_warnings(${name})
endfunction()

function(stepop_executable name)
  add_executable(${name} ${ARGN})
  stepop_warnings(${name})
endfunction()

function(stepop_warnings name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees uninitialised strings in moved std::variants where there are none (its bug 105562 and kin).
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
  endif()
  if(STEPOP_WERROR)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
endfunction()

# stepop_plugin(NAME SOURCES...): a step-operator plugin, lib<NAME>.so.
# One exported symbol, nothing shared with another plugin of the process, and dlclose really unmaps it:
#   -fno-gnu-unique   a unique symbol would pin the library in memory
#   -Bsymbolic        our calls stay in our copy of Boost, OpenSSL and libstdc++
#   --exclude-libs    nothing of a static library is exported
#   --undefined       a weak reference alone does not bring it in from our libstdc++, and would bind to the host's
set(STEPOP_EXPORT_MAP ${CMAKE_SOURCE_DIR}/packaging/cmake/plugin.map)
function(stepop_plugin name)
  add_library(${name} MODULE ${ARGN})
  stepop_warnings(${name})
  set_target_properties(${name} PROPERTIES
    PREFIX lib
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins
    LINK_DEPENDS ${STEPOP_EXPORT_MAP})
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${STEPOP_EXPORT_MAP} -Wl,-Bsymbolic -Wl,--exclude-libs,ALL
    -Wl,--no-undefined -Wl,--gc-sections -Wl,-z,relro,-z,now)
  if(NOT STEPOP_SHARED_DEPS AND NOT STEPOP_SANITIZE)
    target_link_options(${name} PRIVATE -static-libgcc -static-libstdc++ -Wl,--undefined=__cxa_pure_virtual)
  endif()
  if(STEPOP_SANITIZE)
    # A sanitizer's runtime is resolved in the host.
    target_link_options(${name} PRIVATE -Wl,-z,undefs)
  endif()
endfunction()

# stepop_test(NAME SOURCES...): a GoogleTest executable that ctest and tests/run both know.
function(stepop_test name)
  stepop_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# Applies to every directory below: a GNU_UNIQUE symbol anywhere in a plugin pins it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
endif()
add_compile_options(-ffunction-sections -fdata-sections)
