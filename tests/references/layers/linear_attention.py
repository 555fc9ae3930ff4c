"""
Linear attention against that of flash-linear-attention, in float32 whatever it is given. Positions turn queries and keys of the
numerator only, so it is called twice: for the numerator with those turned (rotary_embedding_ref) and for the denominator with values
of one. The feature map and the projections are those of fla/layers/linear_attn.py with feature_map "elu". Their state has keys in
the place of the first token and ours in that of the last, so it is turned back.
"""
import torch
import torch.nn.functional as F
from checkout import Module

REPOSITORY = "fla-org/flash-linear-attention"
COMMIT = "bc3b101dcb713ddc5bd8924b66754eb68b5ccf89"
FUNCTION = "naive_recurrent_linear_attn of fla/ops/linear_attn/naive.py, rotary_embedding_ref of fla/modules/rotary.py"
CASES = ["--seed 1", """--seed 2 --width 6 --options '{"heads":3}' --length 150"""]


def outputs(dump, source):
    attend = source.module("fla/ops/linear_attn/naive.py").naive_recurrent_linear_attn
    turn = source.module(
        "fla/modules/rotary.py",
        triton=Module(),
        triton__language=Module(),
        fla__modules__backends=Module(),
        fla__ops__utils=Module(),
        fla__utils=Module(),
    ).rotary_embedding_ref
    heads = dump.config["heads"]
    x = torch.from_numpy(dump["x"].copy())
    batch, length, width = x.shape
    each = width // heads

    def project(name, x):
        weight, bias = (torch.from_numpy(dump[f"params.{name}.{part}"].copy()) for part in ("weight", "bias"))
        return F.linear(x, weight.T, bias)

    q, k, v = (project(name, x).view(batch, length, heads, each) for name in ("query", "key", "value"))
    q, k = F.elu(q) + 1, F.elu(k) + 1
    rates = 10_000.0 ** (-torch.arange(0, each, 2, dtype=x.dtype) / each)
    angles = torch.arange(length, dtype=x.dtype)[:, None] * rates
    cos, sin = angles.cos(), angles.sin()
    turned_q, turned_k = turn(q, cos, sin), turn(k, cos, sin)
    numerator, memory = attend(turned_q, turned_k, v, scale=1.0, output_final_state=True)
    denominator, total = attend(q, k, torch.ones_like(v[..., :1]), scale=1.0, output_final_state=True)
    mixed = (numerator / denominator).reshape(batch, length, width)
    # [B, H, keys, values] to [B, H, values, keys], keys turned back by the last position.
    memory = memory.transpose(2, 3)
    back = turn(memory, cos[-1:].float(), -sin[-1:].float())
    return {"y": project("output", mixed).numpy(), "state.memory": back.numpy(), "state.total": total[..., 0].numpy()}
