#pragma once

namespace stepop::kube {

/// Prepares this library's copy of OpenSSL: no atexit handler (it would outlive dlclose) and no
/// configuration file (a plugin must not behave by what some host's openssl.cnf says).
/// Idempotent, any thread. Throws std::runtime_error when OpenSSL cannot start.
///
/// A plugin that links OpenSSL statically and may be unloaded calls it before the first Client.
void initialise_tls();

/// Frees what OpenSSL holds for the process, its thread-exit hook among it: without that a host
/// thread that ends after dlclose would run unmapped code.
///
/// The owner calls it exactly once, when the library is being unloaded (a function with
/// `__attribute__((destructor))`), after every Client is gone and every thread that used one has
/// been joined. OpenSSL cannot be started again afterwards, so never call it at the end of an
/// operator's life, and never when OpenSSL is shared with the host (STEPOP_SHARED_DEPS).
void release_tls() noexcept;

}  // namespace stepop::kube
