"""The log of a training run, from which its card is made and a resumed run reads: one JSON object a line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Log:
    """A JSONL file of events: each has a name, `event`, and those of training also have `step`."""

    path: Path

    def write(self, event: str, **fields: Any) -> None:
        """Append one event."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, **fields}) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """All events, oldest first."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def rewind(self, step: int) -> None:
        """Drop what was logged after `step`: a resumed run does those steps again."""
        kept = [e for e in self.read() if e.get("step", 0) <= step]
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text("".join(json.dumps(e) + "\n" for e in kept), encoding="utf-8")
        temporary.replace(self.path)


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
