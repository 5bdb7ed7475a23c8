"""The Flax twin of examples/gallery/fields.rs: the same models, numbers and seed."""

import sys
import time

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax.nn import initializers

STEPS, PIXELS, SIDE, WIDTH, FREQUENCY = int((sys.argv + [1000])[1]), 1024, 128, 128, 30.0


class Fixed(nnx.Variable):
    pass


class Rectified(nnx.Module):
    def __init__(self, inputs, outputs, rngs):
        self.linear = nnx.Linear(inputs, outputs, kernel_init=initializers.he_normal(), rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.linear(x))


class Residual(nnx.Module):
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, x):
        return x + self.inner(x)


class Waves(nnx.Module):
    def __init__(self, inputs, waves, deviation, rngs):
        self.frequencies = Fixed(jax.random.normal(rngs.params(), (inputs, waves)) * deviation)

    def __call__(self, x):
        phase = x @ self.frequencies[...] * (2 * jnp.pi)
        return jnp.concatenate([jnp.cos(phase), jnp.sin(phase)], -1)


class Sines(nnx.Module):
    def __init__(self, scale, inputs, outputs, rngs):
        init = initializers.variance_scaling(scale, "fan_in", "uniform")
        self.linear = nnx.Linear(inputs, outputs, kernel_init=init, rngs=rngs)

    def __call__(self, x):
        return jnp.sin(self.linear(x) * FREQUENCY)


class Field(nnx.Module):
    def __init__(self, parts, outputs, rngs):
        self.parts = nnx.List(parts)
        self.output = nnx.Linear(outputs, 1, rngs=rngs)

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return self.output(x)


class Fields(nnx.Module):
    def __init__(self, rngs):
        hidden = lambda: Residual(Rectified(WIDTH, WIDTH, rngs))
        plain = [Rectified(2, WIDTH, rngs), hidden(), hidden()]
        waves = [Waves(2, WIDTH // 2, 4.0, rngs), hidden(), hidden()]
        sines = [Sines(1 / 6, 2, WIDTH, rngs)]
        sines += [Sines(2 / FREQUENCY**2, WIDTH, WIDTH, rngs) for _ in range(2)]
        self.plain = Field(plain, WIDTH, rngs)
        self.waves = Field(waves, WIDTH, rngs)
        self.sines = Field(sines, WIDTH, rngs)

    def __call__(self, x):
        return jnp.stack([self.plain(x), self.waves(x), self.sines(x)])


def grid(n):
    end = 1 - 1 / n
    middles = jnp.linspace(-end, end, n)
    return jnp.stack(jnp.meshgrid(middles, middles, indexing="ij"), -1)


def truth(places):
    return jnp.cos((places**2).sum(-1, keepdims=True) * 30) * 0.5 + 0.5


@nnx.jit
def train_step(fields, optimizer, draws):
    seen = grid(SIDE)[::2, ::2].reshape(-1, 2)
    places = jax.random.choice(draws(), seen, (PIXELS,))

    def loss(fields):
        return ((fields(places) - truth(places)) ** 2).mean((1, 2)).sum()

    value, grads = nnx.value_and_grad(loss)(fields)
    optimizer.update(fields, grads)
    return value


@nnx.jit
def test(fields):
    picture = truth(grid(SIDE))
    wrong = (fields(grid(SIDE)) - picture)[:, 1::2, 1::2]
    return -10 * jnp.log10((wrong**2).mean((1, 2, 3)))


rngs = nnx.Rngs(0)
fields = Fields(rngs)
draws = rngs.draws.fork()
optimizer = nnx.Optimizer(fields, optax.adam(1e-3), wrt=nnx.Param)
step_fn = nnx.cached_partial(train_step, fields, optimizer, draws)
for step in range(STEPS):
    value = step_fn()
    if step == 0 or (step + 1) % (STEPS // 10) == 0:
        print(step + 1, float(value), *test(fields).tolist())
        if step == 0:
            started = time.perf_counter()
print(f"{(STEPS - 1) / (time.perf_counter() - started):.1f} steps/s")
