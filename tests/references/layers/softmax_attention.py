"""Softmax attention against that of Llama, which has the same rotary positions; biases are switched on."""
import inspect

import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaRotaryEmbedding

PACKAGE = "transformers"
FUNCTION = "LlamaAttention and LlamaRotaryEmbedding of models/llama/modeling_llama.py"
CASES = ["--seed 1", """--seed 2 --width 6 --options '{"heads":3}' --length 150"""]


class Kept:
    """A cache that keeps what it is given."""

    def update(self, keys, values, *_, **__):
        self.keys, self.values = keys, values
        return keys, values


def outputs(dump, _):
    width, heads = dump.config["width"], dump.config["heads"]
    x = torch.from_numpy(dump["x"].copy())
    config = LlamaConfig(
        hidden_size=width,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        attention_bias=True,
        rope_theta=10_000.0,
        attn_implementation="sdpa",
    )
    model = LlamaAttention(config, layer_idx=0).to(x.dtype).eval()
    kept = Kept()
    parameters = inspect.signature(LlamaAttention.forward).parameters
    cache = next((name for name in ("cache", "past_key_values", "past_key_value") if name in parameters), "cache")
    with torch.no_grad():
        for ours, theirs in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
            projection = getattr(model, f"{theirs}_proj")
            projection.weight.copy_(torch.from_numpy(dump[f"params.{ours}.weight"].T.copy()))
            projection.bias.copy_(torch.from_numpy(dump[f"params.{ours}.bias"].copy()))
        positions = torch.arange(x.shape[1])[None]
        angles = LlamaRotaryEmbedding(config)(x, positions)
        later = torch.full((x.shape[1], x.shape[1]), -torch.inf, dtype=x.dtype).triu(1)
        mask = later.expand(x.shape[0], 1, -1, -1)
        y, _ = model(x, position_embeddings=angles, attention_mask=mask, **{cache: kept})
    return {
        "y": y.numpy(),
        "state.keys": kept.keys.transpose(2, 3).numpy(),
        "state.values": kept.values.transpose(2, 3).numpy(),
        "state.position": x.shape[1],
    }
