"""LSTM against PyTorch's. Its gates are in the order input, forget, candidate, output, and it has a second bias."""
import torch

PACKAGE = "torch"
FUNCTION = "torch.nn.LSTM"
CASES = ["--seed 1", "--seed 2 --batch 1 --length 1 --width 5"]


def build(width):
    return torch.nn.LSTM(width, width, batch_first=True)


def outputs(dump, _):
    width = dump.config["width"]
    ours = {name: torch.from_numpy(value.copy()) for name, value in dump.params().items()}
    model = build(width).to(ours["recurrent"].dtype)
    order = torch.cat([torch.arange(k * width, (k + 1) * width) for k in (0, 1, 3, 2)])
    with torch.no_grad():
        model.weight_ih_l0.copy_(ours["input.weight"].T[order])
        model.weight_hh_l0.copy_(ours["recurrent"].T[order])
        model.bias_ih_l0.copy_(ours["input.bias"][order])
        model.bias_hh_l0.zero_()
        y, (h, c) = model(torch.from_numpy(dump["x"].copy()))
    return {"y": y.numpy(), "state.h": h[0].numpy(), "state.c": c[0].numpy()}
