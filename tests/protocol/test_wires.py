"""Every wire by its name."""

from __future__ import annotations

import pytest

from protocol.errors import ProtocolError
from protocol.wire.wires import WIRES, new_decoder
from tests.hostile_wire import GOOD
from tests.second_wire import SERIES
from tests.second_wire import WIRES as SECOND


def test_a_decoder_has_the_name_it_is_known_by_and_a_limit() -> None:
    for name, make in {**WIRES, **SECOND}.items():
        assert make().name == name
        assert make().max_message_bytes > GOOD.pixels.nbytes


def test_each_stream_gets_a_decoder_of_its_own() -> None:
    assert new_decoder(SERIES, SECOND) is not new_decoder(SERIES, SECOND)


def test_an_unknown_wire_is_named_with_the_known_ones() -> None:
    with pytest.raises(ProtocolError, match=r"wire must be one of karabo-bridge-2\.2, got 'smoke'"):
        new_decoder("smoke")
