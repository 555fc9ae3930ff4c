"""
RetNet against the layer of flash-linear-attention. Its kernel is naive_retention, which leaves no state: that is the sum of its own
decays times keys and values. Their state has keys in the place of the first token and ours in that of the last, so it is turned back.
"""
from types import SimpleNamespace

import torch
from flash_linear_attention import COMMIT, REPOSITORY, WITHOUT_TRITON, layer_module
from torch import nn
from torch_modules import fill, tensor

FUNCTION = "MultiScaleRetention of fla/layers/multiscale_retention.py on naive_retention of fla/ops/retention/naive.py"
CASES = [
    "--seed 1",
    """--seed 2 --width 12 --length 150 --options '{"heads":3,"expandKey":1.5,"expandValue":1}'""",
]


def build(source, config):
    rule = source.module("fla/ops/retention/naive.py").naive_retention
    turn = source.module("fla/modules/rotary.py", **WITHOUT_TRITON).rotary_embedding_ref
    kept = {}

    class RotaryEmbedding(nn.Module):
        def __init__(self, dim, base=10_000.0):
            super().__init__()
            self.rates = base ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)

        def forward(self, q, k, **_):
            angles = torch.arange(q.shape[1])[:, None] * self.rates
            cos, sin = angles.cos().to(q.dtype), angles.sin().to(q.dtype)
            kept["back"] = (cos[-1:], -sin[-1:])
            return turn(q, cos, sin), turn(k, cos, sin)

    def kernel(q, k, v, **_):
        length, heads = q.shape[1:3]
        rates = 1 - 2.0 ** (-5 - torch.arange(heads, dtype=q.dtype))
        until = rates ** torch.arange(length - 1, -1, -1, dtype=q.dtype)[:, None]
        turned_back = turn(k.reshape(k.shape[0], -1, 1, k.shape[-1]), *(x.expand(length * heads, -1) for x in kept["back"]))
        kept["state"] = torch.einsum("th,bthk,bthv->bhvk", until, turned_back.view_as(k), v)
        return rule(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2), None

    names = ("chunk_retention", "fused_chunk_retention", "fused_recurrent_retention", "parallel_retention")
    module = layer_module(
        source,
        "fla/layers/multiscale_retention.py",
        fla__ops__retention=SimpleNamespace(**dict.fromkeys(names, kernel)),
        fla__modules__rotary=SimpleNamespace(RotaryEmbedding=RotaryEmbedding),
        fla__ops__utils__index=SimpleNamespace(prepare_lens_from_mask=None),
        transformers__activations=SimpleNamespace(ACT2FN={}),
    )
    model = module.MultiScaleRetention(
        hidden_size=config["width"],
        num_heads=config["heads"],
        expand_k=config["expandKey"],
        expand_v=config["expandValue"],
    )
    return model, kept


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model, kept = build(source, dump.config)
    model = model.to(x.dtype)
    keys = model.key_dim
    fill(model.q_proj.weight, ours["input"].T[:keys])
    fill(model.k_proj.weight, ours["input"].T[keys : 2 * keys])
    fill(model.v_proj.weight, ours["input"].T[2 * keys :])
    fill(model.g_proj.weight, ours["gate"].T)
    fill(model.g_norm_swish_gate.weight, ours["norm"])
    fill(model.o_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, _, _ = model(x)
    return {"y": y.numpy(), "state": kept["state"].numpy()}
