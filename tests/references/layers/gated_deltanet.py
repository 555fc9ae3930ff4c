"""Gated DeltaNet against the layer of flash-linear-attention."""
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from gated_delta import head_rates, normalised, run, sizes

FUNCTION = "GatedDeltaNet of fla/layers/gated_deltanet.py on naive_recurrent_gated_delta_rule of fla/ops/gated_delta_rule/naive.py"
CASES = [
    "--seed 1",
    "--seed 2 --length 150 --options '{\"negative\":true}'",
    """--seed 3 --width 12 --options '{"heads":2,"expandKey":0.5,"expandValue":1,"conv":3,"negative":true}' --length 5""",
    """--seed 4 --width 6 --options '{"heads":1,"conv":0}' --length 70""",
]


def build(source, config, rule="naive_recurrent_gated_delta_rule", **options):
    """Args:
    rule: which of the functions of fla/ops/gated_delta_rule/naive.py.
    """
    function = getattr(source.module("fla/ops/gated_delta_rule/naive.py"), rule)

    def kernel(q, k, v, g, beta, A_log, dt_bias, allow_neg_eigval, **_):
        gate = -A_log.exp() * F.softplus(g + dt_bias)
        rate = torch.sigmoid(beta) * (2 if allow_neg_eigval else 1)
        named = dict(beta=rate, g=gate, output_final_state=True, **options)
        o, state = function(normalised(q), normalised(k), v, **named)
        return o.to(v.dtype), state

    kernels = SimpleNamespace(chunk_gated_delta_rule=kernel, fused_recurrent_gated_delta_rule=kernel)
    module = layer_module(
        source,
        "fla/layers/gated_deltanet.py",
        fla__ops__gated_delta_rule=kernels,
        fla__modules__convolution=SimpleNamespace(causal_conv1d=None),
    )
    return module.GatedDeltaNet(**sizes(config)).eval()


def forward(model, x):
    """With a cache: without one it calls a kernel for its three convolutions that has no plain form beside it."""
    return model(x, use_cache=True)


def outputs(dump, source):
    return run(build(source, dump.config), dump, head_rates)
