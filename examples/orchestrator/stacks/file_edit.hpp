// Changing a file that people and other commands may change too.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace stepop::orchestrator {

// The file's new text for its old one; none for a file that is not there.
using FileEdit = std::function<std::string(const std::optional<std::string>& text)>;

// Who may read it afterwards: those who might before, or its owner alone, because there are secrets in it.
enum class Readers { as_before, owner };

// Reads the file, asks for its new text, and puts that in its place at once: whoever opens it meets the old text or the
// new one, whatever happens to this process or the machine. Its mode is kept; a new file has 0600, and its directory is
// made (0700). A symbolic link stays one. What `edit` throws leaves everything as it was. Two of these on files of one
// directory wait for one another. Throws BadInput for a file that cannot be read or written.
void edit_file(const std::filesystem::path& file, const FileEdit& edit, Readers = Readers::as_before);

}  // namespace stepop::orchestrator
