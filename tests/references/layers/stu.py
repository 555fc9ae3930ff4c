"""The spectral transform unit against its authors' functions; filters have their signs by what they compute, here as ours are."""
import jax
import jax.numpy as jnp
import numpy as np

REPOSITORY = "google-deepmind/spectral_ssm"
COMMIT = "f7024d82c961c868003fe031b7e0c134c51dfe2e"
FUNCTION = "apply_stu of spectral_ssm/model.py, on spectral_ssm/stu_utils.py"
CASES = [
    "--seed 1 --length 24 --options '{\"length\":24,\"filters\":6}'",
    "--seed 2 --width 5 --length 100 --options '{\"length\":100,\"filters\":8,\"tokens\":4,\"outputs\":3}'",
]


def outputs(dump, source):
    if dump["x"].dtype == np.float64:
        jax.config.update("jax_enable_x64", True)
    utils = source.module("spectral_ssm/stu_utils.py")
    from types import SimpleNamespace

    model = source.module("spectral_ssm/model.py", spectral_ssm=SimpleNamespace(stu_utils=utils))
    ours, x, config = dump.params(), dump["x"], dump.config
    width = x.shape[-1]
    values, vectors = utils.get_top_hankel_eigh(config["length"], config["filters"])
    largest = vectors[np.argmax(np.abs(vectors), 0), np.arange(vectors.shape[1])]
    vectors = vectors * np.sign(largest)
    by_lag = lambda name: ours[name].reshape(-1, width, width)  # lag, in, out
    params = (
        np.transpose(by_lag("past"), [2, 0, 1]),
        np.transpose(by_lag("input"), [2, 1, 0]),
        ours["spectral"],
    )
    y = np.asarray(model.apply_stu(tuple(map(jnp.asarray, params)), x, (values, vectors)))
    before = np.concatenate([np.zeros_like(x), np.zeros((len(x), 1, width)), x], 1)
    past = np.concatenate([y[:, -1 - lag] for lag in range(config["outputs"])], -1)
    return {"y": y, "state.window": before[:, -config["length"] - 1 :], "state.past": past}
