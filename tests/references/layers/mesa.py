"""Mesa against the layer of flash-linear-attention, with its exact form, which computes in float32 whatever it is given."""
from types import SimpleNamespace

import numpy as np
import torch
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from gated_delta import normalised
from torch_modules import fill, kernels_of, tensor

FUNCTION = "MesaNet of fla/layers/mesa_net.py on naive_mesa_net_exact of fla/ops/mesa_net/naive.py"
CASES = [
    "--seed 1",
    """--seed 2 --width 12 --length 150 --options '{"heads":2,"expand":0.5,"conv":3,"leastRidge":0.5}'""",
]


def build(source, config):
    rule = source.module("fla/ops/mesa_net/naive.py").naive_mesa_net_exact

    def kernel(q, k, v, g, beta, lamb, **_):
        o, *states = rule(normalised(q), normalised(k), v, g, lamb, beta)
        return o.to(v.dtype), *states

    module = layer_module(
        source,
        "fla/layers/mesa_net.py",
        fla__modules__l2norm=SimpleNamespace(l2_norm=normalised),
        fla__ops__mesa_net=SimpleNamespace(chunk_mesa_net=kernel, mesa_net_decoding_one_step=None),
    )
    return module.MesaNet(
        hidden_size=config["width"],
        num_heads=config["heads"],
        head_dim=round(config["expand"] * config["width"] / config["heads"]),
        conv_size=config["conv"],
        lambda_lower_bound=config["leastRidge"],
    )


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    heads, keys = dump.config["heads"], model.key_dim
    for name, weights in zip("qkv", np.split(ours["input"].T, 3)):
        fill(getattr(model, f"{name}_proj").weight, weights)
    fill(model.q_conv1d.weight, kernels_of(ours["convolution.weight"][:, :keys]))
    fill(model.k_conv1d.weight, kernels_of(ours["convolution.weight"][:, keys:]))
    for k, gate in enumerate((model.a_proj, model.b_proj)):
        fill(gate.weight, ours["gates.weight"].T[k * heads : (k + 1) * heads])
        fill(gate.bias, ours["gates.bias"][k * heads : (k + 1) * heads])
    fill(model.lambda_params, ours["ridge"])
    fill(model.o_norm.weight, ours["norm"])
    fill(model.o_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, _, _ = model(x, use_cache=True)
    squares, products = model.kept["recurrent_state"]
    windows = [window.numpy() for window in model.kept["conv_state"]]
    return {
        "y": y.numpy(),
        "state.memory": torch.cat([squares, products.transpose(2, 3)], 2).numpy(),
        "state.window": np.concatenate(windows, -1),
    }
