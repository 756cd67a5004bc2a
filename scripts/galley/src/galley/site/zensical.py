"""In the builder: has Zensical build a site beside the folder of that name, and leave the project alone.

    python -m galley.site.zensical SETTINGS SITE

Zensical itself writes into the folders `site` and `.cache` beside its settings, and empties both. It converts no page
again whose Markdown is what it was, so that a record that was made anew would not be shown: here its cache is new. It
takes folders by their names alone. So the folder that holds the site stands in for the project, with a link to its
pages, and galley's extension is told where page and site truly are.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import zensical
from zensical import config as reading

from galley.site.builders import META


def main() -> None:
    """Build, as the command line says; Zensical ends the process with 1 where it cannot, or where it warns."""
    settings, site = Path(sys.argv[1]), Path(sys.argv[2])
    parse = reading.parse_config

    def parsed(path: str) -> dict[str, Any]:
        config: dict[str, Any] = parse(str(settings))
        docs = settings.parent / config.get("docs_dir", "docs")
        site.with_name("docs").symlink_to(docs)
        config.update({META: (str(docs), str(site)), "docs_dir": "docs", "site_dir": site.name})
        return config

    reading.parse_config = parsed
    stand_in = site.with_name(settings.name)
    stand_in.write_bytes(settings.read_bytes())
    try:
        zensical.build(str(stand_in), {"clean": False, "strict": True})
    except RuntimeError as error:  # it has told its warnings, and says that it stops there
        sys.exit(str(error))


if __name__ == "__main__":
    main()
