"""S5-PTD against S5, which it is but for where it starts; its authors published no code."""
from joint_state_space import run

REPOSITORY = "lindermanlab/S5"
COMMIT = "3c18fdb6b06414da35e77b94b9cd855f6a95ef17"
FUNCTION = "S5SSM of s5/ssm.py, without conjugates"
CASES = ["--seed 1", "--seed 2 --width 5 --length 150 --options '{\"state\":7}'"]


def outputs(dump, source):
    return run(dump, source, pairs=False)
