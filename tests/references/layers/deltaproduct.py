"""DeltaProduct against the layer of flash-linear-attention."""
from types import SimpleNamespace

from flash_linear_attention import COMMIT, REPOSITORY, layer_module
from gated_delta import head_rates, normalised, run, sizes

FUNCTION = (
    "GatedDeltaProduct of fla/layers/gated_deltaproduct.py on naive_recurrent_gated_delta_product of "
    "fla/ops/gated_delta_product/naive.py"
)
CASES = [
    "--seed 1",
    "--seed 2 --length 150 --options '{\"steps\":3}'",
    """--seed 3 --width 12 --options '{"heads":2,"expandKey":0.5,"expandValue":1,"conv":3,"negative":false}' --length 5""",
    """--seed 4 --width 6 --options '{"heads":1,"conv":0,"steps":1}' --length 70""",
]


def build(source, config):
    rule = source.module("fla/ops/gated_delta_product/naive.py").naive_recurrent_gated_delta_product
    steps = config["steps"]

    def kernel(q, k, v, g, beta, num_householder, **_):
        scaled = normalised(q) * q.shape[-1] ** -0.5
        return rule(scaled, normalised(k), v, g, beta, None, None, num_householder=num_householder)

    def expanded(q, k, v, g, beta, **_):
        """Short sequences come with a token for each step: the query with the last of them, the gate with the first."""
        o, state = kernel(q[:, steps - 1 :: steps], k, v, g[:, ::steps], beta, steps)
        return o.repeat_interleave(steps, 1), state

    module = layer_module(
        source,
        "fla/layers/gated_deltaproduct.py",
        fla__ops__gated_delta_product=SimpleNamespace(chunk_gated_delta_product=kernel),
        fla__ops__gated_delta_rule=SimpleNamespace(fused_recurrent_gated_delta_rule=expanded),
    )
    return module.GatedDeltaProduct(**sizes(config), num_householder=steps).eval()


def outputs(dump, source):
    return run(build(source, dump.config), dump, head_rates)
