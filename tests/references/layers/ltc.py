"""LTC against the PyTorch cell of its authors, with all neurons joined and conductances by softplus."""
import numpy as np
import torch
from torch_modules import fill, tensor

REPOSITORY = "mlech26l/ncps"
COMMIT = "695ec22d7d1831f2ced67346ef7d2f08c525bd47"
FUNCTION = "LTCCell of ncps/torch/ltc_cell.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 80 --options '{\"unfolds\":3}'"]


class AllJoined:
    """What the cell asks of a wiring."""

    def __init__(self, width):
        self.units = self.output_dim = self.input_dim = width
        self.adjacency_matrix = self.sensory_adjacency_matrix = np.ones([width, width])

    def is_built(self):
        return True

    def erev_initializer(self):
        return self.adjacency_matrix

    sensory_erev_initializer = erev_initializer


def outputs(dump, source):
    ours, x = dump.params(), tensor(dump["x"])
    width = dump.config["width"]
    module = source.module("ncps/torch/ltc_cell.py")
    model = module.LTCCell(
        AllJoined(width), ode_unfolds=dump.config["unfolds"], implicit_param_constraints=True
    ).to(x.dtype)
    theirs = model._params
    for prefix, synapses in (("", "between"), ("sensory_", "sensory")):
        for name, own in (("w", "strength"), ("sigma", "slope"), ("mu", "middle"), ("erev", "reversal")):
            fill(theirs[prefix + name], ours[f"{synapses}.{own}"])
    for name, own in (
        ("gleak", "leak"),
        ("vleak", "rest"),
        ("cm", "capacity"),
        ("input_w", "scale"),
        ("input_b", "shift"),
        ("output_w", "outputScale"),
        ("output_b", "outputShift"),
    ):
        fill(theirs[name], ours[own])
    with torch.no_grad():
        h = torch.zeros(x.shape[0], width, dtype=x.dtype)
        tokens = []
        for t in range(x.shape[1]):
            y, h = model(x[:, t], h)
            tokens.append(y)
    return {"y": torch.stack(tokens, 1).numpy(), "state": h.numpy()}
