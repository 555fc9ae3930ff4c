"""RWKV-6 against the layer of flash-linear-attention, whose plain PyTorch form computes in float32 whatever it is given."""
from types import SimpleNamespace

import torch
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from rwkv import GroupNorm, shift
from torch import nn
from torch_modules import fill, tensor

FUNCTION = "RWKV6Attention of fla/layers/rwkv6.py on naive_recurrent_rwkv6 of fla/ops/rwkv6/recurrent_naive.py"
CASES = [
    "--seed 1",
    """--seed 2 --width 12 --length 150 --options '{"heads":3,"expandKey":1,"expandValue":1.5,"mixRank":5,"decayRank":3}'""",
]


def build(source, config):
    rule = source.module("fla/ops/rwkv6/recurrent_naive.py").naive_recurrent_rwkv6

    def kernel(r, k, v, w, u, scale, initial_state, output_final_state, **_):
        heads_first = [x.transpose(1, 2) for x in (r, k, v, w)]
        o, state = rule(*heads_first, u, scale, initial_state, True)
        return o.transpose(1, 2), state

    module = layer_module(
        source,
        "fla/layers/rwkv6.py",
        fla__ops__rwkv6=SimpleNamespace(chunk_rwkv6=kernel, fused_recurrent_rwkv6=kernel),
        fla__modules=SimpleNamespace(GroupNorm=GroupNorm),
        fla__modules__activations=SimpleNamespace(ACT2FN={"swish": nn.functional.silu}),
        fla__modules__token_shift=SimpleNamespace(token_shift=shift),
    )
    return module.RWKV6Attention(
        hidden_size=config["width"],
        num_heads=config["heads"],
        expand_k=config["expandKey"],
        expand_v=config["expandValue"],
        proj_low_rank_dim=config["mixRank"],
        gate_low_rank_dim=config["decayRank"],
    )


def outputs(dump, source):
    if dump.config["negative"]:
        raise ValueError("the reference's gates are above zero; dump with negative false")
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    fill(model.x_proj[0].mu, ours["mix.first"])
    fill(model.x_proj[0].linear.weight, ours["mix.down"].T)
    fill(model.x_proj[2].weight, ours["mix.up"].transpose(2, 0, 1).reshape(dump.config["width"], -1))
    fill(model.x_bias, ours["mix.bias"])
    for name, own in (("r", "query"), ("k", "key"), ("v", "value"), ("g", "gate")):
        fill(getattr(model, f"{name}_proj").linear.weight, ours[own].T)
    low_rank = model.w_proj.linear.lora
    fill(low_rank[0].weight, ours["decay.down"].T)
    fill(low_rank[2].weight, ours["decay.up.weight"].T)
    fill(low_rank[2].bias, ours["decay.up.bias"])
    fill(model.bonus, ours["bonus"])
    fill(model.g_norm.weight, ours["norm.scale"])
    fill(model.g_norm.bias, ours["norm.shift"])
    fill(model.o_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, _, _ = model(x)
    return {
        "y": y.numpy(),
        "state.memory": model.kept["recurrent_state"].numpy(),
        "state.last": model.kept["conv_state"].numpy(),
    }
