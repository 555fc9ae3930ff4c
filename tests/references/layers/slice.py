"""The block-diagonal SLiCE against its authors' linear CDE, whose states are ours before the last map."""
import numpy as np
import torch
from checkout import Module
from torch_modules import fill, tensor

REPOSITORY = "Benjamin-Walker/structured-linear-cdes"
COMMIT = "76dd0dd7e2e1884d2061bbe4e22eebc53b5f252c"
FUNCTION = "LinearCDE of models/slcde.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"state\":6,\"block\":3}'"]


def outputs(dump, source):
    module = source.module("models/slcde.py", fast_hadamard_transform__fast_hadamard_transform_interface=Module())
    ours, x, config = dump.params(), tensor(dump["x"]), dump.config
    torch.set_default_dtype(x.dtype)
    model = module.LinearCDE(
        config["width"], config["state"], block_size=config["block"], dt=config["step"], diagonal=True
    )
    fill(model.init_layer.weight, ours["start.weight"].T)
    fill(model.init_layer.bias, ours["start.bias"])
    fill(model.vf_A, ours["field"])
    with torch.no_grad():
        h = model(x).numpy()
    torch.set_default_dtype(torch.float32)
    y = h @ ours["output.weight"] + ours["output.bias"]
    return {"y": y, "state.h": h[:, -1], "state.begun": np.ones((len(h), 1))}
