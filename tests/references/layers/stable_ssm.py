"""StableSSM against its authors' module, in the parameterisation that they call best."""
from diagonal_state_space import last_state, run

REPOSITORY = "radarFudan/StableSSM"
COMMIT = "64315ac894688b852016191ad73631cfaff7ecae"
FUNCTION = "STABLESSM of src/models/recurrent/stablessm.py"
CASES = ["--seed 1 --dtype float32", "--seed 2 --dtype float32 --width 5 --length 150 --options '{\"state\":7}'"]


def outputs(dump, source):
    module = source.module("src/models/recurrent/stablessm.py")
    model = module.STABLESSM(
        dump.config["width"], d_state=2 * dump.config["state"], transposed=False, parameterization="best"
    )
    y, x, ours = run(model, dump)
    return {"y": y, **last_state(x, 1 / (ours["decay"] ** 2 + 0.1), ours)}
