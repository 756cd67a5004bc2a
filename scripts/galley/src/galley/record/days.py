"""Days in records and in the list of held pages: whether one is a day, and has been.

In every process.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def today() -> str:
    """The day, in UTC, as records have it."""
    return datetime.now(UTC).date().isoformat()


def date_fault(said: str) -> str:
    """What is wrong with a date in ISO 8601; a day more than today's is a clock that is not quite right."""
    try:
        day = date.fromisoformat(said)
        if day.isoformat() != said:
            raise ValueError(said)
    except ValueError:
        return f"its date, {said!r:.40}, is none"
    return f"its date, {said}, lies in the future" if day > datetime.now(UTC).date() + timedelta(days=1) else ""
