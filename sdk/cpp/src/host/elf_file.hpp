#pragma once

#include <filesystem>
#include <string>

namespace stepop::host::detail {

// What keeps a file from being a shared library that this process can load, as a sentence without a subject ("is no shared
// library"); "" when nothing is seen. Looks before the loader does, because a library that was cut off while it was copied
// would end the process with SIGBUS inside dlopen.
std::string elf_fault(const std::filesystem::path& file);

}  // namespace stepop::host::detail
