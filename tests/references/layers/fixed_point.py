"""The fixed-point RNN against its authors' module, with as many iterations as ours, weights without their normalisation."""
from types import SimpleNamespace

import numpy as np
import torch
from checkout import Module
from torch_modules import fill, tensor

REPOSITORY = "dr-faustus/fp-rnn"
COMMIT = "4c286022b0198c3a4f6a5924394b7996b5ff77a0"
FUNCTION = "FPRNN of models/fp_rnn_block.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"expansion\":2,\"iterations\":3}'"]


def loop(inputs, coeffs, dim):
    """What linrec_hop of models/ops/linrec.py computes by a kernel."""
    h, all = torch.zeros_like(inputs[:, 0]), []
    for x, a in zip(inputs.unbind(dim), coeffs.unbind(dim)):
        h = a * h + x
        all.append(h)
    return torch.stack(all, dim)


def outputs(dump, source):
    ours, x, config = dump.params(), tensor(dump["x"]), dump.config
    plain, torch.compile = torch.compile, lambda f=None, **_: f if f is not None else lambda f: f
    norm, torch.nn.utils.parametrizations.weight_norm = torch.nn.utils.parametrizations.weight_norm, lambda module: module
    torch.set_default_dtype(x.dtype)
    try:
        module = source.module(
            "models/fp_rnn_block.py",
            package="models",
            models__mixer=source.module("models/mixer.py"),
            models__model_utils=source.module("models/model_utils.py"),
            models__ops__linrec=SimpleNamespace(linrec_hop=loop),
            causal_conv1d=Module(),
        )
        module.rearrange = lambda tokens, _: tokens  # (it turns them for convolutions, also where there are none)
        model = module.FPRNN(
            config["width"],
            None,
            expand=config["expansion"],
            mixer_proj_rank=-1,
            max_iter=config["iterations"] - 1,
            convergence_threshold=0.0,
        )
        model.train()  # (in evaluation it ignores its own limit of iterations)
        fill(model.input_trans.weight, ours["input"].T, ours["gate"].T)
        fill(model.b_proj.weight, ours["write"].T)
        fill(model.lambda_proj.weight, ours["keep.weight"].T)
        fill(model.lambda_proj.bias, ours["keep.bias"])
        fill(model.mixer.u_proj.weight, ours["direction"].T)
        fill(model.mixer.alpha_proj.weight, ours["strength.weight"].T)
        fill(model.mixer.alpha_proj.bias, ours["strength.bias"])
        fill(model.c_proj.weight, ours["read"].T)
        fill(model.output_norm.weight, ours["norm"])
        fill(model.output_trans.weight, ours["output"].T)
        iterates = []
        one = model._fixed_point_step

        def kept(*given):
            iterates.append(one(*given))
            return iterates[-1]

        model._fixed_point_step = kept
        with torch.no_grad():
            y = model(x)
    finally:
        torch.compile = plain
        torch.nn.utils.parametrizations.weight_norm = norm
        torch.set_default_dtype(torch.float32)
    return {"y": y.numpy(), "state": np.stack([h[:, -1].numpy() for h in iterates], 1)}
