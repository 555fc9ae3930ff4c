"""GLA against the layer of flash-linear-attention, whose plain PyTorch form computes in float32 whatever it is given."""
from types import SimpleNamespace

import torch
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from torch_modules import fill, tensor

FUNCTION = "GatedLinearAttention of fla/layers/gla.py on naive_recurrent_gla of fla/ops/gla/naive.py"
CASES = [
    "--seed 1",
    """--seed 2 --width 12 --length 150 --options '{"heads":2,"expandKey":1,"expandValue":0.5,"gateRank":3,"gateNormaliser":2}'""",
]


def build(source, config):
    rule = source.module("fla/ops/gla/naive.py").naive_recurrent_gla

    def kernel(q, k, v, g=None, gk=None, initial_state=None, output_final_state=False, **_):
        return rule(q, k, v, gk if g is None else g, initial_state, output_final_state)

    kernels = SimpleNamespace(chunk_gla=kernel, fused_chunk_gla=kernel, fused_recurrent_gla=kernel)
    return layer_module(source, "fla/layers/gla.py", fla__ops__gla=kernels).GatedLinearAttention(
        hidden_size=config["width"],
        num_heads=config["heads"],
        expand_k=config["expandKey"],
        expand_v=config["expandValue"],
        gate_low_rank_dim=config["gateRank"],
        gate_logit_normalizer=config["gateNormaliser"],
    )


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    keys = model.key_dim
    fill(model.q_proj.weight, ours["input"].T[:keys])
    fill(model.k_proj.weight, ours["input"].T[keys : 2 * keys])
    fill(model.v_proj.weight, ours["input"].T[2 * keys :])
    fill(model.gk_proj[0].weight, ours["forget.down"].T)
    fill(model.gk_proj[1].weight, ours["forget.up.weight"].T)
    fill(model.gk_proj[1].bias, ours["forget.up.bias"])
    fill(model.g_proj.weight, ours["gate"].T)
    fill(model.g_norm_swish_gate.weight, ours["norm"])
    fill(model.o_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, _, _ = model(x, use_cache=True)
    return {"y": y.numpy(), "state": model.kept["recurrent_state"].numpy()}
