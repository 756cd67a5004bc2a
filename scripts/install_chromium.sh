#!/bin/sh
# install_chromium.sh: install Debian's headless Chromium, which the tests look at the pages with, and curl, with which
# they fetch files as a reader does.
set -eu
if ! command -v apt-get >/dev/null; then
    echo "install_chromium.sh: there is no apt-get here. Install Chromium and curl so that 'chromium' and 'curl' are on the PATH." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium curl fonts-dejavu-core >/dev/null
