"""RG-LRU against the PyTorch code of its authors."""
from types import SimpleNamespace

import torch
from torch_modules import fill, tensor

REPOSITORY = "google-deepmind/recurrentgemma"
COMMIT = "2efa84dac0e68e63547a27a18fa943c98f1c312e"
FUNCTION = "RGLRU of recurrentgemma/torch/layers.py"
CASES = ["--seed 1", "--seed 2 --width 6 --length 150 --options '{\"heads\":3,\"minRadius\":0.2}'"]


def build(source, config):
    class Shapes:
        """Annotations of array shapes, which nothing is checked against."""

        typed = staticmethod(lambda function: function)

        def __getattr__(self, _):
            return torch.Tensor

    shapes = Shapes()
    around = SimpleNamespace(array_typing=shapes)
    module = source.module("recurrentgemma/torch/layers.py", recurrentgemma__torch=around)
    return module.RGLRU(config["width"], config["heads"])


def forward(model, x):
    """y and the last state of sequences from their first token on."""
    return model(x, torch.arange(x.shape[1]).expand(x.shape[:2]))


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    width, heads = dump.config["width"], dump.config["heads"]
    each = width // heads
    model = build(source, dump.config).to(x.dtype)
    for k, gate in enumerate([model.input_gate, model.a_gate]):
        fill(gate.w, ours["gates"][:, :, k * each : (k + 1) * each])
        fill(gate.b, ours["bias"][k * width : (k + 1) * width].reshape(heads, each))
    fill(model.a_param, ours["decay"])
    batch = x.shape[0]
    with torch.no_grad():
        y, h = forward(model, x)
    return {"y": y.numpy(), "state.h": h.numpy(), "state.first": torch.zeros(batch, 1).numpy()}
