"""KDA against the layer of flash-linear-attention. Its gate is naive_kda_gate of fla/ops/kda/gate.py, in a file that needs a GPU compiler."""
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from flash_linear_attention import COMMIT, REPOSITORY, WITHOUT_TRITON, layer_module
from gated_delta import normalised, run, sizes
from torch import nn
from torch_modules import fill

FUNCTION = "KimiDeltaAttention of fla/layers/kda.py on naive_recurrent_kda of fla/ops/kda/naive.py"
CASES = [
    "--seed 1",
    "--seed 2 --length 150 --options '{\"negative\":true}'",
    """--seed 3 --width 12 --options '{"heads":2,"expandKey":0.5,"expandValue":1,"conv":3,"negative":true}' --length 5""",
    """--seed 4 --width 6 --options '{"heads":1,"conv":0}' --length 70""",
]


def build(source, config, rule="naive_recurrent_kda", **options):
    """Args:
    rule: which of the functions of fla/ops/kda/naive.py.
    """
    function = getattr(source.module("fla/ops/kda/naive.py"), rule)
    norm = source.module("fla/modules/layernorm_gated.py", **WITHOUT_TRITON).rms_norm_ref

    class FusedRMSNormGated(nn.Module):
        """By a sigmoid, which the plain form beside it does not know: its norm, then the gate."""

        def __init__(self, hidden_size, activation, eps):
            super().__init__()
            self.weight, self.eps = nn.Parameter(torch.ones(hidden_size)), eps

        def forward(self, x, gate):
            return norm(x, self.weight, None, eps=self.eps, upcast=False) * torch.sigmoid(gate)

    def kernel(q, k, v, g, beta, A_log, dt_bias, allow_neg_eigval, **_):
        gate = -A_log.exp()[:, None] * F.softplus(g + dt_bias.view(g.shape[-2:]))
        rate = torch.sigmoid(beta) * (2 if allow_neg_eigval else 1)
        return function(normalised(q), normalised(k), v, gate, rate, output_final_state=True, **options)

    module = layer_module(
        source,
        "fla/layers/kda.py",
        fla__ops__kda=SimpleNamespace(chunk_kda=kernel, fused_recurrent_kda=kernel),
    )
    module.FusedRMSNormGated = FusedRMSNormGated
    return module.KimiDeltaAttention(**sizes(config)).eval()


def forget(model, ours):
    for theirs, own in ((model.f_proj, "forget"), (model.g_proj, "gate")):
        fill(theirs[0].weight, ours[f"{own}.down"].T)
        fill(theirs[1].weight, ours[f"{own}.up.weight"].T)
    fill(model.dt_bias, ours["forget.up.bias"])
    fill(model.g_proj[1].bias, ours["gate.up.bias"])
    fill(model.A_log, ours["forget.rate"])


def outputs(dump, source):
    return run(build(source, dump.config), dump, forget)
