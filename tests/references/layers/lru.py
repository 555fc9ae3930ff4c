"""
The LRU against the JAX code of its authors. Their D is diagonal and ours a matrix, so theirs is set to zero and D x added here; their
phase is a logarithm, so it is taken into (0, 2 pi].
"""
import jax
import jax.numpy as jnp
import numpy as np

REPOSITORY = "NicolasZucchet/minimal-LRU"
COMMIT = "bbd71b1104c399ec0d13819527d791949e66f599"
FUNCTION = "LRU and binary_operator_diag of lru/model.py"
CASES = ["--seed 1", """--seed 2 --width 5 --options '{"state":7,"maxRadius":0.999}' --length 300"""]


def outputs(dump, source):
    if dump["x"].dtype == np.float64:
        jax.config.update("jax_enable_x64", True)
    theirs = source.module("lru/model.py")
    ours = dump.params()
    state, width = ours["bRe"].shape
    params = {
        "nu_log": ours["nu"],
        "theta_log": np.log(2 * np.pi - np.mod(-ours["theta"], 2 * np.pi)),
        "gamma_log": ours["gamma"],
        "B_re": ours["bRe"],
        "B_im": ours["bIm"],
        "C_re": ours["c"][:, :state],
        "C_im": -ours["c"][:, state:],
        "D": np.zeros(width, ours["d"].dtype),
    }
    model = theirs.LRU(d_hidden=state, d_model=width)
    apply = lambda params, x: jax.vmap(lambda x: model.apply({"params": params}, x))(x)
    x = dump["x"]
    y = apply(params, x) + x @ ours["d"].T
    # The module returns no state: with C = I and C = -i I it is what it returns, where D is zero and n = d.
    read = lambda re, im: np.asarray(
        jax.vmap(
            lambda x: theirs.LRU(d_hidden=state, d_model=width).apply(
                {"params": {**params, "C_re": re, "C_im": im}}, x
            )
        )(x)
    )[:, -1]
    parts = {}
    for name, re, im in (("state.re", 1, 0), ("state.im", 0, -1)):
        rows = []
        # As many numbers of the state at a time as there are outputs.
        for start in range(0, state, width):
            chosen = np.zeros((width, state), x.dtype)
            count = min(width, state - start)
            chosen[np.arange(count), start + np.arange(count)] = 1
            rows.append(read(re * chosen, im * chosen)[:, :count])
        parts[name] = np.concatenate(rows, 1)
    return {"y": np.asarray(y), **parts}
