"""sLSTM against the plain PyTorch form of the published cell, without the projections, convolution and norm around it."""
import torch
from torch_modules import tensor

REPOSITORY = "automl/unlocking_state_tracking"
COMMIT = "df8f84071e2d81783c73dbfc44a96e60f495c694"
FUNCTION = "slstm_forward_pointwise of xlstm/xlstm/blocks/slstm/src/vanilla/slstm.py"
CASES = ["--seed 1", "--seed 2 --width 6 --length 150 --options '{\"heads\":3}'"]


def outputs(dump, source):
    step = source.module("xlstm/xlstm/blocks/slstm/src/vanilla/slstm.py").slstm_forward_pointwise
    ours = {name: tensor(value) for name, value in dump.params().items()}
    x = tensor(dump["x"])
    batch, length, width = x.shape
    heads = dump.config["heads"]
    each = width // heads
    states = torch.zeros(4, batch, width, dtype=x.dtype)
    tokens = []
    for t in range(length):
        fed = torch.einsum("bhi,hij->bhj", states[0].view(batch, heads, each), ours["recurrent"])
        fed = fed.view(batch, heads, 4, each).transpose(1, 2).reshape(batch, 4 * width)
        states, _ = step(x[:, t] @ ours["input.weight"], fed, ours["input.bias"][None], states, {})
        tokens.append(states[0])
    y, c, n, m = states
    return {
        "y": torch.stack(tokens, 1).numpy(),
        "state.h": y.numpy(),
        "state.c": c.numpy(),
        "state.n": n.numpy(),
        "state.m": m.numpy(),
    }
