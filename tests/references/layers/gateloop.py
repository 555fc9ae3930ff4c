"""GateLoop against lucidrains' module, whose scan keeps all memories: the last is the state."""
import torch
from checkout import Module
from torch_modules import fill, tensor

REPOSITORY = "lucidrains/gateloop-transformer"
COMMIT = "1ded1cb95af3677411103e8fd2cbf662287507bc"
FUNCTION = "GateLoopedAttention of gateloop_transformer/gateloop_transformer.py"
CASES = [
    "--seed 1",
    "--seed 2 --width 12 --length 150 --options '{\"heads\":3}'",
    "--seed 3 --width 6 --length 40 --options '{\"heads\":2,\"complex\":false}'",
]


def outputs(dump, source):
    scans = source.module("gateloop_transformer/associative_scan.py")
    kept = {}

    def scan(operator, elements):
        result = scans.associative_scan(operator, elements)
        kept["memory"] = result[1][:, -1]
        return result

    module = source.module(
        "gateloop_transformer/gateloop_transformer.py",
        gateloop_transformer__associative_scan=type("Scans", (), {"associative_scan": staticmethod(scan)}),
        rotary_embedding_torch=Module(),
    )
    ours, x = dump.params(), tensor(dump["x"])
    width, heads = dump.config["width"], dump.config["heads"]
    model = module.GateLoopedAttention(width, heads=heads, checkpoint_gate_looped_attn=False).to(x.dtype)
    fill(model.to_qkv.weight, ours["input"].T)
    fill(model.to_a[0].weight, ours["factor.weight"].T)
    fill(model.to_a[0].bias, ours["factor.bias"])
    fill(model.to_gates[0].weight, ours["gate"].T)
    fill(model.to_out.weight, ours["output"].T)
    with torch.no_grad():
        y = model(x, ablate_complex=not dump.config["complex"])
    memory = kept["memory"].view(x.shape[0], heads, width // heads, width // heads)
    return {"y": y.numpy(), "state.re": memory.real.numpy(), "state.im": memory.imag.numpy()}
