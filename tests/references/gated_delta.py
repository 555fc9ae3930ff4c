"""Layers of flash-linear-attention by a gated delta rule, with our parameters; their plain PyTorch forms compute in float32."""
import numpy as np
import torch
from torch_modules import fill, kernels_of, tensor


def normalised(x):
    """What their kernels do to queries and keys first (fla/modules/l2norm.py, line 43 and the default of l2norm)."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)


def sizes(config):
    """hidden_size, num_heads, head_dim, expand_v and the rest of what all of these layers are told."""
    return dict(
        hidden_size=config["width"],
        num_heads=config["heads"],
        head_dim=round(config["expandKey"] * config["width"] / config["heads"]),
        expand_v=config["expandValue"] / config["expandKey"],
        use_short_conv=config["conv"] > 0,
        conv_size=config["conv"],
        allow_neg_eigval=config["negative"],
    )


def run(model, dump, forget):
    """
    y and the last state of a layer.

    Args:
        forget: fills what the layer has of its own, from our parameters.
    """
    ours, x = dump.params(), tensor(dump["x"])
    model = model.to(x.dtype)
    ends = np.cumsum([model.q_proj.out_features, model.k_proj.out_features])
    for name, part in zip("qkv", np.split(np.arange(ours["input"].shape[1]), ends)):
        fill(getattr(model, f"{name}_proj").weight, ours["input"].T[part])
        if dump.config["conv"]:
            fill(getattr(model, f"{name}_conv1d").weight, kernels_of(ours["convolution.weight"][:, part]))
    fill(model.b_proj.weight, ours["beta"].T)
    forget(model, ours)
    fill(model.o_norm.weight, ours["norm"])
    fill(model.o_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, _, _ = model(x, use_cache=True)
    state = {"state.memory": model.kept["recurrent_state"].numpy()}
    if dump.config["conv"]:
        state["state.window"] = np.concatenate([window.numpy() for window in model.kept["conv_state"]], -1)
    return {"y": y.numpy(), **state}


def head_rates(model, ours):
    """Of layers with one gate a head and a gate on the output by SiLU."""
    fill(model.a_proj.weight, ours["forget.step.weight"].T)
    fill(model.dt_bias, ours["forget.step.bias"])
    fill(model.A_log, ours["forget.rate"])
    fill(model.g_proj.weight, ours["gate"].T)
