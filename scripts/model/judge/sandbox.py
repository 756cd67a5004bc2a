"""The program in which answers run. It is started in a clean interpreter and never sees an expected value.

Usage: python -P -s -S sandbox.py FOLDER LIMITS, where LIMITS is JSON. It reads one request a line, forks a
child for it, and writes one reply a line. A child reaches no file, network or process. The judge starts this program
in galley's sandbox, the one in which pages run. A child of root also becomes the user nobody, in an empty root folder.
In any case a child's limits forbid new file descriptors and processes, and an audit hook ends it at the first attempt.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import selectors
import signal
import sys
import time
from typing import Any, NoReturn

confine: Any
wire: Any


def main(folder: str, limits: dict[str, Any]) -> None:
    """Serve requests from standard input until it ends."""
    for name in (*confine.MODULES, *confine.LAZY):
        importlib.import_module(name)
    gc.disable()
    gc.freeze()
    for line in sys.stdin.buffer:
        reply = run(json.loads(line), folder, limits)
        sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
        sys.stdout.buffer.flush()


def run(request: dict[str, Any], folder: str, limits: dict[str, Any]) -> dict[str, Any]:
    """Run one answer in a child and return its report, what stopped it, and its exit status."""
    report, output = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            confine.leave_machine(folder, report[1], output[1])
            confine.limit(limits["cpu_seconds"], limits["wall_seconds"], limits["memory_bytes"])
            answer(request)
        finally:
            os._exit(70)
    os.close(report[1])
    os.close(output[1])
    text, stopped = collect(report[0], output[0], limits)
    for kill in (os.killpg, os.kill):  # the child may not have made its group yet
        with contextlib.suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"report": text, "stopped": stopped, "status": status}


def collect(report: int, output: int, limits: dict[str, Any]) -> tuple[str, str]:
    """Return what the child reports, and "time" or "output" if it must be stopped. Printed text is dropped."""
    deadline = time.monotonic() + limits["wall_seconds"]
    sizes = {report: 0, output: 0}
    chunks: list[bytes] = []
    stopped = ""
    with selectors.DefaultSelector() as selector:
        for fd in sizes:
            selector.register(fd, selectors.EVENT_READ)
        while selector.get_map() and not stopped:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            stopped = "" if ready else "time"
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                sizes[key.fd] += len(data)
                if not data:
                    selector.unregister(key.fd)
                elif key.fd == report:
                    chunks.append(data)
                if sizes[key.fd] > limits["output_bytes"]:
                    stopped = "output"
    os.close(report)
    os.close(output)
    return b"".join(chunks).decode(errors="replace"), stopped


def answer(request: dict[str, Any]) -> NoReturn:
    """Run the answer on each list of arguments, report the results on descriptor 3, and end this process."""
    write, leave = os.write, os._exit
    dumps, encode, decode = json.dumps, wire.encode, wire.decode

    def report(**content: object) -> NoReturn:
        data = dumps(content).encode()
        while data:
            data = data[write(3, data) :]
        leave(0)

    namespace = {"__name__": "answer", "__builtins__": confine.restricted(report)}
    confine.guard(report)
    random.seed(0)
    results = []
    try:
        exec(compile(request["code"], "<answer>", "exec"), namespace)
        function: Any = namespace[request["function"]]
        for case in request["cases"]:
            args = decode(case)
            result = function(*args)
            results.append([encode(result), encode(args[0] if args else None)])
    except BaseException as error:
        report(error=f"{type(error).__name__}: {error}"[:200])
    report(results=results)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    confine, wire = importlib.import_module("confine"), importlib.import_module("wire")
    del sys.path[0]
    main(sys.argv[1], json.loads(sys.argv[2]))
