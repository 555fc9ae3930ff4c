"""HGRN2 against the layer of flash-linear-attention, whose plain PyTorch form computes in float32 whatever it is given."""
from types import SimpleNamespace

import torch
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from torch_modules import fill, tensor

FUNCTION = "HGRN2Attention of fla/layers/hgrn2.py on naive_recurrent_gla of fla/ops/gla/naive.py"
CASES = [
    "--seed 1",
    "--seed 2 --width 12 --length 150 --options '{\"heads\":2,\"lowerBound\":0.3}'",
]


def build(source, config):
    rule = source.module("fla/ops/gla/naive.py").naive_recurrent_gla

    def kernel(q, k, v, g=None, gk=None, initial_state=None, output_final_state=False, **_):
        return rule(q, k, v, gk if g is None else g, initial_state, output_final_state)

    kernels = SimpleNamespace(chunk_gla=kernel, fused_chunk_gla=kernel, fused_recurrent_gla=kernel)
    activations = SimpleNamespace(swish=torch.nn.functional.silu)
    module = layer_module(
        source, "fla/layers/hgrn2.py", fla__ops__gla=kernels, fla__modules__activations=activations
    )
    # The first layer has no bound.
    return module.HGRN2Attention(
        hidden_size=config["width"],
        num_heads=config["heads"],
        expand_ratio=None,
        layer_idx=int(config["lowerBound"] > 0),
    )


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    keys = model.forget_dim
    fill(model.q_proj.weight, ours["input"].T[:keys])
    fill(model.f_proj.weight, ours["input"].T[keys : 2 * keys])
    fill(model.i_proj.weight, ours["input"].T[2 * keys :])
    fill(model.g_norm.weight, ours["norm"])
    fill(model.o_proj.weight, ours["output"].T)
    bound = torch.full((keys,), float(dump.config["lowerBound"]), dtype=x.dtype)
    with torch.no_grad():
        y, _, _ = model(x, use_cache=True, lower_bound=bound)
    return {"y": y.numpy(), "state": model.kept["recurrent_state"].numpy()}
