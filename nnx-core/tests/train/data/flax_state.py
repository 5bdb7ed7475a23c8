"""Makes flax_state.safetensors: a State of Flax 0.12.8, saved as docs/guide/from-flax.md says. Run by hand."""
import numpy as np
from flax import nnx
from safetensors.numpy import save_file


class Model(nnx.Module):
    def __init__(self, rngs):
        self.layers = nnx.List([nnx.Linear(2, 3, rngs=rngs), nnx.Linear(3, 2, rngs=rngs)])
        self.norm = nnx.BatchNorm(2, use_running_average=True, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


def save_state(file, model):
    state = nnx.to_pure_dict(nnx.state(model, nnx.Not(nnx.RngState)))
    flat = nnx.traversals.flatten_mapping(state)
    save_file({".".join(map(str, path)): np.asarray(x) for path, x in flat.items()}, file)


model = Model(nnx.Rngs(0))
model.norm.mean[...] += 0.5
save_state("flax_state.safetensors", model)
x = np.array([[1.0, -2.0]], np.float32)
print(model.norm(model.layers[1](model.layers[0](x))))
