"""Answers the lines of steps/protocol.ts for a training step in Python."""
import os
import resource
import sys
import time


def unavailable(reason):
    print("unavailable", " ".join(str(reason).split()), flush=True)
    sys.exit()


def use_processors(count):
    """Keeps the process, and what it starts, on so many processors; before libraries size their thread pools."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def loaded_blas():
    """Shared BLAS libraries that the process has loaded; a library may also hold one of its own."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if "blas" in line or "libmkl" in line}
    except OSError:
        return ""
    # Not those of the GPU, nor the one that NumPy brings along for itself.
    named = {os.path.join(*path.split("/")[-2:]) for path in paths if ".so" in path}
    return ", ".join(sorted(name for name in named if "cublas" not in name and "numpy" not in name))


def serve(description, step):
    for _ in range(3):
        step()
    print("ready", " ".join(description.split()), flush=True)
    faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for line in sys.stdin:
        steps = int(line)
        step()
        before, start = faults(), time.perf_counter()
        for _ in range(steps):
            step()
        seconds = time.perf_counter() - start
        print(seconds / steps, (faults() - before) / steps, flush=True)
