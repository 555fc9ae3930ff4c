"""DSS-exp against its authors' standalone module, whose kernel is in float32; it has no state: that is a sum of tokens by powers."""
from types import SimpleNamespace

import numpy as np
import torch
from checkout import Module
from torch_modules import fill, tensor

REPOSITORY = "ag1988/dss"
COMMIT = "777084e777c27caba2e87eceecb3f49d1b761cd8"
FUNCTION = "DSS with version exp of src/models/sequence/ss/standalone/dss.py"
CASES = ["--seed 1", "--seed 2 --dtype float32 --width 5 --length 150 --options '{\"state\":7}'"]


def outputs(dump, source):
    module = source.module(
        "src/models/sequence/ss/standalone/dss.py",
        pytorch_lightning__utilities=Module(),
        opt_einsum=SimpleNamespace(contract=torch.einsum, contract_expression=None),
        omegaconf=SimpleNamespace(DictConfig=lambda values: _Settings(values)),
    )
    ours, x = dump.params(), tensor(dump["x"])
    model = module.DSS(dump.config["width"], d_state=dump.config["state"], transposed=False, version="exp").to(x.dtype)
    kernel = model.kernel
    fill(kernel.log_dt, ours["step"].T)
    fill(kernel.Lambda_log_neg_re, ours["decay"])
    fill(kernel.Lambda_im, ours["frequency"])
    fill(kernel.W, np.stack([ours["wRe"], ours["wIm"]], -1)[None])
    fill(model.D, ours["skip"][None])
    fill(model.output_linear.weight, ours["output.weight"].T)
    fill(model.output_linear.bias, ours["output.bias"])
    with torch.no_grad():
        y, _ = model(x)
    real, imaginary = np.exp(ours["step"].astype(np.float64))[..., None]
    exponent = -np.exp(ours["decay"]) * real + 1j * ours["frequency"] * imaginary
    ago = np.arange(x.shape[1] - 1, -1, -1)
    state = np.einsum("bth,hmt->bhm", x.numpy(), np.exp(exponent[..., None] * ago))
    return {"y": y.numpy(), "state.re": state.real, "state.im": state.imag}


class _Settings(dict):
    """Settings by attribute, as omegaconf has them."""

    __getattr__ = dict.__getitem__
