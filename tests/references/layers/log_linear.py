"""Log-linear attention against the plain form of flash-linear-attention, called for our queries, keys, values, factors and weights."""
import numpy as np
import torch
from torch_modules import tensor

REPOSITORY = "fla-org/flash-linear-attention"
COMMIT = "bc3b101dcb713ddc5bd8924b66754eb68b5ccf89"
FUNCTION = "naive_log_linear_attn of fla/ops/log_linear_attn/naive.py"
CASES = ["--seed 1", "--seed 2 --width 6 --length 150 --options '{\"heads\":2}'"]


def outputs(dump, source):
    naive = source.module("fla/ops/log_linear_attn/naive.py")
    ours, x = dump.params(), dump["x"]
    heads, levels = dump.config["heads"], dump.config["levels"]
    batch, length, width = x.shape
    q, k, v = (part.reshape(batch, length, heads, -1) for part in np.split(x @ ours["input"], 3, -1))
    q = q / np.sqrt(width // heads)
    logits = x @ ours["decay.weight"] + ours["decay.bias"]
    g = -np.logaddexp(0, -logits)
    weights = np.logaddexp(0, x @ ours["level.weight"] + ours["level.bias"])
    weights = weights.reshape(batch, length, levels, heads).transpose(0, 1, 3, 2)
    read = naive.naive_log_linear_attn(*map(tensor, (q, k, v, g, weights))).numpy()
    # The tree that the last token sees: by the bits of its position, blocks of as many tokens.
    memory = np.zeros((batch, levels, heads, width // heads, width // heads))
    left = np.exp(g.sum(1, keepdims=True) - np.cumsum(g, 1))
    end, blocks = length - 1, [(0, length - 1, length)]
    for level in range(1, levels):
        size = 1 << (level - 1)
        if (length - 1) & size:
            blocks.append((level, end - size, end))
            end -= size
    for level, start, stop in blocks:
        part = slice(start, stop)
        memory[:, level] = np.einsum("bth,bthk,bthv->bhkv", left[:, part], k[:, part], v[:, part])
    return {"y": read.reshape(x.shape) @ ours["output"], "state.memory": memory, "state.position": np.array(length)}
