"""How the sanitizers behave, wherever they run: in the fuzz targets and in the suite `sanitizers`."""

from __future__ import annotations

# There are no suppressions: what a sanitizer finds is mended.
OPTIONS = {
    "ASAN_OPTIONS": {
        "detect_leaks": 1,
        "detect_stack_use_after_return": 1,
        "check_initialization_order": 1,
        "strict_init_order": 1,
        "strict_string_checks": 1,
        # A finding is told as an exit, not as a core file.
        "disable_coredump": 1,
    },
    "UBSAN_OPTIONS": {"print_stacktrace": 1, "halt_on_error": 1},
    "TSAN_OPTIONS": {"halt_on_error": 1, "second_deadlock_stack": 1, "detect_deadlocks": 1, "history_size": 4},
    "LSAN_OPTIONS": {"print_suppressions": 0},
}


def environment() -> dict[str, str]:
    return {name: ":".join(f"{key}={value}" for key, value in options.items()) for name, options in OPTIONS.items()}
