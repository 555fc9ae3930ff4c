"""WARP against its authors' model in JAX, whose network sees a time of zero and our token; what it adds up, by a loop beside."""
import equinox as eqx
import jax
import numpy as np
from checkout import Module

REPOSITORY = "ddrous/warp"
COMMIT = "bde9a5d554901eae294f26c1d0ba786a0ecff0f9"
FUNCTION = "WSM.non_ar_call of models.py"
CASES = ["--seed 1", "--seed 2 --width 5 --length 20 --options '{\"inner\":3,\"hidden\":5}'"]


def outputs(dump, source):
    if dump["x"].dtype == np.float64:
        jax.config.update("jax_enable_x64", True)
    utils = source.module("utils.py", matplotlib__pyplot=Module(), sklearn__metrics=Module())
    module = source.module("models.py", utils=utils)
    ours, config = dump.params(), dump.config
    inner, hidden = config["inner"], config["hidden"]
    model = module.WSM(
        inner,
        hidden,
        1,
        activation="swish",
        final_activation=None,
        init_state_layers=0,
        input_prev_data=True,
        predict_uncertainty=False,
        time_as_channel=False,
        autoregressive_train=False,
        key=jax.random.PRNGKey(0),
    )
    # Its first layer sees the time before the token: weights that ours has not.
    first = np.array([i * (1 + inner) + 1 + j for i in range(hidden) for j in range(inner)])
    size = hidden * (1 + inner) + hidden + inner * hidden + inner
    place = np.concatenate([first, np.arange(hidden * (1 + inner), size)])
    transition = np.eye(size)
    transition[np.ix_(place, place)] = ours["transition"]
    change, start, bias = np.zeros((size, inner)), np.zeros((size, inner)), np.zeros(size)
    change[place], start[place], bias[place] = ours["change"].T, ours["start.weight"].T, ours["start.bias"]
    model = eqx.tree_at(
        lambda m: (m.As[0], m.Bs[0], m.thetas_init[0].layers[0].weight, m.thetas_init[0].layers[0].bias),
        model,
        tuple(jax.numpy.asarray(a, dump["x"].dtype) for a in (transition, change, start, bias)),
    )
    u = dump["x"] @ ours["down"]
    answers = model(u, np.zeros((*u.shape[:2], 1), u.dtype), jax.random.PRNGKey(1))
    theta, last = u[:, 0] @ ours["start.weight"] + ours["start.bias"], u[:, 0]
    for now in u.transpose(1, 0, 2):
        theta, last = theta @ ours["transition"].T + (now - last) @ ours["change"], now
    return {
        "y": np.asarray(answers) @ ours["up.weight"] + ours["up.bias"],
        "state.theta": theta,
        "state.last": last,
        "state.begun": np.ones((len(u), 1)),
    }
