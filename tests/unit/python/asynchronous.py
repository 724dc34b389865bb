"""The asyncio API."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

from local import PATIENCE, config, library, opened_async, raised, shell, step, use  # noqa: F401

import stepop
from stepop import Kind, State


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), PATIENCE)

    asyncio.run(bounded())


def asyncio_runs_a_step_and_follows_its_events() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            request = shell("echo 7 > $STEPOP_RESULT_PATH")
            operator.submit(request)
            async for event in operator.events():
                if event.kind is Kind.STATE and event.terminal:
                    assert event.result == 7 and event.step_run_id == request["step_run_id"], event
                    break

    run(test)


def asyncio_waits_for_a_hundred_steps_at_once_on_one_thread() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            before = threading.active_count()
            requests = [shell(f"exit {i % 2}") for i in range(100)]
            for request in requests:
                operator.submit(request)
            ends = await asyncio.gather(*(operator.wait(r["step_run_id"]) for r in requests))
            assert [end.exit_code for end in ends] == [i % 2 for i in range(100)]
            assert threading.active_count() == before

    run(test)


def asyncio_waits_take_no_event_away() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            request = shell("true")
            operator.submit(request)
            await operator.wait(request["step_run_id"])
            async for event in operator.events():
                if event.terminal:
                    break
            assert event.step_run_id == request["step_run_id"]

    run(test)


def a_cancelled_task_leaves_its_step_running() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            request = step("sleep", "600")
            operator.submit(request)
            task = asyncio.ensure_future(operator.wait(request["step_run_id"]))
            await asyncio.sleep(0)
            task.cancel()
            try:
                await task
                raise AssertionError("the task was cancelled")
            except asyncio.CancelledError:
                pass
            assert not operator.status(request["step_run_id"]).terminal
            try:
                await asyncio.wait_for(operator.wait(request["step_run_id"]), 0.05)
                raise AssertionError("the step sleeps")
            except asyncio.TimeoutError:
                pass
            operator.cancel(request["step_run_id"], grace=0)
            assert (await operator.wait(request["step_run_id"])).state is State.CANCELLED

    run(test)


def a_run_whose_task_is_cancelled_cancels_its_step() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            request = step("sleep", "600")
            task = asyncio.ensure_future(operator.run(request))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert (await operator.wait(request["step_run_id"])).state is State.CANCELLED

    run(test)


def an_asyncio_wait_times_out_with_a_timeout_error() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            request = step("sleep", "600")
            operator.submit(request)
            try:
                await operator.wait(request["step_run_id"], timeout=0.05)
                raise AssertionError("the step sleeps")
            except TimeoutError as late:
                assert request["step_run_id"] in str(late)
            operator.cancel(request["step_run_id"], grace=0)
            await operator.wait(request["step_run_id"])

    run(test)


def asyncio_reads_logs_of_several_steps_at_once() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            requests = [shell(f"for i in 1 2 3; do echo {n}.$i; sleep 0.02; done") for n in range(10)]
            for request in requests:
                operator.submit(request)

            async def lines(step_run_id: str) -> list[str]:
                return [record.text async for record in operator.logs(step_run_id)]

            logs = await asyncio.gather(*(lines(r["step_run_id"]) for r in requests))
            assert logs == [[f"{n}.{i}" for i in (1, 2, 3)] for n in range(10)], logs

    run(test)


def closing_wakes_the_tasks_that_wait() -> None:
    async def test() -> None:
        shared = config()
        operator = await opened_async(**shared)
        request = step("sleep", "600")
        operator.submit(request)

        async def events() -> None:
            async for _ in operator.events():
                pass

        ending = asyncio.ensure_future(operator.wait(request["step_run_id"]))
        reading = asyncio.ensure_future(events())
        await asyncio.sleep(0)
        await operator.close()
        assert isinstance((await asyncio.gather(ending, return_exceptions=True))[0], stepop.Closed)
        await reading  # an iteration ends
        async with opened_async(**shared) as next_host:
            next_host.submit(request)  # takes it up again
            next_host.cancel(request["step_run_id"], grace=0)
            assert (await next_host.wait(request["step_run_id"])).state is State.CANCELLED

    run(test)


def what_was_not_read_before_the_close_is_read_after_it_in_asyncio() -> None:
    async def test() -> None:
        operator = await opened_async()
        request = shell("true")
        operator.submit(request)
        end = await operator.wait(request["step_run_id"])
        operator.submit(step("sleep", "0"))
        closing = asyncio.ensure_future(operator.close())
        await asyncio.sleep(0)
        read = [event async for event in operator.events()]  # it ends with the last
        await closing
        assert end in read and len(read) >= 2, read
        assert [event async for event in operator.events()] == []

    run(test)


def opening_keeps_no_event_loop_waiting() -> None:
    async def test() -> None:
        turned = threading.Event()
        plugin = stepop.Plugin.load(library())

        class Slow(stepop.Plugin):
            """Its files are on a network drive."""

            def __init__(self) -> None:
                vars(self).update(vars(plugin))

            def open_raw(self, *arguments: object) -> int:
                assert turned.wait(PATIENCE / 2), "the loop did not turn meanwhile"
                return plugin.open_raw(*arguments)  # type: ignore[arg-type]

        asyncio.get_running_loop().call_later(0, turned.set)
        async with stepop.aio.open("local", config(), plugin=Slow()) as operator:
            assert (await operator.run(shell("true"))).state is State.SUCCEEDED

    run(test)


def what_is_wrong_with_a_configuration_is_raised_where_it_is_awaited() -> None:
    async def test() -> None:
        try:
            await opened_async(owmer="x")
        except stepop.InvalidInput as error:
            assert error.path == "owmer", error
        else:
            raise AssertionError("it was opened")

    run(test)


def a_closed_event_loop_is_left_for_the_next() -> None:
    request = shell("true")
    operators, tasks = [], []

    async def begin() -> None:
        operator = await opened_async()
        operators.append(operator)
        operator.submit(request)
        tasks.append(asyncio.ensure_future(operator.wait(request["step_run_id"])))
        await asyncio.sleep(0)

    async def end() -> None:
        (operator,) = operators
        assert (await operator.wait(request["step_run_id"])).state is State.SUCCEEDED
        await operator.close()

    asyncio.run(begin())  # and its loop is closed, with the task in it
    asyncio.run(end())


def another_loop_that_is_open_is_refused() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            request = step("sleep", "600")
            operator.submit(request)

            def elsewhere() -> None:
                error = raised(RuntimeError, asyncio.run, operator.wait(request["step_run_id"]))
                assert "another event loop" in str(error), error

            await asyncio.get_running_loop().run_in_executor(None, elsewhere)
            operator.cancel(request["step_run_id"], grace=0)
            await operator.wait(request["step_run_id"])

    run(test)


def an_asyncio_step_that_fails_raises() -> None:
    async def test() -> None:
        async with opened_async() as operator:
            try:
                await operator.run(shell("exit 5"))
                raise AssertionError("it failed")
            except stepop.StepFailed as failed:
                assert failed.event.exit_code == 5 and failed.reason == "NonZeroExit"
            assert await operator.check(timeout=PATIENCE)

    run(test)


TESTS = [
    asyncio_runs_a_step_and_follows_its_events,
    asyncio_waits_for_a_hundred_steps_at_once_on_one_thread,
    asyncio_waits_take_no_event_away,
    a_cancelled_task_leaves_its_step_running,
    a_run_whose_task_is_cancelled_cancels_its_step,
    an_asyncio_wait_times_out_with_a_timeout_error,
    asyncio_reads_logs_of_several_steps_at_once,
    closing_wakes_the_tasks_that_wait,
    what_was_not_read_before_the_close_is_read_after_it_in_asyncio,
    opening_keeps_no_event_loop_waiting,
    what_is_wrong_with_a_configuration_is_raised_where_it_is_awaited,
    a_closed_event_loop_is_left_for_the_next,
    another_loop_that_is_open_is_refused,
    an_asyncio_step_that_fails_raises,
]
