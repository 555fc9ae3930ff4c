"""
cosFormer against its authors' module, whose span is the length of the sequence. It leaves no state: that is the sum of keys times
values, with keys in the place that they have seen from the last token.
"""
import torch
from torch_modules import fill, tensor

REPOSITORY = "OpenNLPLab/cosFormer"
COMMIT = "8e12da111e2a683ea875711e0bf5810c6b4e8f9f"
FUNCTION = "CosformerAttention of cosformer.py, causal"
CASES = [
    "--seed 1 --length 40 --options '{\"span\":40}'",
    """--seed 2 --width 12 --length 150 --options '{"heads":3,"span":150}'""",
]


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    batch, length, width = x.shape
    heads, span = dump.config["heads"], dump.config["span"]
    if length != span:
        raise ValueError("the reference's span is the length of the sequence; dump with equal ones")
    model = source.module("cosformer.py").CosformerAttention(width, heads, causal=True).to(x.dtype)
    for ours_name, theirs in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "out")):
        projection = getattr(model, f"{theirs}_proj")
        fill(projection.weight, ours[f"{ours_name}.weight"].T)
        fill(projection.bias, ours[f"{ours_name}.bias"])
    with torch.no_grad():
        y = model(x.transpose(0, 1)).transpose(0, 1)
        k, v = (
            projected.view(batch, length, heads, -1)
            for projected in (torch.relu(model.k_proj(x)), model.v_proj(x))
        )
        ago = torch.pi / 2 / span * torch.arange(1 - length, 1, dtype=x.dtype)[:, None, None]
        keys = torch.cat([-k * ago.sin(), k * ago.cos()], -1)
        values = torch.cat([v, torch.ones_like(v[..., :1])], -1)
        state = torch.einsum("bthk,bthv->bhvk", keys, values)
    return {"y": y.numpy(), "state": state.numpy()}
