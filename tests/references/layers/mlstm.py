"""
mLSTM against its authors' layer in PyTorch: y of its parallel form, the state of its step form. Their stabiliser is any number near
the maximum, ours the next whole one; the memory is in units of its exponential.
"""
from types import SimpleNamespace

import numpy as np
import torch
from torch_modules import fill, kernels_of, tensor, window_of

REPOSITORY = "NX-AI/xlstm"
COMMIT = "032a6fb8ee19a8c0db80ae6111ff4744a09414a9"
FUNCTION = "mLSTMLayer of xlstm/blocks/mlstm/layer.py"
CASES = [
    "--seed 1",
    """--seed 2 --width 6 --length 150 --options '{"heads":3,"expand":2,"block":2,"conv":3}'""",
]


def build(source, config):
    folder = "xlstm/blocks/mlstm"
    package = "xlstm.blocks.mlstm"
    parts = {
        f"xlstm__components__{name}": source.module(f"xlstm/components/{name}.py")
        for name in ("ln", "conv", "init", "linear_headwise")
    }
    parts["xlstm__utils"] = SimpleNamespace(UpProjConfigMixin=object)
    parts["xlstm__blocks__mlstm__backends"] = source.module(f"{folder}/backends.py")
    parts["xlstm__blocks__mlstm__cell"] = source.module(f"{folder}/cell.py", package, **parts)
    layer = source.module(f"{folder}/layer.py", package, **parts)
    inner = round(config["expand"] * config["width"])
    settings = SimpleNamespace(
        embedding_dim=config["width"],
        _inner_embedding_dim=inner,
        bias=False,
        qkv_proj_blocksize=config["block"],
        conv1d_kernel_size=config["conv"],
        context_length=1024,
        num_heads=config["heads"],
        dropout=0.0,
        _num_blocks=1,
    )
    return layer.mLSTMLayer(settings)


def outputs(dump, source):
    if dump.config["negative"]:
        raise ValueError("the reference's gates are above zero; dump with negative false")
    ours, x = dump.params(), tensor(dump["x"])
    heads = dump.config["heads"]
    model = build(source, dump.config).to(x.dtype)
    fill(model.proj_up.weight, ours["input"].T, ours["gate"].T)
    fill(model.conv1d.conv.weight, kernels_of(ours["convolution.weight"]))
    fill(model.conv1d.conv.bias, ours["convolution.bias"])
    for name in ("query", "key", "value"):
        fill(getattr(model, f"{name[0]}_proj").weight, ours[name].transpose(0, 2, 1))
    cell = model.mlstm_cell
    for k, gate in enumerate((cell.igate, cell.fgate)):
        fill(gate.weight, ours["gates.weight"].T[k * heads : (k + 1) * heads])
        fill(gate.bias, ours["gates.bias"][k * heads : (k + 1) * heads])
    fill(cell.outnorm.weight, ours["norm"] - 1)
    fill(model.learnable_skip, ours["skip"])
    fill(model.proj_down.weight, ours["output"].T)
    with torch.no_grad():
        y = model(x)
        states = {}
        for t in range(x.shape[1]):
            _, states = model.step(x[:, t : t + 1], **states)
        memory, total, stabiliser = states["mlstm_state"]
        mixed = model.proj_up(x)[..., : ours["input"].shape[1]]
        window = window_of(mixed, dump.config["conv"])
        joined = torch.cat([memory, total], -1).transpose(2, 3).numpy()
    own = dump["state.stabiliser"]
    # Ours is never below theirs, and what it exceeds it by is the fractions that it rounded up.
    assert (own >= stabiliser[..., 0, 0].numpy() - 1e-9).all()
    units = np.exp(stabiliser.numpy() - own[..., None, None])
    return {"y": y.numpy(), "state.memory": joined * units, "state.stabiliser": own, "state.window": window.numpy()}
