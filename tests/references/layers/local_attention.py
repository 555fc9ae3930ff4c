"""Griffin's local attention against the PyTorch code of its authors, whose window counts the tokens before."""
from types import SimpleNamespace

import numpy as np
import torch
from checkout import Module
from torch_modules import fill, tensor

REPOSITORY = "google-deepmind/recurrentgemma"
COMMIT = "2efa84dac0e68e63547a27a18fa943c98f1c312e"
FUNCTION = "LocalAttentionBlock of recurrentgemma/torch/modules.py"
CASES = ["--seed 1 --width 16", "--seed 2 --width 24 --length 150 --options '{\"heads\":3,\"window\":20}'"]


class Shapes:
    """Annotations of array shapes, which nothing is checked against."""

    typed = staticmethod(lambda function: function)

    def __getattr__(self, _):
        return torch.Tensor


def outputs(dump, source):
    around = SimpleNamespace(array_typing=Shapes(), layers=Module())
    module = source.module(
        "recurrentgemma/torch/modules.py", recurrentgemma=SimpleNamespace(common=Module(), torch=around),
        recurrentgemma__torch=around, recurrentgemma__common=Module()
    )
    ours, x = dump.params(), tensor(dump["x"])
    batch, length, width = x.shape
    heads, window = dump.config["heads"], dump.config["window"]
    each = width // heads
    model = module.LocalAttentionBlock(width, heads, window - 1).to(x.dtype)
    projections = np.split(ours["input"].T, [width, width + each])
    for name, weight in zip("qkv", projections):
        fill(getattr(model, f"proj_{name}").weight, weight)
    fill(model.proj_final.weight, ours["output.weight"].T)
    fill(model.proj_final.bias, ours["output.bias"])
    with torch.no_grad():
        y, _ = model(x, torch.arange(length).expand(batch, length), return_cache=False)
    last = lambda rows: np.concatenate([np.zeros((batch, window - 1, rows.shape[-1])), rows], 1)[:, -window + 1 :]
    states = {
        "state.keys": last(dump["x"] @ projections[1].T),
        "state.values": last(dump["x"] @ projections[2].T),
        "state.seen": last(np.ones((batch, length, 1))),
    }
    return {"y": y.numpy(), **states}
