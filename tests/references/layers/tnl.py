"""
TNL against its authors' module, with the Triton kernel replaced by the PyTorch function beside it, which leaves no state: that is the
sum of its own mask's last row times keys and values.
"""
import torch
from torch_modules import fill, tensor

REPOSITORY = "OpenNLPLab/lightning-attention"
COMMIT = "d15c38529bbd5c2c82b44ddda3cac885825aa873"
FUNCTION = "TnlAttention of examples/module/tnl_attn.py on linear_attn of lightning_attn/ops/torch/linear_attention.py"
CASES = ["--seed 1", "--seed 2 --width 12 --length 150 --options '{\"heads\":6,\"decay\":0.5}'"]


def outputs(dump, source):
    plain = source.module("lightning_attn/ops/torch/linear_attention.py")
    kept = {}

    def kernel(q, k, v, slopes):
        until = plain.get_full_mask(q.shape[2], slopes)[:, -1]
        kept["state"] = torch.einsum("ht,bhtk,bhtv->bhvk", until.to(q.dtype), k, v)
        return plain.linear_attn(q, k, v, slopes)

    module = source.module(
        "examples/module/tnl_attn.py",
        lightning_attn__ops=type("Ops", (), {"lightning_attn_func": staticmethod(kernel)}),
        lightning_attn__utils=source.module("lightning_attn/utils/utils.py"),
    )
    ours, x = dump.params(), tensor(dump["x"])
    config = dump.config
    # Of two layers, the factor on the slopes is 1 - index + 1e-5.
    model = module.TnlAttention(
        config["width"], config["heads"], layer_idx=1 + 1e-5 - config["decay"], num_layers=2
    ).to(x.dtype)
    for name, weights in zip("qkv", ours["input"].T.reshape(3, config["width"], config["width"])):
        fill(getattr(model, f"{name}_proj").weight, weights)
    fill(model.output_gate[0].weight, ours["gate.down"].T)
    fill(model.output_gate[1].weight, ours["gate.up"].T)
    fill(model.norm.weight, ours["norm.scale"])
    fill(model.norm.bias, ours["norm.shift"])
    fill(model.o_proj.weight, ours["output"].T)
    with torch.no_grad():
        y = model(x)
    return {"y": y.numpy(), "state": kept["state"].numpy()}
