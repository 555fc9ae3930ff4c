"""Training steps of published PyTorch implementations, as tests/references runs them, to be measured beside ours.

Usage: python3 published_steps.py LAYER CONFIG THREADS DIR; speaks steps/protocol.ts. CONFIG is our layer's as JSON, DIR holds clones
(tests/references/README.md). Where several forms were published, the fastest one counts.
"""
import json
import sys
from pathlib import Path

from serve_steps import serve, unavailable

sys.path.append(str(Path(__file__).resolve().parent.parent / "references"))
try:
    import torch
    from compare import reference_of, source_of
    from torch_training import description, fastest, make_step, seconds
except ImportError as error:
    unavailable(error)

# Options of `build` where a reference has several forms: chunks as published and the next sizes that can pay. (Token by token, or in
# the parallel form, the delta rule takes twice as long as in chunks of 16, and in chunks of 64 six times.)
CHUNKS = (16, 32, 64)
FORMS = {
    "gated_deltanet": [{"rule": "naive_chunk_gated_delta_rule", "chunk_size": size} for size in CHUNKS],
    "kda": [{"rule": "naive_chunk_kda", "chunk_size": size} for size in CHUNKS],
    "rwkv7": [{}, *({"rule": "dplr_chunkwise", "chunk_size": size} for size in (16, 32))],
    "deltanet": [{"rule": "delta_rule_chunkwise", "chunk_size": size} for size in (16, 32)],
    "mamba2": [
        *({"rule": "ssd_minimal_discrete", "block": size} for size in (64, 32)),
        *({"rule": "ssd_chunk_scan_combined_ref", "block": size} for size in (32, 16)),
    ],
}

layer, config, threads, directory = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
torch.manual_seed(0)
try:
    reference = reference_of(layer)
    source = source_of(reference, directory)
except Exception as error:
    unavailable(error)
x = torch.randn(32, 128, config["width"])


def training(form):
    built = reference.build(source, config, **form)
    model = built[0] if isinstance(built, tuple) else built
    forward = getattr(reference, "forward", lambda model, x: model(x))

    def loss_of():
        y = forward(model, x)
        return ((y[0] if isinstance(y, tuple) else y) - x).square().mean()

    return model, loss_of


forms = FORMS.get(layer, [{}])
form = min(forms, key=lambda form: seconds(make_step(*training(form)))) if len(forms) > 1 else forms[0]
_, adam, step = fastest(*training(form))
chosen = ", ".join(f"{name} {value}" for name, value in form.items())
serve(f"{source}{f' ({chosen})' if chosen else ''}, {description(adam)}", step)
