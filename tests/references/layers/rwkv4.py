"""
RWKV-4 against the time mixing of the package transformers. Its stabiliser is the maximum itself, ours a whole number near the logarithm of
the denominator; sums are in units of its exponential. Theirs keeps its own share of a token, ours has that of the one before.
"""
import numpy as np
import torch
from torch_modules import fill, tensor
from transformers import RwkvConfig
from transformers.models.rwkv.modeling_rwkv import RwkvSelfAttention

PACKAGE = "transformers"
FUNCTION = "RwkvSelfAttention on rwkv_linear_attention_cpu of models/rwkv/modeling_rwkv.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150"]


def outputs(dump, _):
    ours, x = dump.params(), tensor(dump["x"])
    width = dump.config["width"]
    model = RwkvSelfAttention(RwkvConfig(hidden_size=width, attention_hidden_size=width, num_hidden_layers=1)).to(x.dtype)
    model.layer_id = 0
    fill(model.time_decay, ours["decay"])
    fill(model.time_first, ours["bonus"])
    for name, share in zip(("key", "value", "receptance"), ours["mix"]):
        fill(getattr(model, f"time_mix_{name}"), 1 - share[None, None])
        fill(getattr(model, name).weight, ours[name].T)
    fill(model.output.weight, ours["output"].T)
    empty = [torch.zeros(x.shape[0], width, 1, dtype=x.dtype) for _ in range(5)]
    empty[4] -= 1e30
    with torch.no_grad():
        y, state = model(x, state=empty, use_cache=True)
    last, numerator, denominator, largest = (part[:, :, 0].numpy() for part in state[1:])
    own = dump["state.average.stabiliser"]
    units = np.exp(largest - own)
    return {
        "y": y.numpy(),
        "state.last": last,
        "state.average.numerator": numerator * units,
        "state.average.denominator": denominator * units,
        "state.average.stabiliser": own,
    }
