"""Training steps of PyTorch modules with the fastest of its Adams."""
import re
import time

import torch
from serve_steps import loaded_blas, unavailable


def make_step(model, loss_of, **implementation):
    """One step of a loss without arguments."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, **implementation)

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def seconds(step):
    step()
    start = time.perf_counter()
    for _ in range(5):
        step()
    return time.perf_counter() - start


def fastest(model, loss_of):
    """Seconds of five steps, the name of the Adam, and the step."""
    timed = []
    for implementation in ({"foreach": False}, {"foreach": True}, {"fused": True}):
        try:
            step = make_step(model, loss_of, **implementation)
            timed.append((seconds(step), next(iter(implementation)) if any(implementation.values()) else "plain", step))
        except (RuntimeError, TypeError):  # an old version without it
            continue
    return min(timed, key=lambda item: item[0])


def compiled(model, loss_of, *batch):
    """The loss by torch.compile, after a first step; ends the process with the reason where it does not compile."""
    if not hasattr(torch, "compile"):
        unavailable(f"PyTorch {torch.__version__} has no torch.compile")
    faster = torch.compile(loss_of)
    try:
        make_step(model, lambda: faster(*batch))()
    except Exception as error:  # of many kinds, from Python to the C++ compiler
        unavailable(f"does not compile: {type(error).__name__}: {str(error)[:300]}")
    return faster


def description(adam):
    blas = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    backend = re.search(r"ATen parallel backend: (\w+)", torch.__config__.parallel_info())
    return (
        f"PyTorch {torch.__version__}, {backend.group(1) if backend else '?'}, "
        f"BLAS {blas.group(1) if blas else '?'} ({loaded_blas() or 'built in'}), Adam {adam}"
    )
