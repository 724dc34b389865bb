#include "run/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace stepop::orchestrator {
namespace {

// How long a writer waits for another process's transaction; those take milliseconds.
constexpr int kBusyTimeoutMs = 30'000;

[[noreturn]] void fail(sqlite3* handle, const std::string& doing) {
  throw SqliteError(doing + ": " + (handle ? sqlite3_errmsg(handle) : "no memory"));
}

}  // namespace

Database::Database(const std::string& file) {
  // SQLite would create it with the process's umask; it holds configurations and requests.
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  if (sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
    const std::string message = handle_ ? sqlite3_errmsg(handle_) : "no memory";
    sqlite3_close(handle_);
    throw SqliteError("cannot open " + file + ": " + message);
  }
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
}

Database::~Database() {
  sqlite3_close(handle_);
}

void Database::execute(const std::string& statements) {
  char* message = nullptr;
  if (sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return;
  const std::string text = message ? message : "failed";
  sqlite3_free(message);
  throw SqliteError(text);
}

std::int64_t Database::integer(const std::string& query) {
  Statement statement(*this, query);
  return statement.next() ? statement.integer(0) : 0;
}

Statement::Statement(Database& database, std::string_view text) : database_(database) {
  if (sqlite3_prepare_v3(database.handle(), text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement_, nullptr) != SQLITE_OK)
    fail(database.handle(), "cannot prepare a statement");
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Statement::bind_one(int index, std::string_view value) {
  // Copied by SQLite: the caller's value may be a temporary.
  if (sqlite3_bind_text64(statement_, index, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8) != SQLITE_OK)
    fail(database_.handle(), "cannot bind a text");
}

void Statement::bind_one(int index, std::int64_t value) {
  if (sqlite3_bind_int64(statement_, index, value) != SQLITE_OK) fail(database_.handle(), "cannot bind a number");
}

void Statement::bind_one(int index, const std::optional<std::int64_t>& value) {
  if (value)
    bind_one(index, *value);
  else if (sqlite3_bind_null(statement_, index) != SQLITE_OK)
    fail(database_.handle(), "cannot bind nothing");
}

bool Statement::next() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      sqlite3_reset(statement_);
      return false;
    default: {
      const std::string message = sqlite3_errmsg(database_.handle());
      sqlite3_reset(statement_);
      throw SqliteError("the journal: " + message);
    }
  }
}

void Statement::run() {
  while (next()) {
  }
}

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return "";
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const SqliteError&) {
    // SQLite has rolled back by itself, or the file is gone; the error that led here is on its way.
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace stepop::orchestrator
