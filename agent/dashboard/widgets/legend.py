"""The classes with their colours, and the probabilities of the particle that is pointed at."""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets

from agent.dashboard.state.palette import FAINT, TEXT, ClassStyle
from agent.dashboard.state.view import ViewState


class LegendWidget(QtWidgets.QWidget):
    """Two lines; redrawn when they change."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn: object = None
        self.detail, self.classes = QtWidgets.QLabel(), QtWidgets.QLabel()
        self.classes.setTextFormat(QtCore.Qt.TextFormat.RichText)
        self.classes.setWordWrap(True)
        self.classes.setFixedHeight(36)
        self.classes.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.detail.setStyleSheet(f"color: {FAINT};")
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.classes)
        layout.addWidget(self.detail)

    def show_state(self, state: ViewState) -> None:
        """Draw a state."""
        content = (state.styles, state.detail)
        if content == self._drawn:
            return
        self._drawn = content
        chances = state.detail.probabilities
        self.classes.setText(
            "&nbsp; ".join(
                _entry(style, chances[n] if n < len(chances) else None) for n, style in enumerate(state.styles)
            )
        )
        self.detail.setText(state.detail.text)


def _entry(style: ClassStyle, chance: float | None) -> str:
    short = "" if style.short == style.text else f"<b>{style.short}</b>&nbsp;"
    number = "" if chance is None else f"&nbsp;<b>{chance:.0%}</b>"
    name = style.text.replace(" ", "&nbsp;")
    return f'<span style="color:{style.colour}">■&nbsp;{short}</span><span style="color:{TEXT}">{name}{number}</span>'
