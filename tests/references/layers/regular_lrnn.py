"""RegularLRNN against the PyTorch code of its authors; our state is what it has moved from where it starts."""
import torch
from torch_modules import fill, tensor

REPOSITORY = "tinghanf/RegluarLRNN"
COMMIT = "9ef57b1a01539133914c0545aaaeb919b4a95576"
FUNCTION = "BlockModel.get_hidden_with_v of block_model.py"
CASES = ["--seed 1", "--seed 2 --width 6 --length 150 --options '{\"block\":3}'"]


def outputs(dump, source):
    module = source.module("block_model.py")
    ours, x, config = dump.params(), tensor(dump["x"]), dump.config
    model = module.BlockModel(emb_dim=config["width"], block_dim=config["block"]).to(x.dtype)
    for name, network in (("blocks", model.gen_block), ("values", model.gen_value)):
        for part, layer in (("up", network[0]), ("down", network[2])):
            fill(layer.weight, ours[f"{name}.{part}.weight"].T)
            fill(layer.bias, ours[f"{name}.{part}.bias"])
    fill(model.a0, ours["start"].reshape(1, -1, config["block"]))
    with torch.no_grad():
        y = model.get_hidden_with_v(x).numpy()
    return {"y": y, "state": y[:, -1] - ours["start"]}
