"""S4 against its authors' standalone module, which computes the impulse response in the frequency domain."""
import numpy as np
import torch
from checkout import Module
from torch_modules import fill, tensor

REPOSITORY = "state-spaces/s4"
COMMIT = "e757cef57d89e448c413de7325ed5601aceaac13"
FUNCTION = "S4Block of models/s4/s4.py"
CASES = ["--seed 1 --length 37", "--seed 2 --width 5 --length 151 --options '{\"state\":7}'"]


def outputs(dump, source):
    module = source.module("models/s4/s4.py", pytorch_lightning__utilities=Module(), scipy__special=Module())
    ours, x = dump.params(), tensor(dump["x"])
    width, state = ours["decay"].shape
    model = module.S4Block(width, transposed=False, d_state=2 * state, mode="s4", verbose=False).to(x.dtype)
    pairs = lambda name: np.stack([ours[f"{name}Re"], ours[f"{name}Im"]], -1)[None]
    kernel = model.layer.kernel
    fill(kernel.inv_dt, ours["step"][:, None])
    fill(kernel.A_real, ours["decay"])
    fill(kernel.A_imag, -ours["frequency"])
    fill(kernel.P, pairs("p"))
    fill(kernel.B, pairs("b"))
    fill(kernel.C, pairs("c"))
    fill(model.layer.D, ours["skip"][None])
    fill(model.output_linear[0].weight, ours["output.weight"].T)
    fill(model.output_linear[0].bias, ours["output.bias"])
    with torch.no_grad():
        first = torch.zeros(x.shape[0], width, state, dtype=torch.view_as_complex(kernel.C).dtype)
        last = kernel.forward_state(x.transpose(1, 2).to(first.dtype), first).numpy()
        y, _ = model(x)
    return {"y": y.numpy(), "state.re": last.real, "state.im": last.imag}
