"""LSSL against its authors' module with a dense matrix; their tests replace its state, so that is their Krylov matrix times the tokens."""
from types import SimpleNamespace

import numpy as np
import torch
from checkout import Module
from torch import nn
from torch_modules import fill, tensor

REPOSITORY = "state-spaces/s4"
COMMIT = "e757cef57d89e448c413de7325ed5601aceaac13"
FUNCTION = "Platypus of src/models/sequence/modules/lssl.py"
CASES = ["--seed 1 --length 37", "--seed 2 --width 5 --length 150 --options '{\"state\":7,\"channels\":3}'"]


class Options(dict):
    """Stands for omegaconf's DictConfig."""

    __getattr__ = dict.__getitem__


def outputs(dump, source):
    toeplitz = source.module("src/models/functional/toeplitz.py")
    krylov = source.module("src/models/functional/krylov.py", src__models__functional__toeplitz=toeplitz)
    hippo = source.module("src/models/hippo/hippo.py", scipy__special=Module(), scipy=Module())
    transition = source.module(
        "src/models/hippo/transition.py",
        scipy__special=Module(),
        scipy=Module(),
        src__models__hippo__hippo=hippo,
        src__models__functional__toeplitz=toeplitz,
    )
    module = source.module(
        "src/models/sequence/modules/lssl.py",
        omegaconf=SimpleNamespace(DictConfig=Options),
        src__models__nn=SimpleNamespace(Activation=lambda name: nn.GELU(), utils=None),
        src__models__nn__utils=Module(),
        src__models__functional__krylov=krylov,
        src__models__functional__toeplitz=toeplitz,
        src__models__hippo=SimpleNamespace(transition=transition, hippo=hippo),
        src__models__sequence__base=SimpleNamespace(SequenceModule=nn.Module, TransposedModule=lambda cls: cls),
    )
    ours, x = dump.params(), tensor(dump["x"])
    width, channels, state = ours["read"].shape
    model = module.Platypus(width, d_model=state, measure="random", channels=channels).to(x.dtype)
    fill(model.transition.a, np.tril(ours["transition"]))
    fill(model.transition.b, ours["input"])
    fill(model.log_dt, ours["step"])
    fill(model.C, ours["read"])
    fill(model.D, ours["skip"])
    fill(model.output_linear.weight, ours["output.weight"].T)
    fill(model.output_linear.bias, ours["output.bias"])
    model.eval()
    with torch.no_grad():
        y, _ = model(x)
        last = torch.einsum("blh,hnl->bhn", x.flip(1), model.k[..., : x.shape[1]])
    return {"y": y.numpy(), "state": last.numpy()}
