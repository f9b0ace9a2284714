"""What a network takes: how large its input is, at which pixel size, and which preprocessing made it. Frozen values.

A dataset is cut with it, a checkpoint is trained on it and a card promises it; nobody falls back on a default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from protocol.errors import ProtocolError

Role = Literal["detector", "classifier"]
"""What a network is for."""
ROLES: tuple[Role, ...] = get_args(Role)

MAX_PATCH_PX = 4096
"""No input of a network is larger; what says so is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputGeometry:
    """The input of one network."""

    patch_px: int
    """Classifier: side of its square patches. Detector: the divisor that both sides of its maps must have."""
    pixel_size_nm: float
    """Side of a square pixel of the patch or map, at the specimen."""
    preprocessing: str
    """Name and version of the function of `agent.core.preprocessing` that made the input, as ``patch-v1``."""

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ProtocolError: a size is not positive or not finite, or the preprocessing has no name.
        """
        if not 1 <= self.patch_px <= MAX_PATCH_PX:
            raise ProtocolError(f"patch_px must be 1 to {MAX_PATCH_PX}, got {self.patch_px}")
        if not 0 < self.pixel_size_nm < math.inf:
            raise ProtocolError(f"pixel_size_nm must be positive and finite, got {self.pixel_size_nm}")
        if not self.preprocessing:
            raise ProtocolError("preprocessing must be the name of a function of agent.core.preprocessing, got ''")

    def __str__(self) -> str:
        return f"{self.patch_px} px of {self.pixel_size_nm:g} nm by {self.preprocessing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetGeometry:
    """The inputs of both networks, as one dataset holds them."""

    detector: InputGeometry
    """Of its maps."""
    classifier: InputGeometry
    """Of its patches."""

    def of(self, role: str) -> InputGeometry:
        """The input of the network of a role.

        Raises:
            ProtocolError: it is no role.
        """
        if role not in ROLES:
            raise ProtocolError(f"role must be {' or '.join(ROLES)}, got {role!r}")
        return self.detector if role == "detector" else self.classifier

    def __str__(self) -> str:
        return f"detector {self.detector}, classifier {self.classifier}"
