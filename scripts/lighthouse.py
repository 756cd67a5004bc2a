"""Measure the built site with Google's Lighthouse, as on a phone, and keep the scores in scripts/lighthouse.json.

    npm install --prefix FOLDER lighthouse@12
    python scripts/lighthouse.py FOLDER/node_modules/.bin/lighthouse            # five pages, the heaviest among them
    python scripts/lighthouse.py FOLDER/node_modules/.bin/lighthouse methods    # one page

Build the site first, with an address, as a published one has: `SITE_URL=https://… make site`. Each page is served as
hosts serve it, compressed and with a lifetime, and measured three times; the run with the median of the performance
counts. The scores of performance depend on the machine and on what else it does; the others do not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

from screenshots import FLAGS, ROOT, SITE

RESULTS = Path(__file__).with_suffix(".json")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PAGES = ("", "deep-dive", "methods", "code-explanation", "errors/keyerror-bottleneck")
TURNS = 3
TEXTS = (".html", ".css", ".js", ".json", ".svg", ".xml", ".txt", ".md")


@lru_cache
def compressed(file: Path) -> bytes:
    """A file as it is sent."""
    return gzip.compress(file.read_bytes(), 9)


class AsHostsDo(SimpleHTTPRequestHandler):
    """A file server that compresses texts and lets a browser keep what it got."""

    protocol_version = "HTTP/1.1"

    def send_head(self) -> Any:
        """The head of an answer, and the body as a file."""
        file = Path(self.translate_path(self.path))
        file = file / "index.html" if file.is_dir() else file
        if file.suffix not in TEXTS or not file.is_file():
            return super().send_head()
        body = compressed(file)
        self.send_response(200)
        for name, value in (
            ("Content-Type", f"{self.guess_type(str(file))}; charset=utf-8"),
            ("Content-Encoding", "gzip"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "max-age=31536000"),
        ):
            self.send_header(name, value)
        self.end_headers()
        return BytesIO(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of the site for as long as the context lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(AsHostsDo, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def measure(lighthouse: str, url: str) -> dict[str, Any]:
    """One report of Lighthouse on a page."""
    asked = [lighthouse, url, "--output=json", "--quiet", f"--only-categories={','.join(CATEGORIES)}"]
    asked += [f"--chrome-flags={' '.join(FLAGS)}"]
    environment = {**os.environ, "CHROME_PATH": shutil.which("chromium") or ""}
    done = subprocess.run(asked, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def scores(report: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a report: the scores out of 100, the times, and what is wrong."""
    audits = report["audits"]
    work = audits["mainthread-work-breakdown"]["details"]["items"]
    wrong = {
        name: sorted(
            each["id"]
            for each in report["categories"][name]["auditRefs"]
            if each["weight"]
            and (audits[each["id"]]["score"] or 0) < 1
            and audits[each["id"]]["scoreDisplayMode"] != "notApplicable"
        )
        for name in CATEGORIES
        if name != "performance"
    }
    return {
        **{name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES},
        "first contentful paint, s": round(audits["first-contentful-paint"]["numericValue"] / 1000, 1),
        "largest contentful paint, s": round(audits["largest-contentful-paint"]["numericValue"] / 1000, 1),
        "total blocking time, ms": round(audits["total-blocking-time"]["numericValue"]),
        "layout shift": round(audits["cumulative-layout-shift"]["numericValue"], 3),
        "work of the page's thread, ms": {each["groupLabel"]: round(each["duration"]) for each in work},
        "wrong": {name: found for name, found in wrong.items() if found},
    }


def main() -> None:
    """Measure pages, print their scores, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lighthouse", help="the program, as npm installed it")
    parser.add_argument("pages", nargs="*", default=PAGES, help="addresses from the site's root; as it stands, five")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"how often each page is measured ({TURNS})")
    parser.add_argument("--site", type=Path, default=SITE)
    options = parser.parse_intermixed_args()  # which takes pages after an option, too
    kept: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"pages": {}}
    with served(options.site) as address:
        for page in options.pages:
            reports = [measure(options.lighthouse, f"{address}/{page}{'/' * bool(page)}") for _ in range(options.turns)]
            found = sorted(map(scores, reports), key=lambda each: each["performance"])
            middle = statistics.median_low(range(len(found)))
            kept["pages"][page or "start"] = found[middle]
            every = [each["performance"] for each in found]
            print(page or "start", json.dumps(found[middle]), "performance:", every, flush=True)
    cores, speed = os.cpu_count(), reports[0]["environment"]["benchmarkIndex"]
    kept |= {
        "on": date.today().isoformat(),
        "lighthouse": reports[0]["lighthouseVersion"],
        "form": "phone, as simulated by Lighthouse",
        "machine": f"{cores} cores, {platform.machine()}, benchmark index {speed:.0f}",
        "load of the machine": round(os.getloadavg()[0], 1),
    }
    RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"kept in {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
