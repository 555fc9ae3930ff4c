"""S5's own module with our parameters, in JAX."""
import jax
import jax.numpy as jnp
import numpy as np


def run(dump, source, pairs):
    """
    y and the last state.

    Args:
        pairs: whether a state stands for itself and its conjugate.
    """
    if dump["x"].dtype == np.float64:
        jax.config.update("jax_enable_x64", True)
    jnp.DeviceArray = jax.Array  # what its annotations call it
    init = source.module("s5/ssm_init.py")
    theirs = source.module("s5/ssm.py", package="s5", s5__ssm_init=init)
    ours, x = dump.params(), dump["x"]
    state, width = ours["bRe"].shape
    whole = 2 * state if pairs else state
    model = theirs.S5SSM(
        Lambda_re_init=ours["decay"],
        Lambda_im_init=ours["frequency"],
        V=np.zeros((whole, state), complex),
        Vinv=np.zeros((state, whole), complex),
        H=width,
        P=state,
        C_init="lecun_normal",
        discretization="zoh",
        dt_min=0.001,
        dt_max=0.1,
        conj_sym=pairs,
        clip_eigs=True,
    )
    params = {
        "Lambda_re": ours["decay"],
        "Lambda_im": ours["frequency"],
        "B": np.stack([ours["bRe"], ours["bIm"]], -1),
        "C": np.stack([ours["cRe"], ours["cIm"]], -1),
        "D": ours["skip"],
        "log_step": ours["step"][:, None],
    }
    read = jax.vmap(lambda tokens: model.apply({"params": params}, tokens))(x)
    # half_glu1 of its SequenceLayer, s5/layers.py, without norm and residual.
    y = jax.nn.gelu(read)
    y = y * jax.nn.sigmoid(y @ ours["gate.weight"] + ours["gate.bias"])
    rate = np.minimum(ours["decay"], -1e-4) + 1j * ours["frequency"]
    power, b = theirs.discretize_zoh(rate, ours["bRe"] + 1j * ours["bIm"], np.exp(ours["step"]))
    states = jax.vmap(
        lambda tokens: jax.lax.associative_scan(
            theirs.binary_operator, (power * jnp.ones((len(tokens), state)), tokens @ b.T)
        )[1]
    )(x)
    last = np.asarray(states[:, -1])
    return {"y": np.asarray(y), "state.re": last.real, "state.im": last.imag}
