"""HGRN against the layer of flash-linear-attention, whose plain PyTorch form computes in float32 whatever it is given."""
from types import SimpleNamespace

import torch
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from torch_modules import fill, tensor

FUNCTION = "HGRNAttention of fla/layers/hgrn.py on naive_recurrent_hgrn of fla/ops/hgrn/naive.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":2,\"lowerBound\":0.3}'"]


def build(source, config):
    rule = source.module("fla/ops/hgrn/naive.py").naive_recurrent_hgrn

    def kernel(x, g, initial_state=None, output_final_state=False, **_):
        return rule(x, g, initial_state, output_final_state)

    kernels = SimpleNamespace(chunk_hgrn=kernel, fused_recurrent_hgrn=kernel)
    activations = SimpleNamespace(swiglu=lambda x, y: torch.nn.functional.silu(x) * y)
    module = layer_module(source, "fla/layers/hgrn.py", fla__ops__hgrn=kernels, fla__modules__activations=activations)
    # The first layer has no bound.
    return module.HGRNAttention(
        hidden_size=config["width"], expand_ratio=config["expansion"], layer_idx=int(config["lowerBound"] > 0)
    )


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    n = model.input_dim
    fill(model.i_proj.weight, ours["input"].T[:n])
    fill(model.f_proj.weight, ours["input"].T[n:])
    fill(model.g_proj.weight, ours["gate"].T)
    fill(model.g_norm.weight, ours["norm"])
    fill(model.o_proj.weight, ours["output"].T)
    bound = torch.full((n,), float(dump.config["lowerBound"]), dtype=x.dtype)
    with torch.no_grad():
        y, _, _ = model(x, use_cache=True, lower_bound=bound)
    return {"y": y.numpy(), "state": model.kept["recurrent_state"].numpy()}
