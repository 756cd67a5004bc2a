#!/bin/sh
# setup.sh WORK [PEER ...]: one virtual environment per peer under WORK/venvs; without names, those of the table.
#
# The model stack (torch, transformers, peft) is installed once, in WORK/venvs/stack. Every other environment sees it
# through a .pth file, so all peers import the very same files from the same page cache; where it was never installed,
# as for `growth`, nothing else needs it. This project's own
# environments and their floors take the versions of constraints.txt; the other generators take their newest.
# galley is installed anew from this checkout at every call. A peer that cannot be installed is named and skipped.
set -u
WORK=${1:?usage: setup.sh WORK [PEER ...]}
shift
PYTHON=${PYTHON:-python3}
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$WORK/venvs" "$WORK/logs"
WORK=$(cd "$WORK" && pwd)

packages() {
    case $1 in
        stack) echo "torch==2.13.0 transformers peft accelerate tokenizers" ;;
        material) echo "mkdocs<2 mkdocs-material" ;;
        zensical-static) echo "zensical" ;;
        galley) echo "$ROOT" ;;
        galley-then) echo "$WORK/then" ;; # another commit, which `python3 -m bench pairwise` has put there
        galley-zensical) echo "$ROOT zensical" ;;
        markdown-exec) echo "mkdocs<2 mkdocs-material markdown-exec[ansi]==1.12.6" ;;
        mkdocs-jupyter) echo "mkdocs<2 mkdocs-material mkdocs-jupyter ipykernel" ;;
        mkdocs-gallery) echo "mkdocs<2 mkdocs-material mkdocs-gallery matplotlib pillow" ;;
        myst-nb) echo "sphinx myst-nb jupyter-cache ipykernel furo" ;;
        sphinx-gallery) echo "sphinx sphinx-gallery matplotlib pillow furo" ;;
        jupyter-book) echo "jupyter-book>=2 jupyter-server ipykernel" ;;
        zensical) echo "zensical==0.0.73 markdown-exec[ansi]==1.12.6" ;;
        *) return 1 ;;
    esac
}

constraints() {
    case $1 in
        stack | material | zensical-static | galley | galley-zensical) echo "--constraint $ROOT/constraints.txt" ;;
        galley-then) echo "--constraint $WORK/then/constraints.txt" ;;
    esac
}

install() { # PEER VENV LOG
    set -f # packages such as mkdocs<2 and markdown-exec[ansi] are words, not patterns
    # shellcheck disable=SC2046
    "$PYTHON" -m venv "$2" >"$3" 2>&1 &&
        "$2/bin/python" -m pip install --quiet $(constraints "$1") $(packages "$1") >>"$3" 2>&1
    done=$?
    set +f
    return $done
}

see_stack() { # PEER VENV
    if [ "$1" != stack ] && [ -x "$WORK/venvs/stack/bin/python" ]; then
        site=$("$2/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        "$WORK/venvs/stack/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$site/stack.pth"
    fi
}

[ $# -gt 0 ] || set -- stack material zensical-static galley galley-zensical
for peer in "$@"; do
    packages "$peer" >/dev/null || { echo "$peer: unknown" >&2; continue; }
    venv=$WORK/venvs/$peer
    log=$WORK/logs/setup-$peer.log
    if [ -f "$venv/.done" ]; then
        case $peer in
            galley | galley-zensical) "$venv/bin/python" -m pip install --quiet --force-reinstall --no-deps "$ROOT/scripts/galley" ;;
        esac
        see_stack "$peer" "$venv"
        echo "$peer: already there"
        continue
    fi
    rm -rf "$venv"
    if install "$peer" "$venv" "$log"; then
        see_stack "$peer" "$venv"
        : >"$venv/.done"
        echo "$peer: ok"
    else
        echo "$peer: NOT INSTALLED, last lines of $log:" >&2
        tail -3 "$log" >&2
    fi
done
