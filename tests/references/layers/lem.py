"""LEM against the PyTorch code of its authors, which has three biases more; those are zero here."""
import torch
from torch_modules import fill, tensor

REPOSITORY = "tk-rusch/LEM"
COMMIT = "833da6b338a12c976e45db9061d6bcdccbfa4a5c"
FUNCTION = "LEMCell of src/FitzHughNagumo/network.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"dt\":0.3}'"]


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    width = dump.config["width"]
    model = source.module("src/FitzHughNagumo/network.py").LEMCell(width, width, dump.config["dt"]).to(x.dtype)
    d = width
    # Theirs: both steps, into y ("z" by the map that it meets), into z; the new z meets the third.
    order = torch.arange(4 * d)
    fill(model.inp2hid.weight, ours["input.weight"].T[order])
    fill(model.inp2hid.bias, ours["input.bias"][order])
    fill(model.hid2hid.weight, ours["recurrent"].T)
    fill(model.transform_z.weight, ours["coupling"].T)
    with torch.no_grad():
        model.hid2hid.bias.zero_()
        model.transform_z.bias.zero_()
        y = z = torch.zeros(x.shape[0], d, dtype=x.dtype)
        tokens = []
        for t in range(x.shape[1]):
            y, z = model(x[:, t], y, z)
            tokens.append(y)
    return {"y": torch.stack(tokens, 1).numpy(), "state.y": y.numpy(), "state.z": z.numpy()}
