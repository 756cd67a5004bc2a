"""The planets, as `data/planets.csv` has them, and a chart of them: what the cells of `planets.py` share."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from math import log10
from pathlib import Path


@dataclass(frozen=True)
class Planet:
    """A planet: its distance from the sun and its period, both in those of the Earth."""

    name: str
    distance: float
    period: float


def planets() -> list[Planet]:
    """All planets of the file."""
    with Path("data/planets.csv").open(encoding="utf-8", newline="") as file:
        return [Planet(row["name"], float(row["distance"]), float(row["period"])) for row in csv.DictReader(file)]


def planet(name: str) -> Planet:
    """The planet of that name; raises LookupError where the file has none."""
    for each in planets():
        if each.name == name:
            return each
    raise LookupError(f"data/planets.csv has no planet named {name}")


@dataclass(frozen=True)
class Chart:
    """Planets by distance and period, on scales by powers of ten; a page shows it as a drawing."""

    planets: list[Planet]

    def _repr_svg_(self) -> str:
        dots = []
        for each in self.planets:
            x, y = 95 + 150 * log10(each.distance), 190 - 65 * log10(each.period)
            dots.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="#3f7fd0"/>')
            dots.append(f'<text x="{x + 9:.0f}" y="{y + 5:.0f}">{each.name}</text>')
        axes = '<path d="M20 10V240H390" fill="none" stroke="black"/><text x="290" y="258">distance</text>'
        texts = f'{axes}<text x="28" y="20">period</text>{"".join(dots)}'
        head = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 265" width="400" font-size="13"'
        return f'<svg {head}><g font-family="sans-serif">{texts}</g></svg>'
