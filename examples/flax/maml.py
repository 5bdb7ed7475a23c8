"""The Flax twin of examples/gallery/maml.rs: the same model, numbers and seed."""

import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

STEPS, TASKS, HIDDEN, POINTS, RATE = int((sys.argv + [10_000])[1]), 25, 40, 10, 0.01


class Net(nnx.Module):
    def __init__(self, rngs):
        self.input = nnx.Linear(1, HIDDEN, rngs=rngs)
        self.hidden = nnx.Linear(HIDDEN, HIDDEN, rngs=rngs)
        self.output = nnx.Linear(HIDDEN, 1, rngs=rngs)

    def __call__(self, x):
        return self.output(nnx.relu(self.hidden(nnx.relu(self.input(x)))))


def error(net, x, y):
    return ((net(x) - y) ** 2).mean()


def adapted(net, x, y, steps):
    net = nnx.clone(net)
    optimizer = nnx.Optimizer(net, optax.sgd(RATE), wrt=nnx.Param)
    for _ in range(steps):
        optimizer.update(net, nnx.grad(error)(net, x, y))
    return net


def draw(key, tasks):
    height, phase, x, asked_x = jax.random.split(key, 4)
    height = jax.random.uniform(height, (tasks, 1, 1), minval=0.1, maxval=5)
    phase = jax.random.uniform(phase, (tasks, 1, 1), minval=0, maxval=np.pi)
    x = jax.random.uniform(x, (tasks, POINTS, 1), minval=-5, maxval=5)
    asked_x = jax.random.uniform(asked_x, (tasks, POINTS, 1), minval=-5, maxval=5)
    return x, height * jnp.sin(x - phase), asked_x, height * jnp.sin(asked_x - phase)


def loss(net, tasks, steps):
    graph, state = nnx.split(net)

    def of_task(x, y, asked_x, asked_y):
        return error(adapted(nnx.merge(graph, state), x, y, steps), asked_x, asked_y)

    return jax.vmap(of_task)(*tasks).mean()


@nnx.jit
def train_step(net, optimizer, draws):
    tasks = draw(draws(), TASKS)
    value, grads = nnx.value_and_grad(lambda net: loss(net, tasks, 1))(net)
    optimizer.update(net, grads)
    return value


@nnx.jit
def test(net):
    tasks = draw(jax.random.key(1), 500)
    return [loss(net, tasks, steps) for steps in (0, 1, 10)]


rngs = nnx.Rngs(0)
net = Net(rngs)
draws = rngs.draws.fork()
optimizer = nnx.Optimizer(net, optax.adam(1e-3), wrt=nnx.Param)
step_fn = nnx.cached_partial(train_step, net, optimizer, draws)
for step in range(STEPS):
    value = step_fn()
    if step == 0 or (step + 1) % (STEPS // 10) == 0:
        print(step + 1, float(value), *map(float, test(net)))
        if step == 0:
            started = time.perf_counter()
print(f"{(STEPS - 1) / (time.perf_counter() - started):.1f} steps/s")
