"""The slot between two threads."""

from __future__ import annotations

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
