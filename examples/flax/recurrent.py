"""The Flax twin of examples/gallery/recurrent.rs, with the GRU: the same model, numbers and seed."""

import sys
import time

import jax
import jax.numpy as jnp
import optax
from flax import nnx

STEPS, BATCH, SHORTEST, LONGEST, HIDDEN = int((sys.argv + [2000])[1]), 64, 10, 40, 48


class Adder(nnx.Module):
    def __init__(self, rngs):
        self.rnn = nnx.RNN(nnx.GRUCell(2, HIDDEN, rngs=rngs))
        self.output = nnx.Linear(HIDDEN, 1, rngs=rngs)

    def __call__(self, x, lengths):
        carry, _ = self.rnn(x, seq_lengths=lengths, return_carry=True)
        return self.output(carry).squeeze(-1)


def draw(key, n):
    numbers, lengths, places, noise = jax.random.split(key, 4)
    lengths = jax.random.randint(lengths, (n,), SHORTEST, LONGEST + 1)
    numbers = jax.random.uniform(numbers, (n, LONGEST))
    half = lengths // 2
    place = (jax.random.uniform(places, (n, 2)) * half[:, None]).astype(jnp.int32)
    time = jnp.arange(LONGEST)
    marks = (time == place[:, :1]) | (time == place[:, 1:] + half[:, None])
    sums = (numbers * marks).sum(-1)
    marks = marks | ((time >= lengths[:, None]) & jax.random.bernoulli(noise, 0.5, (n, LONGEST)))
    return jnp.stack([numbers, marks.astype(jnp.float32)], -1), lengths, sums


def loss_fn(model, task):
    x, lengths, sums = task
    return ((model(x, lengths) - sums) ** 2).mean()


@nnx.jit
def train_step(model, optimizer, draws):
    task = draw(draws(), BATCH)
    loss, grads = nnx.value_and_grad(loss_fn)(model, task)
    optimizer.update(model, grads)
    return loss


@nnx.jit
def test(model):
    return jnp.sqrt(loss_fn(model, draw(jax.random.key(1), 2000)))


rngs = nnx.Rngs(0)
model = Adder(rngs)
draws = rngs.draws.fork()
tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(5e-3))
optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
step_fn = nnx.cached_partial(train_step, model, optimizer, draws)
for step in range(STEPS):
    loss = step_fn()
    if step == 0 or (step + 1) % (STEPS // 10) == 0:
        print(step + 1, float(loss))
        if step == 0:
            started = time.perf_counter()
print(f"{(STEPS - 1) / (time.perf_counter() - started):.1f} steps/s")
print("test error", float(test(model)))
