"""minGRU against lucidrains' module, in its parallel form (logarithms, from the state zero)."""
import torch
from torch_modules import fill, tensor

REPOSITORY = "lucidrains/minGRU-pytorch"
COMMIT = "38b26e119a2e85e70ea53825dc09b91b021afa06"
FUNCTION = "minGRU of minGRU_pytorch/minGRU.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":2}'"]


def build(source, config):
    return source.module("minGRU_pytorch/minGRU.py").minGRU(config["width"], config["expansion"])


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    fill(model.to_hidden_and_gate.weight, ours["input"].T)
    if "output" in ours:
        fill(model.to_out.weight, ours["output"].T)
    with torch.no_grad():
        y, h = model(x, return_next_prev_hidden=True)
    return {"y": y.numpy(), "state": h[:, 0].numpy()}
