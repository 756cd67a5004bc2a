"""Animations of matplotlib: some of their frames, as one drawing with a frame below the other.

In a page's child. matplotlib hands each frame to a writer, as it does for a film. An animation is seldom the value of a
cell: it is kept under a name, and its figure is shown. So each is noted with its figure when it is made, and is held
from then on: when Python would let go of one that has no name is a matter of chance.
"""

from __future__ import annotations

import sys
from functools import wraps
from html import escape
from typing import Any

from galley.kinds.figures import svg_of, title_of

MODULE = "matplotlib.animation"
MOST = 16  # frames: a reader steps through them
LARGEST = 400_000  # bytes of all of them, as far as two frames have no more
_made: list[tuple[Any, Any]] = []  # each figure with an animation of it


def note_animations(module: Any) -> None:
    """Have each animation that is made from now on noted with its figure."""
    original = module.Animation.__init__

    @wraps(original)
    def noted(self: Any, fig: Any, *args: Any, **options: Any) -> None:
        original(self, fig, *args, **options)
        _made.append((fig, self))

    module.Animation.__init__ = noted


def figure_of(value: object) -> Any:
    """The figure of an animation; None for any other value."""
    return next((figure for figure, animation in _made if animation is value), None)


def moves(figure: Any) -> bool:
    """Whether there is an animation of a figure."""
    return any(moved is figure for moved, _ in _made)


def strip_of(figure: Any) -> bytes:
    """Frames of all animations of a figure, as one drawing."""
    first, *others = (animation for moved, animation in _made if moved is figure)
    frames = _Frames(figure)
    # matplotlib draws each frame for the screen as well, which nobody sees and which takes as long again.
    figure.canvas.draw_idle = lambda: None
    try:
        first.save("frames", writer=_writer(frames), extra_anim=others)
    finally:
        del figure.canvas.draw_idle
    return frames.strip()


class _Frames:
    """The frames that are kept. How many will come is known at the last one; of too many every second is dropped."""

    def __init__(self, figure: Any) -> None:
        self._figure, self._kept, self._seen, self._step = figure, dict[int, bytes](), 0, 1

    def take(self) -> None:
        """Draw the figure as it is now, unless this frame is one to leave out."""
        self._seen += 1
        if (self._seen - 1) % self._step == 0:
            self._draw()
            if len(self._kept) > MOST:
                self._thin()

    def _draw(self) -> None:
        self._kept[self._seen] = svg_of(self._figure, f"Frame {self._seen}")

    def _thin(self, last: int = 0) -> None:
        self._step *= 2
        kept = {number: data for number, data in self._kept.items() if (number - 1) % self._step == 0}
        self._kept = {**kept, **({last: self._kept[last]} if last else {})}

    def end(self) -> None:
        """Keep the last frame, too."""
        if self._seen not in self._kept:
            self._draw()

    def strip(self) -> bytes:
        """The drawing of all frames that are kept and fit."""
        while len(self._kept) > 2 and sum(map(len, self._kept.values())) > LARGEST:
            self._thin(self._seen)
        width, height = (72 * each for each in self._figure.get_size_inches())  # points, as matplotlib draws
        frames = "".join(
            _placed(data.decode(), f"{at * height:g}", f"{width:g}", f"{height:g}", f"Frame {number} of {self._seen}")
            for at, (number, data) in enumerate(sorted(self._kept.items()))
        )
        whole = f"{len(self._kept) * height:g}"
        head = f'width="{width:g}pt" height="{whole}pt" viewBox="0 0 {width:g} {whole}" data-frames="{self._seen}"'
        title = f"<title>{escape(said)}</title>" if (said := title_of(self._figure)) else ""
        return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{title}\n{frames}</svg>\n'.encode()


def _placed(svg: str, top: str, width: str, height: str, title: str) -> str:
    """A frame as a drawing inside the drawing of all, in its place there."""
    opened, _, inside = svg[svg.index("<svg") :].partition(">")
    spaces = " ".join(each for each in opened.split() if each.startswith("xmlns"))
    inside = inside[: inside.rindex("</svg>")]
    box = f'y="{top}" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f"<svg {spaces} {box}><title>{title}</title>{inside.partition('</title>')[2]}</svg>\n"


def _writer(frames: _Frames) -> Any:
    """A writer of matplotlib's, which hands on each frame; its class can be made once matplotlib is here."""
    base: Any = sys.modules[MODULE].AbstractMovieWriter

    class Writer(base):  # type: ignore[misc]
        """Takes the frames and writes no file."""

        def setup(self, fig: Any, outfile: str, dpi: float | None = None) -> None:
            self.fig, self.dpi = fig, dpi

        def grab_frame(self, **how: Any) -> None:
            frames.take()

        def finish(self) -> None:
            frames.end()

    return Writer()
