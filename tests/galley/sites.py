"""A site of one page without galley, and what `galley add` would change in it."""

from __future__ import annotations

from pathlib import Path

from galley.start.added import plan
from guide_folder import GuideFolder


def site(root: Path, settings: str | bytes = "site_name: A site\n", name: str = "mkdocs.yml") -> GuideFolder:
    """A site of one page."""
    (root / "docs").mkdir(parents=True, exist_ok=True)
    (root / "docs/index.md").write_text("# Home\n\n!!! note\n\n    Words.\n")
    (root / name).write_bytes(settings if isinstance(settings, bytes) else settings.encode())
    return GuideFolder(root)


def files_of(root: Path) -> dict[str, bytes]:
    """Every file, with its bytes."""
    paths = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def changed(root: Path, **asked: str) -> dict[str, str]:
    """The new texts of what would be changed."""
    return {each.path.as_posix(): each.new for each in plan(root, **asked).changes}
