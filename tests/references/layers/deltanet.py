"""
DeltaNet against the layer of flash-linear-attention, whose plain PyTorch form computes in float32 whatever it is given. Its kernel
normalises queries and keys first, by 1 / sqrt(sum x^2 + 1e-6) (fla/modules/l2norm.py, line 43 and the default of l2norm).
"""
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from torch_modules import fill, kernels_of, tensor

FUNCTION = "DeltaNet of fla/layers/delta_net.py on delta_rule_recurrence of fla/ops/delta_rule/naive.py"
CASES = [
    "--seed 1",
    "--seed 2 --length 150 --options '{\"negative\":true}'",
    """--seed 3 --width 12 --options '{"heads":2,"expandKey":0.5,"expandValue":2,"conv":3,"negative":true}' --length 5""",
    """--seed 4 --width 6 --options '{"heads":1,"conv":0,"negative":true}' --length 70""",
]


def build(source, config, rule="delta_rule_recurrence", **options):
    """Args:
    rule: which of the functions of fla/ops/delta_rule/naive.py; but the first, they need a multiple of their chunk as length.
    """
    function = getattr(source.module("fla/ops/delta_rule/naive.py"), rule)

    def normalised(x):
        return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)

    def kernel(q, k, v, beta, initial_state, output_final_state, cu_seqlens, use_qk_l2norm_in_kernel):
        heads_first = [x.transpose(1, 2) for x in (normalised(q), normalised(k), v, beta)]
        o, state = function(*heads_first, **options)
        return o.transpose(1, 2), state

    kernels = SimpleNamespace(chunk_delta_rule=kernel, fused_recurrent_delta_rule=kernel)
    return layer_module(source, "fla/layers/delta_net.py", fla__ops__delta_rule=kernels).DeltaNet(
        hidden_size=config["width"],
        num_heads=config["heads"],
        expand_k=config["expandKey"],
        expand_v=config["expandValue"],
        use_short_conv=config["conv"] > 0,
        conv_size=config["conv"],
        allow_neg_eigval=config["negative"],
    )


def outputs(dump, source):
    if not dump.config["erase"]:
        raise ValueError("the reference always erases before it writes; dump with erase true")
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    keys = model.key_dim
    parts = {"q": slice(0, keys), "k": slice(keys, 2 * keys), "v": slice(2 * keys, None)}
    for name, part in parts.items():
        fill(getattr(model, f"{name}_proj").weight, ours["input"].T[part])
        if dump.config["conv"]:
            fill(getattr(model, f"{name}_conv1d").weight, kernels_of(ours["convolution.weight"][:, part]))
    fill(model.b_proj.weight, ours["beta"].T)
    fill(model.o_norm.weight, ours["norm"])
    fill(model.o_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, _, _ = model(x, use_cache=True)
    state = {"state.memory": model.kept["recurrent_state"].numpy()}
    if dump.config["conv"]:
        state["state.window"] = np.concatenate([window.numpy() for window in model.kept["conv_state"]], -1)
    return {"y": y.numpy(), **state}
