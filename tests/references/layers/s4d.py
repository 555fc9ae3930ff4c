"""S4D against its authors' minimal module."""
import numpy as np
from checkout import Module
from diagonal_state_space import last_state, run

REPOSITORY = "state-spaces/s4"
COMMIT = "e757cef57d89e448c413de7325ed5601aceaac13"
FUNCTION = "S4D of models/s4/s4d.py"
CASES = ["--seed 1 --dtype float32", "--seed 2 --dtype float32 --width 5 --length 150 --options '{\"state\":7}'"]


def outputs(dump, source):
    module = source.module("models/s4/s4d.py", src__models__nn=Module())
    model = module.S4D(dump.config["width"], d_state=2 * dump.config["state"], transposed=False)
    y, x, ours = run(model, dump)
    return {"y": y, **last_state(x, np.exp(ours["decay"]), ours)}
