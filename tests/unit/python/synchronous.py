"""The synchronous API."""

from __future__ import annotations

import threading

from local import PATIENCE, config, opened, raised, shell, step, use  # noqa: F401

import stepop
from stepop import Kind, State


def a_step_runs_and_its_result_comes_back() -> None:
    with opened() as operator:
        event = operator.run(shell("echo '{\"answer\": 42}' > $STEPOP_RESULT_PATH"), timeout=PATIENCE)
        assert event.state is State.SUCCEEDED and event.result == {"answer": 42} and event.exit_code == 0, event


def a_step_that_fails_raises_its_reason_hint_exit_code_and_log() -> None:
    with opened() as operator:
        failed = raised(stepop.StepFailed, operator.run, shell("echo oh no; exit 3"), timeout=PATIENCE)
        assert failed.reason == "NonZeroExit" and failed.event.exit_code == 3, failed
        assert "oh no" in failed.log_tail and failed.event.user_code_ran == "yes", failed.event


def events_tell_each_state_in_order_and_end_once() -> None:
    with opened() as operator:
        request = shell("true")
        operator.submit(request)
        states = []
        for event in operator.events():
            if event.kind is Kind.STATE:
                states.append(event.state)
                if event.terminal:
                    break
        assert states == sorted(states) and states[-1] is State.SUCCEEDED, states
        assert event.step_run_id == request["step_run_id"] and event.time.year > 2000, event


def waiting_takes_no_event_from_the_queue() -> None:
    with opened() as operator:
        request = shell("true")
        operator.submit(request)
        operator.wait(request["step_run_id"], PATIENCE)
        event = next(e for e in operator.events() if e.terminal)
        assert event.step_run_id == request["step_run_id"], event


def a_wait_that_times_out_leaves_the_step_running() -> None:
    with opened() as operator:
        request = step("sleep", "600")
        operator.submit(request)
        late = raised(TimeoutError, operator.wait, request["step_run_id"], 0.05)
        assert isinstance(late, stepop.TimedOut) and request["step_run_id"] in str(late), late
        assert not operator.status(request["step_run_id"]).terminal
        operator.cancel(request["step_run_id"], grace=0)
        assert operator.wait(request["step_run_id"], PATIENCE).state is State.CANCELLED


def a_run_that_times_out_cancels_its_step() -> None:
    with opened() as operator:
        request = step("sleep", "600")
        raised(stepop.TimedOut, operator.run, request, timeout=0.05)
        assert operator.wait(request["step_run_id"], PATIENCE).state is State.CANCELLED


def logs_are_an_iterator_that_ends_with_the_step() -> None:
    with opened() as operator:
        request = shell("echo one; echo two; printf 'bytes \\377'")
        operator.submit(request)
        records = list(operator.logs(request["step_run_id"]))
        assert [r.data for r in records] == [b"one", b"two", b"bytes \xff"], records
        assert records[2].text == "bytes \ufffd", records


def logs_follow_a_step_while_its_events_are_read_too() -> None:
    with opened() as operator:
        request = shell("for i in 1 2 3 4 5; do echo $i; sleep 0.05; done")
        operator.submit(request)
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(r.text for r in operator.logs(request["step_run_id"])))
        reader.start()
        event = next(e for e in operator.events() if e.terminal)
        reader.join(PATIENCE)
        assert lines == ["1", "2", "3", "4", "5"] and event.state is State.SUCCEEDED, lines


def leaving_a_log_closes_it_and_another_can_be_opened() -> None:
    with opened() as operator:
        request = shell("echo first; sleep 600")
        operator.submit(request)
        for record in operator.logs(request["step_run_id"]):
            assert record.text == "first"
            break
        again = operator.logs(request["step_run_id"], follow=False)
        assert [r.text for r in again] == ["first"]
        operator.cancel(request["step_run_id"], grace=0)
        operator.wait(request["step_run_id"], PATIENCE)


def what_is_forgotten_is_no_more_known() -> None:
    with opened() as operator:
        request = shell("true")
        operator.run(request, timeout=PATIENCE)
        next(e for e in operator.events() if e.kind is Kind.FORGOTTEN)
        raised(stepop.NotFound, operator.status, request["step_run_id"])


def another_operator_of_the_same_owner_attaches_to_a_step() -> None:
    with opened() as first, opened(owner="shared") as owner, opened(owner="shared") as observer:
        request = step("sleep", "600")
        owner.submit(request)
        next(e for e in owner.events() if e.state is State.RUNNING)
        ticket = observer.attach({"step_run_ids": [request["step_run_id"]]})
        attached = next(e for e in observer.events() if e.kind is Kind.ATTACHED)
        assert attached.ticket == ticket and attached.detail["step_run_ids"] == [request["step_run_id"]], attached
        raised(stepop.NotFound, first.status, request["step_run_id"])
        observer.cancel(request["step_run_id"], grace=0)
        assert owner.wait(request["step_run_id"], PATIENCE).state is State.CANCELLED


