"""The newest board for everybody who listens."""

import asyncio
from collections.abc import AsyncIterator

from silgeom.web.events import Newest


async def first(events: AsyncIterator[bytes]) -> bytes:
    return await asyncio.wait_for(anext(events), 5)


def test_a_listener_gets_the_newest_event_and_each_that_follows() -> None:
    async def listen() -> list[bytes]:
        newest = Newest()
        newest.publish("board", "1", {"json": "{}"})
        events = newest.events("json", seen="")
        found = [await first(events)]
        newest.publish("board", "2", {"json": "[]"})
        return [*found, await first(events)]

    assert asyncio.run(listen()) == [
        b"event: board\r\nid: 1\r\ndata: {}\r\n\r\n",
        b"event: board\r\nid: 2\r\ndata: []\r\n\r\n",
    ]


def test_what_a_listener_has_seen_is_not_sent_again() -> None:
    async def listen() -> bytes:
        newest = Newest()
        newest.publish("board", "1", {"json": "{}"})
        waiting = asyncio.create_task(first(newest.events("json", seen="1")))
        await asyncio.sleep(0)
        assert not waiting.done()
        newest.publish("board", "2", {"json": "[]"})
        return await waiting

    assert b"id: 2" in asyncio.run(listen())


def test_a_slow_listener_gets_the_newest_and_misses_those_between() -> None:
    async def listen() -> bytes:
        newest = Newest()
        newest.publish("board", "0", {"json": "{}"})
        events = newest.events("json", seen="")
        await first(events)
        for number in range(1, 1_000):  # it takes nothing meanwhile
            newest.publish("board", str(number), {"json": "{}"})
        return await first(events)

    assert b"id: 999" in asyncio.run(listen())


def test_whoever_has_gone_is_counted_no_more() -> None:
    async def listen() -> tuple[int, int]:
        newest = Newest()
        newest.publish("board", "1", {"json": "{}"})
        listeners = [newest.events("json", seen="") for _ in range(3)]
        for each in listeners:
            await first(each)
        most = newest.listeners
        for each in listeners:
            await each.aclose()  # type: ignore[attr-defined]
        return most, newest.listeners

    assert asyncio.run(listen()) == (3, 0)


def test_when_the_server_ends_listeners_are_let_go() -> None:
    async def listen() -> list[bytes]:
        newest = Newest()

        async def all_of_them() -> list[bytes]:
            return [each async for each in newest.events("json", seen="")]

        waiting = asyncio.create_task(all_of_them())
        await asyncio.sleep(0)
        newest.close()
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(listen()) == []
