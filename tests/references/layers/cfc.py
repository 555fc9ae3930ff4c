"""CfC against the PyTorch cell of its authors, one time unit a token."""
import torch
from torch_modules import fill, tensor

REPOSITORY = "mlech26l/ncps"
COMMIT = "695ec22d7d1831f2ced67346ef7d2f08c525bd47"
FUNCTION = "CfCCell of ncps/torch/cfc_cell.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":2}'"]


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    width = dump.config["width"]
    units = ours["recurrent"].shape[1]
    model = source.module("ncps/torch/cfc_cell.py").CfCCell(width, width, backbone_units=units).to(x.dtype)
    first = torch.cat([tensor(ours["input.weight"]), tensor(ours["recurrent"])]).T
    fill(model.backbone[0].weight, first.numpy())
    fill(model.backbone[0].bias, ours["input.bias"])
    for k, head in enumerate([model.ff1, model.ff2, model.time_a]):
        fill(head.weight, ours["heads.weight"].T[k * width : (k + 1) * width])
        fill(head.bias, ours["heads.bias"][k * width : (k + 1) * width])
    with torch.no_grad():
        model.time_b.weight.zero_()
        model.time_b.bias.zero_()
        h = torch.zeros(x.shape[0], width, dtype=x.dtype)
        tokens = []
        for t in range(x.shape[1]):
            y, h = model(x[:, t], h, 1.0)
            tokens.append(y)
    return {"y": torch.stack(tokens, 1).numpy(), "state": h.numpy()}
