#include "elf_file.hpp"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <fstream>

namespace stepop::host::detail {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);

// What this code was built for is what can be loaded beside it.
constexpr unsigned char our_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
#if defined(__x86_64__)
constexpr unsigned our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned our_machine = EM_AARCH64;
#else
constexpr unsigned our_machine = EM_NONE;  // not compared
#endif

template <class T>
bool read_at(std::ifstream& in, std::uint64_t offset, T* out) {
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(reinterpret_cast<char*>(out), sizeof *out);
  return in.gcount() == sizeof *out;
}

}  // namespace

std::string elf_fault(const std::filesystem::path& file) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  unsigned char ident[EI_NIDENT] = {};
  if (error || !in || !read_at(in, 0, &ident) || std::memcmp(ident, ELFMAG, SELFMAG) != 0)
    return "is no shared library";
  Header header{};
  if (ident[EI_CLASS] != our_class) return "is a library for another kind of machine";
  if (!read_at(in, 0, &header)) return "is cut off";
  if (our_machine != EM_NONE && header.e_machine != our_machine) return "is a library for another kind of machine";
  if (header.e_type != ET_DYN) return "is no shared library";
  if (header.e_phentsize != sizeof(Segment)) return "is no shared library";
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Segment segment{};
    if (!read_at(in, header.e_phoff + i * sizeof segment, &segment)) return "is cut off";
    if (segment.p_type == PT_LOAD && (segment.p_offset > size || segment.p_filesz > size - segment.p_offset))
      return "is cut off";
  }
  return "";
}

}  // namespace stepop::host::detail
