"""What of a measured cell's text is a measurement: a time, an amount of memory, or a rate.

In the command. Another run measures another number there, so these numbers are masked when outputs are compared. All
other numbers of the cell, such as losses and counts, repeat, and are compared like any text. A number is a measurement
where its unit stands behind it, or where the name in front of it says so.
"""

from __future__ import annotations

import re

from galley.record.normalise import PADDING

TIME = r"(?:ns|us|µs|μs|ms|s|secs?|seconds?|mins?|minutes?|h|hours?|days?)"
MEMORY = r"(?:[kKMGTP]i?B|(?:kilo|mega|giga|tera)?bytes?)"
EACH = r"(?:a|per|each|every) (?:second|minute|hour|day)"
FASTER = r"(?:x|×|times) (?:faster|slower|as fast|as slow|the speed)"
COUNTED = rf"[\w.]{{1,40}} ?/ ?{TIME}|{TIME} ?/ ?\w{{1,40}}|(?:[\w.]{{1,40}} ){{0,3}}{EACH}"
UNIT = rf" ?(?:{COUNTED}|{FASTER}|{TIME}|{MEMORY}|[kMGT]?Hz|[kKMGTP]?(?:FLOPS?|OPS))(?!\w)"
NUMBER = r"[-+]?\d++(?:[.,:]\d++)*+(?:e[+-]?\d++)?+"
# A name with `:` or `=` behind it if there is one, a number, and its unit if there is one. A number is taken whole
# whether it is a measurement or not, so that no part of it is looked at twice.
MEASURED = re.compile(
    rf"""(?<![\w.])(?P<before>(?:(?P<name>[A-Za-z_]\w*+)['"]? ?[:=] ?['"]?)?){NUMBER}(?P<unit>{UNIT})?"""
)
NAMES = frozenset(
    (
        *("time", "runtime", "walltime", "elapsed", "duration", "latency", "took", "second", "seconds", "sec", "secs"),
        *("ms", "ns", "us", "minutes", "hours", "memory", "bandwidth", "throughput", "speed", "kb", "mb", "gb"),
    )
)


def mask_measured(text: str) -> str:
    """`text` with every measurement masked, and each run of spaces beside a number as one space.

    In a table, a number that grows by a digit takes one space of the padding beside it.
    """
    return MEASURED.sub(_masked, PADDING.sub(" ", text))


def _masked(found: re.Match[str]) -> str:
    if found["unit"] is None and not NAMES.intersection((found["name"] or "").lower().split("_")):
        return found[0]
    return f"{found['before']}#{found['unit'] or ''}"
