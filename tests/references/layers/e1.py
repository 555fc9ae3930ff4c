"""E1 against the PyTorch code of its author, which runs where the CUDA kernel beside it is not installed."""
import torch
from torch_modules import fill, tensor

REPOSITORY = "ekg/elman"
COMMIT = "627683a9eab700a20c0d2d83ec9d0bb7db469acd"
FUNCTION = "MambaGatedElman of elman/models/mamba_gated_elman.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":2}'"]


def build(source, config):
    path = "elman/models/mamba_gated_elman.py"
    return source.module(path, hasty_pytorch_lib=None).MambaGatedElman(config["width"], config["expansion"])


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    fill(model.in_proj.weight, ours["input"].T, ours["gate"].T)
    fill(model.cell.W_x, ours["drive.weight"].T)
    fill(model.cell.W_h, ours["recurrent"].T)
    fill(model.cell.b, ours["drive.bias"])
    fill(model.out_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, h = model(x)
    return {"y": y.numpy(), "state": h.numpy()}
