"""A loss curve as a small SVG, drawn without a plotting library so that a new log gives a small diff."""

from collections.abc import Mapping, Sequence

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 300, 46, 34, 12
COLOURS = ("#9e9e9e", "#3f51b5", "#e65100")


def curve(lines: Mapping[str, Points], unit: str = "nats per token") -> str:
    """Draw each named line of (step, loss) points over common axes; returns the SVG text."""
    last = max(x for points in lines.values() for x, _ in points)
    top = max(y for points in lines.values() for _, y in points)

    def place(x: float, y: float) -> str:
        across = LEFT + (WIDTH - LEFT - 10) * x / last
        down = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * y / top
        return f"{across:.1f},{down:.1f}"

    parts = [axis(last, top, unit)]
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        drawn = " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{drawn}"/>')
        parts.append(f'<text x="{WIDTH - 210}" y="{TOP + 16 + 16 * number}" fill="{colour}">{name}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    back = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([f'{head} font-family="sans-serif" font-size="11">', back, *parts, "</svg>"]) + "\n"


def axis(last: float, top: float, unit: str) -> str:
    """Both axes, labelled at each whole nat and at each quarter of the steps."""
    floor = HEIGHT - BOTTOM
    parts = [f'<path d="M{LEFT},{TOP}V{floor}H{WIDTH - 10}" fill="none" stroke="#616161"/>']
    for loss in range(int(top) + 1):
        y = floor - (floor - TOP) * loss / top
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#616161">{loss}</text>')
    for quarter in range(1, 5):
        x = LEFT + (WIDTH - LEFT - 10) * quarter / 4
        step = round(last * quarter / 4)
        parts.append(f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="end" fill="#616161">{step:,}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 4}" fill="#616161">loss, {unit}, by step</text>')
    return "\n".join(parts)
