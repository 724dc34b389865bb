"""Bad input: one clear error, which says what was found, what was expected, and where."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from local import config, folder, library, opened, raised, shell, use  # noqa: F401

import stepop
from stepop import plugins


def settings_of_a_wrong_type_are_named_by_their_path() -> None:
    with opened() as operator:
        error = raised(stepop.InvalidInput, operator.submit, shell("true", environment={"A": 3}))
        assert error.path == "environment.A" and isinstance(error, ValueError), error.findings
        assert error.path in str(error) and "expected a string" in str(error), str(error)


def a_mistyped_key_has_a_hint() -> None:
    with opened() as operator:
        error = raised(stepop.InvalidInput, operator.submit, shell("true", comand=["true"]))
        assert error.path == "comand" and "command" in f"{error.hint} {error.message}", error.findings
    error = raised(stepop.InvalidInput, stepop.open, "local", config(owmer="x"), plugin=library())
    assert error.path == "owmer", error.findings


def a_plugin_path_that_is_not_there_is_named() -> None:
    error = raised(stepop.LoadError, stepop.open, "local", plugin="/no/such/plugin.so")
    assert error.file == "/no/such/plugin.so" and "is not there" in str(error) and error.hint, error


def a_file_that_is_no_plugin_is_named_with_what_it_is() -> None:
    text = folder() / "text.so"
    text.write_text("hello")
    assert "is no shared library" in str(raised(stepop.LoadError, stepop.Plugin.load, text))
    cut = folder() / "cut.so"
    cut.write_bytes(library().read_bytes()[:100_000])
    assert "is cut off" in str(raised(stepop.LoadError, stepop.Plugin.load, cut))
    (libc,) = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libc.so" in line}
    assert "does not export stepop_plugin_entry" in str(raised(stepop.LoadError, stepop.Plugin.load, libc))
    assert "is not a file" in str(raised(stepop.LoadError, stepop.Plugin.load, folder()))


def a_machine_without_the_right_libc_is_told_which_one_it_needs() -> None:
    # A copy that needs a glibc which is not there yet: the loader compares a hash of the name, so both are changed.
    content = library().read_bytes()
    version = max((v for v in (b"GLIBC_2.34", b"GLIBC_2.33", b"GLIBC_2.32") if v in content), default=b"")
    assert version, "the plugin needs a glibc of another version than this test knows"
    newer = b"GLIBC_2.99"
    content = content.replace(version + b"\0", newer + b"\0")
    content = content.replace(elf_hash(version), elf_hash(newer))
    file = folder() / "newer_libc.so"
    file.write_bytes(content)
    error = raised(stepop.LoadError, stepop.Plugin.load, file)
    assert "glibc 2.99" in error.hint and str(os.confstr("CS_GNU_LIBC_VERSION")) in error.hint, (str(error), error.hint)


def elf_hash(name: bytes) -> bytes:
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value.to_bytes(4, "little")


def a_flavor_that_nobody_has_is_named_with_the_nearest() -> None:
    error = raised(stepop.NotFound, stepop.find_plugin, "locl", [library().parent])
    assert 'did you mean "local"?' in str(error) and isinstance(error, LookupError), error
    error = raised(stepop.NotFound, stepop.find_plugin, "local", ["/no/such/directory"])
    assert "/no/such/directory" in error.hint, error.findings


def two_plugins_with_one_flavor_are_a_conflict() -> None:
    twice = folder() / "twice"
    twice.mkdir()
    shutil.copy(library(), twice)
    error = raised(stepop.Conflict, stepop.find_plugin, "local", [library().parent, twice])
    assert error.reason == "AmbiguousFlavor" and str(twice) in str(error), error


def plugin_directories_come_from_the_call_and_then_the_environment() -> None:
    os.environ["STEPOP_PLUGIN_PATH"] = "/b::/c"
    try:
        assert [str(d) for d in plugins.plugin_directories(["/a", "/c"])][:3] == ["/a", "/c", "/b"]
    finally:
        del os.environ["STEPOP_PLUGIN_PATH"]


def the_same_id_with_another_request_is_a_conflict() -> None:
    with opened() as operator:
        request = shell("sleep 600")
        operator.submit(request)
        operator.submit(request)  # the same request again is the same step
        raised(stepop.Conflict, operator.submit, {**request, "command": ["false"]})
        operator.cancel(request["step_run_id"], grace=0)
        operator.wait(request["step_run_id"], 60)


def a_call_after_close_says_so() -> None:
    operator = opened()
    operator.close()
    operator.close()  # does nothing
    for call in (
        lambda: operator.submit(shell("true")),
        lambda: operator.status("a"),
        lambda: operator.wait("a"),
        operator.check,
        operator.next_event,
        lambda: operator.logs("a"),
    ):
        assert "closed" in str(raised(stepop.Closed, call))
    assert list(operator.events()) == [] and "closed" in repr(operator)


def times_that_are_none_are_refused() -> None:
    with opened() as operator:
        for wrong in (-1, "5", True, float("nan")):
            assert raised(stepop.InvalidInput, operator.wait, "a", wrong).path == "timeout"
        assert raised(stepop.InvalidInput, operator.cancel, "a", grace=-1).path == "grace"
        assert raised(stepop.InvalidInput, operator.submit, {}, if_absent="lost").path == "if_absent"
        raised(stepop.NotFound, operator.wait, "no such step", 1)


TESTS = [
    settings_of_a_wrong_type_are_named_by_their_path,
    a_mistyped_key_has_a_hint,
    a_plugin_path_that_is_not_there_is_named,
    a_file_that_is_no_plugin_is_named_with_what_it_is,
    a_machine_without_the_right_libc_is_told_which_one_it_needs,
    a_flavor_that_nobody_has_is_named_with_the_nearest,
    two_plugins_with_one_flavor_are_a_conflict,
    plugin_directories_come_from_the_call_and_then_the_environment,
    the_same_id_with_another_request_is_a_conflict,
    a_call_after_close_says_so,
    times_that_are_none_are_refused,
]
