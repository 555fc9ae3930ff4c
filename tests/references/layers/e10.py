"""E10 against the PyTorch code of its author, without the spectral norm of W_h."""
import numpy as np
import torch
from torch_modules import fill, tensor

REPOSITORY = "ekg/elman"
COMMIT = "627683a9eab700a20c0d2d83ec9d0bb7db469acd"
FUNCTION = "MultiScaleElman of elman/models/multiscale_elman.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":2,\"banks\":3}'"]


def outputs(dump, source):
    module = source.module("elman/models/multiscale_elman.py", hasty_pytorch_lib=None)
    ours, x, config = dump.params(), tensor(dump["x"]), dump.config
    model = module.MultiScaleElman(config["width"], config["expansion"], config["banks"], r_h_mode="none").to(x.dtype)
    fill(model.in_proj.weight, ours["input"].T, ours["gate"].T)
    fill(model.cell.W_x, ours["drive.weight"].T)
    fill(model.cell.W_h, ours["recurrent"].T)
    fill(model.cell.b, ours["drive.bias"])
    fill(model.cell.a, ours["keep"])
    fill(model.out_proj.weight, ours["output"].T)
    with torch.no_grad():
        y, (h, m) = model(x)
    return {"y": y.numpy(), "state.h": h.numpy(), "state.m": np.ascontiguousarray(m.transpose(0, 1).numpy())}