def closing_wakes_whoever_waits() -> None:
    shared = config()
    operator = opened(**shared)
    request = step("sleep", "600")
    operator.submit(request)
    errors: list[BaseException] = []

    def waits(call: object) -> None:
        try:
            call()  # type: ignore[operator]
        except stepop.StepopError as error:
            errors.append(error)

    def next_terminal() -> None:
        while not operator.next_event().terminal:
            pass

    threads = [
        threading.Thread(target=waits, args=(call,))
        for call in (lambda: operator.wait(request["step_run_id"]), next_terminal, next_terminal)
    ]
    for thread in threads:
        thread.start()
    operator.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert [type(error) for error in errors] == [stepop.Closed] * 3, errors
    with opened(**shared) as next_host:
        next_host.submit(request)  # takes it up again
        next_host.cancel(request["step_run_id"], grace=0)
        assert next_host.wait(request["step_run_id"], PATIENCE).state is State.CANCELLED


def what_was_not_read_before_the_close_is_read_after_it() -> None:
    operator = opened()
    request = shell("true")
    operator.submit(request)
    end = operator.wait(request["step_run_id"], PATIENCE)
    operator.close()
    assert end.detail in [event.detail for event in operator.events() if event.terminal]
    raised(stepop.Closed, operator.next_event)


def an_iteration_that_is_going_on_gets_what_came_before_the_close() -> None:
    operator = opened()
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.extend(e.step_run_id for e in operator.events() if e.terminal))
    reader.start()
    requests = [shell("true") for _ in range(5)]
    for request in requests:
        operator.submit(request)
    for request in requests:
        operator.wait(request["step_run_id"], PATIENCE)
    operator.close()
    reader.join(PATIENCE)
    assert sorted(read) == sorted(request["step_run_id"] for request in requests), read


def a_status_is_as_new_as_the_last_event_that_was_read() -> None:
    with opened() as operator:
        for request in (shell("true"), shell("true")):
            operator.submit(request)
            end = operator.wait(request["step_run_id"], PATIENCE)
            # Its number is the queue's, not the step's: what is read from here on is no older.
            told = next(e for e in operator.events() if e.terminal)
            assert 1 <= end.sequence < told.sequence, (end, told)
            assert operator.status(request["step_run_id"]).sequence == told.sequence


def fifty_threads_use_one_operator() -> None:
    with opened() as operator:
        done: list[State] = []

        def one() -> None:
            request = shell("true")
            operator.submit(request)
            done.append(operator.wait(request["step_run_id"], PATIENCE).state)

        threads = [threading.Thread(target=one) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert done == [State.SUCCEEDED] * 50, done


def two_hosts_in_one_process_do_not_see_each_other() -> None:
    with opened() as one, opened() as other:
        request = shell("true", step_run_id="the same id")
        assert one.run(request, timeout=PATIENCE).state is State.SUCCEEDED
        raised(stepop.NotFound, other.status, "the same id")
        assert other.run(request, timeout=PATIENCE).state is State.SUCCEEDED


def a_check_is_a_list_of_findings() -> None:
    with opened() as operator:
        findings = operator.check(timeout=PATIENCE)
        assert findings and all(finding.level in ("ok", "warning", "error") for finding in findings), findings


TESTS = [
    a_step_runs_and_its_result_comes_back,
    a_step_that_fails_raises_its_reason_hint_exit_code_and_log,
    events_tell_each_state_in_order_and_end_once,
    waiting_takes_no_event_from_the_queue,
    a_wait_that_times_out_leaves_the_step_running,
    a_run_that_times_out_cancels_its_step,
    logs_are_an_iterator_that_ends_with_the_step,
    logs_follow_a_step_while_its_events_are_read_too,
    leaving_a_log_closes_it_and_another_can_be_opened,
    what_is_forgotten_is_no_more_known,
    another_operator_of_the_same_owner_attaches_to_a_step,
    closing_wakes_whoever_waits,
    what_was_not_read_before_the_close_is_read_after_it,
    an_iteration_that_is_going_on_gets_what_came_before_the_close,
    a_status_is_as_new_as_the_last_event_that_was_read,
    fifty_threads_use_one_operator,
    two_hosts_in_one_process_do_not_see_each_other,
    a_check_is_a_list_of_findings,
]
