"""minLSTM against lucidrains' module, in its parallel form (logarithms), whose first state is its own: see `outputs`."""
import torch
from torch_modules import fill, tensor

REPOSITORY = "lucidrains/minGRU-pytorch"
COMMIT = "38b26e119a2e85e70ea53825dc09b91b021afa06"
FUNCTION = "minLSTM of minGRU_pytorch/minLSTM.py, token by token"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":2}'"]


def build(source, config):
    base = source.module("minGRU_pytorch/minGRU.py")
    module = source.module("minGRU_pytorch/minLSTM.py", minGRU_pytorch__minGRU=base)
    return module.minLSTM(config["width"], config["expansion"])


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    model = build(source, dump.config).to(x.dtype)
    n = ours["input"].shape[1] // 3
    fill(model.to_hidden_and_f_i_gate.weight, ours["input"].T)
    if "output" in ours:
        fill(model.to_out.weight, ours["output"].T)
    hidden, tokens = None, []
    with torch.no_grad():
        for t in range(x.shape[1]):
            y, hidden = model(x[:, t : t + 1], hidden, return_next_prev_hidden=True)
            tokens.append(y)
    assert hidden.shape[-1] == n
    return {"y": torch.cat(tokens, 1).numpy(), "state": hidden[:, 0].numpy()}
