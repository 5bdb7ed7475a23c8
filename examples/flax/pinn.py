"""The Flax twin of examples/gallery/pinn.rs: the same model, numbers and seed."""

import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

STEPS, POINTS, WIDTH, IN_A_CALL = int((sys.argv + [6000])[1]), 512, 32, 100
VISCOSITY = 0.02 / np.pi


class Net(nnx.Module):
    def __init__(self, rngs):
        self.input = nnx.Linear(2, WIDTH, rngs=rngs)
        self.hidden = nnx.List([nnx.Linear(WIDTH, WIDTH, rngs=rngs) for _ in range(3)])
        self.output = nnx.Linear(WIDTH, 1, rngs=rngs)

    def u(self, t, x):
        h = jnp.tanh(self.input(jnp.stack([t, x])))
        for layer in self.hidden:
            h = jnp.tanh(layer(h))
        return t * (1 - x**2) * self.output(h).reshape(()) - jnp.sin(x * np.pi)

    def residual(self, t, x):
        u, (u_t, u_x) = jax.value_and_grad(self.u, (0, 1))(t, x)
        u_xx = jax.grad(jax.grad(self.u, 1), 1)(t, x)
        return u_t + u * u_x - VISCOSITY * u_xx


rngs = nnx.Rngs(0)
net = Net(rngs)
draws = rngs.draws.fork()
optimizer = nnx.Optimizer(net, optax.adam(optax.cosine_decay_schedule(3e-3, STEPS)), wrt=nnx.Param)


@nnx.jit
def train_steps(net, optimizer, draws):
    graph, state = nnx.split((net, optimizer))

    def step(state, key):
        net, optimizer = nnx.merge(graph, state)
        times, places = jax.random.split(key, 2)
        t = jax.random.uniform(times, (POINTS,))
        x = jax.random.uniform(places, (POINTS,), minval=-1, maxval=1)

        def loss_fn(net):
            return (jax.vmap(net.residual)(t, x) ** 2).mean()

        loss, grads = nnx.value_and_grad(loss_fn)(net)
        optimizer.update(net, grads)
        return nnx.state((net, optimizer)), loss

    state, losses = jax.lax.scan(step, state, jax.random.split(draws(), IN_A_CALL))
    nnx.update((net, optimizer), state)
    return losses[-1]


def exact(t, x):
    z = np.arange(-400, 401)[:, None] / 80
    y = x - np.sqrt(4 * VISCOSITY * t) * z
    weight = np.exp(-(z**2) - np.cos(np.pi * y) / (2 * np.pi * VISCOSITY))
    return -(weight * np.sin(np.pi * y)).sum(0) / weight.sum(0)


for step in range(IN_A_CALL, STEPS + 1, IN_A_CALL):
    loss = train_steps(net, optimizer, draws)
    if step == IN_A_CALL or step % (STEPS // 10) == 0:
        print(step, float(loss))
        if step == IN_A_CALL:
            started = time.perf_counter()
print(f"{(STEPS - IN_A_CALL) / (time.perf_counter() - started):.1f} steps/s")
x = np.linspace(-1, 1, 201)
for t in [0.25, 0.5, 0.75, 1.0]:
    u = jax.vmap(net.u, (None, 0))(jnp.float32(t), jnp.asarray(x, jnp.float32))
    print(t, np.linalg.norm(u - exact(t, x)) / np.linalg.norm(exact(t, x)))
