"""The Flax twin of examples/gallery/lora.rs: the same additions to the same checkpoint, which the example `gpt` leaves."""

import json
import pathlib
import sys

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from gpt import FEATURES, Gpt, draw, fit, loss_fn, test, tokens, tokens_of, vocabulary

STEPS, RANK = int((sys.argv + [300])[1]), 8
CHECKPOINT = pathlib.Path(__file__).parent.parent.parent / "runs/gpt/gpt.safetensors"


def load(path, model):
    """Sets the parameters of a model to those of a safetensors file: a length, a table in JSON, the numbers."""
    file = path.read_bytes()
    start = 8 + int.from_bytes(file[:8], "little")
    table = json.loads(file[8:start])
    state = nnx.state(model, nnx.Param)
    for path, variable in nnx.to_flat_state(state):
        name = ".".join(map(str, path)).replace(".up.", ".up.linear.").replace(".down.", ".down.linear.")
        first, last = table[name]["data_offsets"]
        numbers = np.frombuffer(file[start + first : start + last], np.float32)
        variable.set_value(jnp.asarray(numbers.reshape(table[name]["shape"])))
    nnx.update(model, state)


@nnx.jit
def tune_step(model, optimizer, draws, text):
    wrt = nnx.DiffState(0, nnx.LoRAParam)
    loss, grads = nnx.value_and_grad(loss_fn, argnums=wrt)(model, draw(draws(), text))
    optimizer.update(model, grads)
    return loss


rngs = nnx.Rngs(0)
model = Gpt(len(vocabulary), rngs)
load(CHECKPOINT, model)
draws = rngs.draws.fork()
train, windows = tokens_of(tokens)
before = float(test(model, windows))

for block in model.blocks:
    block.up = nnx.LoRA(FEATURES, RANK, 4 * FEATURES, base_module=block.up, rngs=rngs)
    block.down = nnx.LoRA(4 * FEATURES, RANK, FEATURES, base_module=block.down, rngs=rngs)
rate = optax.warmup_cosine_decay_schedule(0, 1e-2, STEPS // 15, STEPS)
tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=0.0))
optimizer = nnx.Optimizer(model, tx, wrt=nnx.LoRAParam)
number = {c: i for i, c in enumerate(vocabulary)}
capitals = np.array([number.get(c.upper(), i) for i, c in enumerate(vocabulary)], np.int32)
train, windows = tokens_of(capitals[tokens])
print("before:", before, "in capitals:", float(test(model, windows)))
step_fn = nnx.cached_partial(tune_step, model, optimizer, draws)
fit(STEPS, lambda: step_fn(train), model, windows)
