"""Where readers find the built site and its sources: the builder's own settings `site_url` and `repo_url`.

In the command and in the builder. Every address outside the site that a page, a script or a notebook names is made
from these two.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

# Names that lead nowhere: RFC 2606 keeps them for examples, and nobody can own them.
RESERVED = ("invalid", "example", "test", "example.com", "example.net", "example.org")
LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
COLAB = "https://colab.research.google.com/github"
KAGGLE = "https://www.kaggle.com/kernels/welcome?src="
GITHUB, PAGES = "github.com", ".github.io"


@dataclass(frozen=True)
class Site:
    """The addresses of a site and of its repository; each is empty where it is not set or a placeholder.

    `branch` is the branch from which GitHub Pages serves the site, the builder's setting `remote_branch`.
    """

    address: str = ""  # ends with a slash
    repository: str = ""
    branch: str = ""

    @classmethod
    def of(cls, site_url: object, repo_url: object, branch: object) -> Site:
        """What a builder's settings say; a placeholder says nothing."""
        found = [str(each or "").strip().rstrip("/") for each in (site_url, repo_url)]
        site, repository = ("" if is_placeholder(each) else each for each in found)
        return cls(f"{site}/" if site else "", repository, str(branch or ""))

    @property
    def is_local(self) -> bool:
        """Whether the site's address is one of this very machine, as in the live preview."""
        return (urlsplit(self.address).hostname or "") in LOCAL

    def launches(self, notebook: str) -> list[tuple[str, str]]:
        """Services that open the notebook at an address of the site, each with its title and its address.

        Colab opens what lies in a repository at GitHub; that of a site of GitHub Pages does, in the site's branch.
        """
        found = []
        repository, site = urlsplit(self.repository), urlsplit(self.address)
        if repository.hostname == GITHUB and self.branch and (site.hostname or "").endswith(PAGES):
            found.append(("Colab", f"{COLAB}{repository.path}/blob/{quote(self.branch)}/{quote(notebook)}"))
        if self.address and not self.is_local:
            found.append(("Kaggle", KAGGLE + quote(f"{self.address}{notebook}", safe="")))
        return found


NOWHERE = Site()


def is_placeholder(address: str) -> bool:
    """Whether an address leads nobody anywhere: it is no web address, or has a host that is kept for examples."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return True
    nowhere = any(host == name or host.endswith(f".{name}") for name in RESERVED)
    return parts.scheme not in ("http", "https") or not host or nowhere
