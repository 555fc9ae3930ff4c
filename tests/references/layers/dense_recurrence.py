"""
The dense recurrence against SciPy's discrete linear systems, s[k+1] = A s[k] + B u[k], y[k] = C s[k] + D u[k]: theirs reads the
state before the token and ours the one after it, so their C is C A and their D is C B + D.
"""
import numpy as np
from scipy.signal import dlsim

PACKAGE = "scipy"
FUNCTION = "scipy.signal.dlsim"
CASES = ["--seed 1", """--seed 2 --width 5 --options '{"state":3,"radius":0.5}' --length 300"""]


def outputs(dump, _):
    a, b, c, d = (dump[f"params.{name}"] for name in "abcd")
    tokens = dump["x"]
    ys, states = [], []
    for x in tokens:
        # One more token, so that the state after the last one is reported.
        _, y, state = dlsim((a, b, c @ a, c @ b + d, 1), np.concatenate([x, 0 * x[:1]]))
        ys.append(y[:-1])
        states.append(state[-1])
    return {"y": np.stack(ys), "state": np.stack(states)}
