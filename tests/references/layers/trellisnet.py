"""TrellisNet against its authors' module, which asks for a GPU that it does not need."""
import numpy as np
import torch
from torch_modules import fill, tensor

REPOSITORY = "locuslab/trellisnet"
COMMIT = "ec1de0a5ee09ef5a4c5bca4c83456dec8cbdf4c8"
FUNCTION = "TrellisNet of TrellisNet/trellisnet.py, without weight normalisation"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"levels\":6}'"]


def outputs(dump, source):
    optimizations = source.module("TrellisNet/optimizations.py")
    module = source.module("TrellisNet/trellisnet.py", optimizations=optimizations)
    ours, x, levels = dump.params(), tensor(dump["x"]), dump.config["levels"]
    width = x.shape[-1]
    cuda, torch.Tensor.cuda = torch.Tensor.cuda, lambda self: self
    torch.set_default_dtype(x.dtype)
    try:
        kernels = lambda w: w.reshape(2, width, -1).transpose(2, 1, 0)  # out, in, tap
        first = (torch.zeros(len(x), width, 1), torch.zeros(len(x), width, 1))
        parts = {"h": [], "c": []}
        for count in range(1, levels + 1):
            model = module.TrellisNet(width, 0, width, nlevels=count, wnorm=False).eval()
            fill(model.full_conv.weight1, kernels(ours["input"]))
            fill(model.full_conv.weight2, kernels(ours["hidden.weight"]))
            fill(model.full_conv.bias2, ours["hidden.bias"])
            with torch.no_grad():
                y, (h, c), _ = model(x.transpose(1, 2), first, aux=False)
            if count < levels:
                parts["h"].append(h[..., 0].numpy())
                parts["c"].append(c[..., 0].numpy())
    finally:
        torch.Tensor.cuda = cuda
        torch.set_default_dtype(torch.float32)
    stacked = {f"state.{name}": np.stack(rows, 1) for name, rows in parts.items()}
    return {"y": y.numpy(), "state.x": x[:, -1].numpy(), **stacked}
