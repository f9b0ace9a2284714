"""Which preprocessing is implemented here, and does a network want another? Pure."""

from __future__ import annotations

from agent.core.preprocessing import classifier_input, detector_input
from protocol.errors import ProtocolError
from protocol.input_geometry import InputGeometry, Role

PREPROCESSING: dict[Role, str] = {"detector": detector_input.VERSION, "classifier": classifier_input.VERSION}
"""Role of a network to the name of the one preprocessing that makes its inputs here."""


def check_preprocessing(role: Role, geometry: InputGeometry) -> None:
    """Compare what a network was trained on with what would be given to it.

    Raises:
        ProtocolError: they differ; the text says both names.
    """
    if geometry.preprocessing != PREPROCESSING[role]:
        raise ProtocolError(
            f"the {role} was trained on inputs made by {geometry.preprocessing}, this version makes "
            f"{PREPROCESSING[role]}"
        )
