"""GRU against PyTorch's, whose gates are in the same order."""
import torch

PACKAGE = "torch"
FUNCTION = "torch.nn.GRU"
CASES = ["--seed 1", "--seed 2 --batch 1 --length 1 --width 5"]


def outputs(dump, _):
    width = dump.config["width"]
    ours = {name: torch.from_numpy(value.copy()) for name, value in dump.params().items()}
    model = torch.nn.GRU(width, width, batch_first=True).to(ours["input.weight"].dtype)
    with torch.no_grad():
        model.weight_ih_l0.copy_(ours["input.weight"].T)
        model.bias_ih_l0.copy_(ours["input.bias"])
        model.weight_hh_l0.copy_(ours["recurrent.weight"].T)
        model.bias_hh_l0.copy_(ours["recurrent.bias"])
        y, h = model(torch.from_numpy(dump["x"].copy()))
    return {"y": y.numpy(), "state": h[0].numpy()}
