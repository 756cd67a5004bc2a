"""`python snippets/loading`: see `commands`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from loading.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
