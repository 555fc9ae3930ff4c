"""SUPRA's linear attention against its authors' module in its recurrent form, with biases, and with rotary angles in the tokens' precision."""
from types import SimpleNamespace

import numpy as np
import torch
from checkout import Module
from torch_modules import fill, tensor

REPOSITORY = "TRI-ML/linear_open_lm"
COMMIT = "aa3c04248f5b174a9f5f75ab1069bf7e29d42964"
FUNCTION = "LinearAttn.forward of open_lm/model.py, use_cache"
CASES = ["--seed 1 --width 16", "--seed 2 --width 24 --length 150 --options '{\"heads\":2}'"]


def outputs(dump, source):
    rotary = source.module("open_lm/positional_embedding/rotary.py")
    nothing = Module()
    module = source.module(
        "open_lm/model.py",
        xformers__ops=nothing,
        huggingface_hub=SimpleNamespace(PyTorchModelHubMixin=type("PyTorchModelHubMixin", (), {})),
        lightning_attn=nothing,
        open_lm__attention=nothing,
        open_lm__norms=nothing,
        open_lm__positional_embedding__head_rotary=nothing,
        open_lm__positional_embedding__rotary=rotary,
        open_lm__positional_embedding__llama_rotary=nothing,
        open_lm__positional_embedding__none=nothing,
    )
    ours, x, config = dump.params(), tensor(dump["x"]), dump.config
    width, heads = config["width"], config["heads"]
    each, length = width // heads, x.shape[1]
    torch.set_default_dtype(x.dtype)
    try:
        model = module.LinearAttn(
            0,
            module.Params(
                dim=width, qk_head_dim=each, v_head_dim=each, n_heads=heads, n_heads_kv=heads, use_decay=True, seq_len=length
            ),
        )
        names = ("query", "key", "value")
        fill(model.in_proj.weight, *(ours[f"{name}.weight"].T for name in names))
        model.in_proj.bias = torch.nn.Parameter(tensor(np.concatenate([ours[f"{name}.bias"] for name in names])))
        fill(model.out_proj.weight, ours["output.weight"].T)
        model.out_proj.bias = torch.nn.Parameter(tensor(ours["output.bias"]))
        fill(model._totrain_embed.weight, ours["kernel.weight"].T)
        fill(model._totrain_embed.bias, ours["kernel.bias"])
        angles = torch.outer(torch.arange(length), 10_000 ** (-torch.arange(0, each, 2).to(x.dtype) / each))
        both = torch.cat([angles, angles], -1)[None, :, None]
        turn = lambda z: rotary.apply_rotary_pos_emb(z, both.cos(), both.sin())
        del model.pos_embed
        model.pos_embed = lambda q, k, v, offset: (turn(q), turn(k), v)
        with torch.no_grad():
            y, (state, _) = model(x, use_cache=True)
            # Theirs has faded once more, by keys as they were turned; ours is seen from the last token: [B, H, V, K].
            slopes = module.get_slope_tensor(heads, None, False, x.device, x.dtype).reshape(1, heads, 1, 1)
            last = both[:, -1:]
            seen = (state * slopes.exp()).transpose(2, 3).transpose(1, 2)
            memory = rotary.apply_rotary_pos_emb(seen.reshape(len(x), 1, -1, each), last.cos(), -last.sin())
            memory = memory.reshape(len(x), each, heads, each).transpose(1, 2) * each**0.5
    finally:
        torch.set_default_dtype(torch.float32)
    return {"y": y.numpy(), "state": memory.contiguous().numpy()}
