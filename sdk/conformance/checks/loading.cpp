// What is there as soon as the library is loaded.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <fstream>

#include "host.hpp"

namespace stepop::conformance {
namespace {

void has_one_symbol(const Subject& subject) {
  const Library library(subject);
  link_map* map = nullptr;
  if (::dlinfo(library.handle(), RTLD_DI_LINKMAP, &map) != 0) broken(std::string("dlinfo: ") + ::dlerror());
  const ElfW(Sym)* symbols = nullptr;
  const char* names = nullptr;
  const std::uint32_t* gnu_hash = nullptr;
  const std::uint32_t* hash = nullptr;
  for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
    const auto* at = reinterpret_cast<const void*>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_SYMTAB) symbols = static_cast<const ElfW(Sym)*>(at);
    if (entry->d_tag == DT_STRTAB) names = static_cast<const char*>(at);
    if (entry->d_tag == DT_GNU_HASH) gnu_hash = static_cast<const std::uint32_t*>(at);
    if (entry->d_tag == DT_HASH) hash = static_cast<const std::uint32_t*>(at);
  }
  expect(symbols != nullptr && names != nullptr && (gnu_hash != nullptr || hash != nullptr), "it has no symbol table");
  std::uint32_t count = 0;
  if (hash != nullptr) {
    count = hash[1];
  } else {
    // Header, bloom filter, buckets, chains: the last symbol is at the end of the chain that begins last.
    const std::uint32_t buckets = gnu_hash[0], first = gnu_hash[1], bloom_words = gnu_hash[2];
    const auto* bucket = gnu_hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(std::uint32_t));
    const auto* chain = bucket + buckets;
    for (std::uint32_t i = 0; i < buckets; ++i) count = std::max(count, bucket[i]);
    if (count >= first && count != 0)
      while ((chain[count - first] & 1u) == 0) ++count;
    ++count;
  }
  std::string others;
  for (std::uint32_t i = 1; i < count; ++i) {
    const std::string_view name = names + symbols[i].st_name;
    const bool exported = symbols[i].st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbols[i].st_info) != STB_LOCAL;
    if (exported && name != STEPOP_PLUGIN_ENTRY_SYMBOL) others += (others.empty() ? "" : ", ") + std::string(name);
  }
  expect(others.empty(), "it also exports " + others.substr(0, 300));
}

void fits_its_version(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& plugin = library.plugin();
  expect(covers(plugin.struct_size, &stepop_plugin::get_extension),
         "struct_size is " + std::to_string(plugin.struct_size) + ", and does not cover the functions of 0.1");
  expect(plugin.abi_version == STEPOP_ABI_VERSION, "abi_version is " + std::to_string(plugin.abi_version >> 16) + "." +
                                                       std::to_string(plugin.abi_version & 0xffff));
  expect(plugin.name != nullptr && *plugin.name != '\0', "its name is empty");
  expect(plugin.version != nullptr && *plugin.version != '\0', "its version is empty");
  for (int i = 0; i < 3; ++i)
    expect(library.entry()(STEPOP_ABI_VERSION) != nullptr, "called again, stepop_plugin_entry returns NULL");
}

void refuses_other_versions(const Subject& subject) {
  const Library library(subject);
  const std::uint32_t others[] = {STEPOP_ABI_VERSION + 1, (STEPOP_ABI_MAJOR + 1) << 16, 7u << 16 | 3u, 0xffffffffu};
  for (const std::uint32_t other : others) {
    const std::string name = std::to_string(other >> 16) + "." + std::to_string(other & 0xffff);
    doing("stepop_plugin_entry for version " + name);
    expect(library.entry()(other) == nullptr, "it says that it works with a host of ABI " + name);
  }
}

// Lines of the memory map that are of this file.
int mappings_of(const std::string& file) {
  std::ifstream maps("/proc/self/maps");
  int found = 0;
  for (std::string line; std::getline(maps, line);) found += line.find(file) != line.npos;
  return found;
}

void is_unmapped(const Subject& subject) {
  for (int round = 0; round < 3; ++round) {
    Library library(subject);
    {
      Operator op(library, subject);
      if (round == 0) op.until_end(op.started(subject.step(subject.good)));
    }
    expect(mappings_of(subject.file) > 0, "it is mapped from another file");
    library.unload();
    expect(mappings_of(subject.file) == 0, "after dlclose it is still mapped");
  }
}

void extensions_are_there(const Subject& subject) {
  const Library library(subject);
  const auto get = library.slot(&stepop_plugin::get_extension, "get_extension");
  doing("get_extension of an unknown id");
  expect(get("conformance.there-is-no-such-extension/1") == nullptr, "an unknown extension is not NULL");
  const json::value described = library.describe();
  for (const json::value& id : described.at("extensions").as_array()) {
    const std::string name(id.as_string());
    doing("get_extension(\"" + name + "\")");
    const void* extension = get(name.c_str());
    expect(extension != nullptr, "describe lists the extension " + name + ", and get_extension returns NULL");
    expect(*static_cast<const std::uint32_t*>(extension) >= sizeof(std::uint32_t) + sizeof(void*),
           "the extension " + name + " does not begin with its size");
  }
}

}  // namespace

std::vector<Check> loading_checks() {
  return {
      {"entry.version", "Returns NULL when the two cannot work together. May be called any number of times.",
       fits_its_version},
      {"entry.other_version", "While the version is 0.x, host and plugin need an equal minor version",
       refuses_other_versions},
      {"entry.one_symbol", "The one symbol of a plugin.", has_one_symbol},
      {"entry.extensions",
       "What not every plugin has, by its name and revision, e.g. \"stepop.metrics/1\": a pointer to the extension's "
       "own "
       "struct, or NULL.",
       extensions_are_there},
      {"unload.unmapped",
       "An object returned through `T **out` belongs to the caller, who gives it back with `release`, on any thread, "
       "also "
       "after `destroy`, but before the library is unloaded.",
       is_unmapped},
  };
}

}  // namespace stepop::conformance
