"""The slot between two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from agent.edge.session.latest import Latest


def test_the_newest_wins_and_the_replaced_are_counted() -> None:
    slot: Latest[int] = Latest()
    for n in range(5):
        slot.put(n)
    assert (slot.take(0), slot.replaced, slot.take(0)) == (4, 4, None)
    slot.put(9)
    slot.close()
    assert not slot.ended
    assert slot.take(0) == 9
    assert slot.ended


def test_whoever_waits_is_woken_by_the_end_and_by_an_item() -> None:
    slot: Latest[str] = Latest()
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(slot.take, 60)
        slot.put("a")
        assert waiting.result(10) == "a"
        waiting = beside.submit(slot.take, 60)
        slot.close()
        assert waiting.result(10) is None
    assert slot.ended


def test_every_item_of_a_fast_sender_is_taken_or_counted() -> None:
    slot: Latest[int] = Latest()
    count, taken = 5000, list[int]()

    def send() -> None:
        for n in range(count):
            slot.put(n)
        slot.close()

    with ThreadPoolExecutor(1) as beside:
        sending = beside.submit(send)
        while not slot.ended:
            if (item := slot.take(0.01)) is not None:
                taken.append(item)
        sending.result(10)
    assert taken == sorted(set(taken))
    assert taken[-1] == count - 1
    assert len(taken) + slot.replaced == count
