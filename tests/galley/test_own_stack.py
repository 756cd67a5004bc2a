"""The stack of a page ends where the page begins, as in plain Python."""

from __future__ import annotations

import subprocess
import sys

from guide_folder import GuideFolder

PAGE = """\
# %% lists
import inspect, sys, traceback
def deeper():
    return [each.function for each in inspect.stack()], [each.name for each in traceback.extract_stack()]
print(deeper(), len(inspect.stack(0)), len(inspect.getouterframes(inspect.currentframe())))
print(traceback.format_stack(), [frame.f_lineno for frame, line in traceback.walk_stack(inspect.currentframe())])
print(traceback.StackSummary.extract(traceback.walk_stack(None))[-1].name)
# %% depth
def depth(number=0):
    try:
        while sys._getframe(number):
            number += 1
    except ValueError as error:
        return number, str(error)
print(depth(), sys._getframe().f_code.co_name, sys._getframe(0).f_lineno)
# %% value
[each.function for each in inspect.stack()]
# %% libraries
import collections, logging, warnings
print(collections.namedtuple("Point", "x y").__module__)
logging.basicConfig(stream=sys.stdout, format="%(funcName)s %(lineno)d")
logging.warning("")
# %% last
import atexit
done = atexit.register(lambda: print([each.function for each in inspect.stack()]))
"""


def test_it_is_the_one_of_plain_python(tmp_path_factory) -> None:
    folder = GuideFolder.make(tmp_path_factory.mktemp("guide"))
    folder.snippet("page", PAGE)
    ended = folder.run()
    assert not ended.failures
    file = folder.root / "snippets/page.py"
    plain = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True).stdout
    plain = plain.replace(f"{file.parent}/", "").replace('page.py", line 6', 'page.py"')  # as records have it
    parts = [folder.output("page", f"{cell}.stdout.txt") for cell in ("lists", "depth", "libraries", "last")]
    assert "".join(parts) == plain
    assert "['<module>']" in folder.output("page", "value.value.txt")


def test_a_frame_of_galley_that_a_page_goes_to_by_hand_names_no_folder_of_the_machine(tmp_path_factory) -> None:
    folder = GuideFolder.make(tmp_path_factory.mktemp("guide"))
    folder.snippet("page", "# %% one\nimport sys\nprint(sys._getframe().f_back.f_code.co_filename)\n")
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt") == "<galley>/run/execute.py\n"
