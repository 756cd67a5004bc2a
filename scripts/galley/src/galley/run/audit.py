"""The audit events of Python: which of them tell of a file that a page reads, changes or lists, and which do not.

In a page's child. The table has every event that the documentation of Python 3.11 to 3.13 lists, and a few that Python
raises without listing them. Each is heard, or says why not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from galley.system import path_of


@dataclass(frozen=True)
class Heard:
    """Which arguments of an event are paths, by position, and what happens to the files there.

    `beside` has the position of the folder that a relative path is from, its path or its descriptor, by the path's own
    position.
    """

    reads: tuple[int, ...] = ()
    changes: tuple[int, ...] = ()
    lists: tuple[int, ...] = ()
    beside: Mapping[int, int] = field(default_factory=dict)
    programs: bool = False  # a path without a slash is a name that is looked for elsewhere


HEARD: dict[str, Heard] = {
    "ctypes.dlopen": Heard(reads=(0,)),
    "os.chmod": Heard(changes=(0,), beside={0: 2}),
    "os.exec": Heard(reads=(0,), programs=True),
    "os.link": Heard(reads=(0,), changes=(1,), beside={0: 2, 1: 3}),  # the file has another name from then on
    "os.listdir": Heard(lists=(0,)),
    "os.mkdir": Heard(changes=(0,), beside={0: 2}),
    "os.posix_spawn": Heard(reads=(0,), programs=True),
    "os.remove": Heard(changes=(0,), beside={0: 1}),
    "os.rename": Heard(changes=(0, 1), beside={0: 2, 1: 3}),
    "os.rmdir": Heard(changes=(0,), beside={0: 1}),
    "os.scandir": Heard(lists=(0,)),
    "os.symlink": Heard(changes=(1,), beside={1: 2}),
    "os.truncate": Heard(changes=(0,)),
    "os.utime": Heard(changes=(0,), beside={0: 3}),
    "shutil.copyfile": Heard(reads=(0,), changes=(1,)),
    "shutil.copymode": Heard(changes=(1,)),
    "shutil.copystat": Heard(changes=(1,)),
    "shutil.copytree": Heard(lists=(0,), changes=(1,)),
    "shutil.make_archive": Heard(changes=(0,)),
    "shutil.move": Heard(changes=(0, 1)),
    "shutil.rmtree": Heard(changes=(0,), beside={0: 1}),
    "shutil.unpack_archive": Heard(reads=(0,)),
    "sqlite3.connect": Heard(reads=(0,), changes=(0,)),  # SQLite opens the file itself
    "sqlite3.load_extension": Heard(reads=(1,)),
    "subprocess.Popen": Heard(reads=(0,), beside={0: 2}, programs=True),
    "tempfile.mkdtemp": Heard(changes=(0,)),
    "tempfile.mkstemp": Heard(changes=(0,)),
}

# Events that the watch takes apart by itself.
OPEN = "open"
GLOBS: dict[str, Callable[..., tuple[Any, Any]]] = {  # the folder and the pattern of each
    "glob.glob/2": lambda pattern, recursive, root, folder: (root if folder is None else path_of(folder), pattern),
    "pathlib.Path.glob": lambda folder, pattern: (folder, pattern),
    "pathlib.Path.rglob": lambda folder, pattern: (folder, f"**/{pattern}"),
}

# Each reason, and the events that are not heard for it.
_REASONS: tuple[tuple[str, str], ...] = (
    (
        "It tells of the interpreter and its objects, and of no file.",
        """
        _thread.start_joinable_thread _thread.start_new_thread array.__new__ builtins.breakpoint builtins.id
        builtins.input builtins.input/result code.__new__ compile cpython.PyInterpreterState_Clear
        cpython.PyInterpreterState_New cpython._PySys_ClearAuditHooks exec function.__new__ gc.get_objects
        gc.get_referents gc.get_referrers marshal.dumps marshal.load marshal.loads object.__delattr__
        object.__getattr__ object.__setattr__ os.chdir os.putenv os.unsetenv pdb.Pdb pickle.find_class
        setopencodehook signal.pthread_kill sys._current_exceptions sys._current_frames sys._getframe
        sys._getframemodulename sys.addaudithook sys.excepthook sys.monitoring.register_callback
        sys.set_asyncgen_hooks_finalizer sys.set_asyncgen_hooks_firstiter sys.setprofile sys.settrace
        sys.unraisablehook time.sleep
        """,
    ),
    (
        "It tells of memory, and of no file.",
        """
        ctypes.PyObj_FromPtr ctypes.addressof ctypes.call_function ctypes.cdata ctypes.cdata/buffer
        ctypes.create_string_buffer ctypes.create_unicode_buffer ctypes.dlsym ctypes.dlsym/handle
        ctypes.get_errno ctypes.get_last_error ctypes.seh_exception ctypes.set_errno ctypes.set_exception
        ctypes.set_last_error ctypes.string_at ctypes.wstring_at
        """,
    ),
    (
        "It is raised while an interpreter starts, before the watch does.",
        """
        cpython.run_command cpython.run_file cpython.run_interactivehook cpython.run_module
        cpython.run_startup cpython.run_stdin
        """,
    ),
    (
        "The file itself is opened under the event `open`.",
        "ensurepip.bootstrap sqlite3.connect/handle sqlite3.enable_load_extension",
    ),
    (
        "Each folder on its way is listed under the event `os.scandir`.",
        "os.fwalk os.walk",
    ),
    (
        "It is always followed by `glob.glob/2`, which tells more.",
        "glob.glob",
    ),
    (
        "A module that was loaded counts by its file, and one looked for in vain is told by the import system.",
        "import",
    ),
    (
        "It has a descriptor, whose file was opened under the event `open`.",
        "fcntl.fcntl fcntl.flock fcntl.ioctl fcntl.lockf mmap.__new__ os.lockf",
    ),
    (
        "What another process opens is told by the kernel; where it is not, a cell declares it with `uses`.",
        "os.fork os.forkpty os.kill os.killpg os.spawn os.system pty.spawn webbrowser.open",
    ),
    (
        "It tells of the network, and of no file of the project.",
        """
        ftplib.connect ftplib.sendcmd http.client.connect http.client.send imaplib.open imaplib.send
        nntplib.connect nntplib.putline poplib.connect poplib.putline smtplib.connect smtplib.send
        socket.__new__ socket.bind socket.connect socket.getaddrinfo socket.gethostbyaddr
        socket.gethostbyname socket.gethostname socket.getnameinfo socket.getservbyname socket.getservbyport
        socket.sendmsg socket.sendto socket.sethostname telnetlib.Telnet.open telnetlib.Telnet.write
        urllib.Request
        """,
    ),
    (
        "An owner, a flag or an extended attribute is no part of what is digested.",
        "os.chflags os.chown os.getxattr os.listxattr os.removexattr os.setxattr shutil.chown",
    ),
    (
        "It tells of the machine, and of no file of the project.",
        "resource.prlimit resource.setrlimit syslog.closelog syslog.openlog syslog.setlogmask syslog.syslog",
    ),
    (
        "It is raised on Windows alone, where galley runs no pages.",
        """
        _winapi.CreateFile _winapi.CreateJunction _winapi.CreateNamedPipe _winapi.CreatePipe
        _winapi.CreateProcess _winapi.OpenProcess _winapi.TerminateProcess msvcrt.get_osfhandle
        msvcrt.locking msvcrt.open_osfhandle os.add_dll_directory os.listdrives os.listmounts os.listvolumes
        os.startfile os.startfile/2 winreg.ConnectRegistry winreg.CreateKey winreg.DeleteKey
        winreg.DeleteValue winreg.DisableReflectionKey winreg.EnableReflectionKey winreg.EnumKey
        winreg.EnumValue winreg.ExpandEnvironmentStrings winreg.LoadKey winreg.OpenKey winreg.OpenKey/result
        winreg.PyHKEY.Detach winreg.QueryInfoKey winreg.QueryReflectionKey winreg.QueryValue winreg.SaveKey
        winreg.SetValue
        """,
    ),
)

NOT_HEARD: dict[str, str] = {event: reason for reason, events in _REASONS for event in events.split()}


def path_in(arguments: tuple[Any, ...], position: int, heard: Heard) -> str | None:
    """The absolute path of an argument of an event; None where it names no file."""
    given = arguments[position] if position < len(arguments) else None
    if isinstance(given, int):
        return path_of(given)
    if given is None and position in heard.lists:
        given = "."
    if not isinstance(given, str | bytes | os.PathLike):
        return None
    path = os.fsdecode(given)
    if heard.programs and "/" not in path:
        return None
    if path.startswith("file:"):  # as SQLite takes it
        path = unquote(path.removeprefix("file:").partition("?")[0])
    beside = heard.beside.get(position, len(arguments))
    folder = arguments[beside] if beside < len(arguments) else None
    if isinstance(folder, int) and folder >= 0 and not os.path.isabs(path):
        above = path_of(folder)
        return above and os.path.abspath(os.path.join(above, path))
    if isinstance(folder, str | bytes | os.PathLike):
        return os.path.abspath(os.path.join(os.fsdecode(folder), path))
    return os.path.abspath(path)
