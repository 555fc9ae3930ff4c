"""
RWKV-7 against the layer of flash-linear-attention, as the first of a stack. Its kernel is dplr_recurrence, which scales queries by
1 / sqrt(K): they are given sqrt(K) times as large; and which takes all of its arguments but one to float32: that one is given as such.
What is fused is written out: mixtures with the token before, the key's rate and the token's own share (fla/ops/rwkv7).
"""
from types import SimpleNamespace

import torch
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from rwkv import GroupNorm, shift
from torch_modules import fill, tensor

FUNCTION = "RWKV7Attention of fla/layers/rwkv7.py on dplr_recurrence of fla/ops/generalized_delta_rule/dplr/naive.py"
CASES = ["--seed 1", """--seed 2 --width 12 --length 150 --options '{"heads":3,"rank":5}'"""]


def build(source, config, rule="dplr_recurrence", **options):
    """Args:
    rule: which of the functions of fla/ops/generalized_delta_rule/dplr/naive.py.
    """
    function = getattr(source.module("fla/ops/generalized_delta_rule/dplr/naive.py"), rule)
    low_rank = layer_module(
        source,
        "fla/layers/rwkv6.py",
        fla__ops__rwkv6=SimpleNamespace(chunk_rwkv6=None, fused_recurrent_rwkv6=None),
        fla__modules=SimpleNamespace(GroupNorm=GroupNorm),
        fla__modules__token_shift=SimpleNamespace(token_shift=shift),
    )

    def chunk(r, w, k, v, a, b, **_):
        heads_first = [x.transpose(1, 2).float() for x in (r * r.shape[-1] ** 0.5, k, v, a, b, w)]
        o, state = function(*heads_first, **options)
        return o.transpose(1, 2).to(v.dtype), state

    def recurrent(r, w, k, v, kk, a, **_):
        return chunk(r, w, k, v, -kk, kk * a)

    def correction(o, r, k, r_k, v, g):
        own = (r * k * r_k).sum(-1, keepdim=True) * v
        return (o + own.flatten(-2)) * g

    module = layer_module(
        source,
        "fla/layers/rwkv7.py",
        fla__layers__rwkv6=low_rank,
        fla__modules=SimpleNamespace(GroupNorm=GroupNorm),
        fla__modules__l2norm=SimpleNamespace(l2_norm=None),
        fla__modules__token_shift=SimpleNamespace(
            token_shift=lambda x, cu_seqlens, output_cache, cache: (shift(x), x[:, -1])
        ),
        fla__ops__rwkv7=SimpleNamespace(chunk_rwkv7=chunk, fused_mul_recurrent_rwkv7=recurrent),
        fla__ops__rwkv7__fused_addcmul=SimpleNamespace(
            fused_addcmul_rwkv7=lambda x, delta, *shares: [x + delta * share for share in shares]
        ),
        fla__ops__rwkv7__fused_k_update=SimpleNamespace(
            fused_k_rwkv7=lambda k, a, k_a: k.addcmul(k * (a - 1), k_a)
        ),
        fla__ops__rwkv7__gate_output_correction=SimpleNamespace(gate_output_correction=correction),
    )
    ranks = dict.fromkeys(("decay_low_rank_dim", "gate_low_rank_dim", "a_low_rank_dim"), config["rank"])
    return module.RWKV7Attention(
        hidden_size=config["width"], head_dim=None, num_heads=config["heads"], layer_idx=0, num_hidden_layers=2, **ranks
    )


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype).eval()
    for name, share in zip("rwkvag", ours["mix"]):
        fill(getattr(model, f"x_{name}"), share[None, None])
    for name, own in (("r", "query"), ("k", "key"), ("v", "value"), ("o", "output")):
        fill(getattr(model, f"{name}_proj").weight, ours[own].T)
    for name, own in (("w", "decay"), ("a", "rate")):
        low_rank = getattr(model, f"{name}_lora").lora
        fill(low_rank[0].weight, ours[f"{own}.down"].T)
        fill(low_rank[2].weight, ours[f"{own}.up.weight"].T)
        fill(low_rank[2].bias, ours[f"{own}.up.bias"])
    fill(model.g_lora.lora[0].weight, ours["gate.down"].T)
    fill(model.g_lora.lora[2].weight, ours["gate.up"].T)
    for name, own in (("k_k", "removed"), ("k_a", "written"), ("r_k", "bonus")):
        fill(getattr(model, name), ours[own])
    fill(model.g_norm.weight, ours["norm.scale"])
    fill(model.g_norm.bias, ours["norm.shift"])
    with torch.no_grad():
        y, *_ = model(x)
    return {
        "y": y.numpy(),
        "state.memory": model.kept["recurrent_state"].numpy(),
        "state.last": model.kept["conv_state"].numpy(),
    }
