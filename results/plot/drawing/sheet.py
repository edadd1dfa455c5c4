"""A figure that notebooks show and that pyplot knows nothing of; imported when the first figure is made."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class Sheet(Figure):
    """A matplotlib Figure without a window: nothing to close, and any number of them may exist."""

    def _repr_png_(self) -> bytes:
        """The picture that a notebook shows for `ax.figure` in the last line of a cell."""
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()
