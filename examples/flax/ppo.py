"""The Flax twin of examples/gallery/ppo.rs: the same model, numbers and seed."""

import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

STEPS, CARTS, HORIZON, EPOCHS, PARTS = int((sys.argv + [80])[1]), 32, 128, 4, 4
DISCOUNT, LAMBDA, CLIP, LONGEST = 0.99, 0.95, 0.2, 500


def start(key, n):
    numbers = jax.random.uniform(key, (n, 4), minval=-0.05, maxval=0.05)
    return numbers, jnp.zeros(n, jnp.int32)


def push(carts, action, key):
    (place, speed, angle, spin), age = carts[0].T, carts[1]
    force = jnp.where(action == 1, 10.0, -10.0)
    sin, cos = jnp.sin(angle), jnp.cos(angle)
    push = (force + 0.05 * spin**2 * sin) / 1.1
    turn = (9.8 * sin - cos * push) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
    gain = push - 0.05 * turn * cos / 1.1
    moved = jnp.stack([place + 0.02 * speed, speed + 0.02 * gain, angle + 0.02 * spin, spin + 0.02 * turn], 1)
    age = age + 1
    over = (jnp.abs(moved[:, 0]) > 2.4) | (jnp.abs(moved[:, 2]) > np.radians(12)) | (age >= LONGEST)
    anew = start(key, len(age))
    return (jnp.where(over[:, None], anew[0], moved), jnp.where(over, anew[1], age)), over


class Mlp(nnx.Module):
    def __init__(self, outputs, rngs):
        self.layers = nnx.List([nnx.Linear(4, 64, rngs=rngs), nnx.Linear(64, 64, rngs=rngs)])
        self.output = nnx.Linear(64, outputs, rngs=rngs)

    def __call__(self, x):
        for layer in self.layers:
            x = jnp.tanh(layer(x))
        return self.output(x)


class Agent(nnx.Module):
    def __init__(self, rngs):
        self.actor, self.critic = Mlp(2, rngs), Mlp(1, rngs)

    def judge(self, seen):
        return jax.nn.log_softmax(self.actor(seen)), self.critic(seen).squeeze(-1)


def chosen(odds, action):
    return jnp.take_along_axis(odds, action[..., None], -1).squeeze(-1)


def loss_fn(agent, part):
    seen, action, old, target, advantage = part
    odds, value = agent.judge(seen)
    entropy = -(jnp.exp(odds) * odds).sum(-1).mean()
    ratio = jnp.exp(chosen(odds, action) - old)
    advantage = advantage - advantage.mean()
    advantage = advantage / (jnp.sqrt((advantage**2).mean()) + 1e-8)
    policy = -jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - CLIP, 1 + CLIP) * advantage).mean()
    return policy + 0.25 * ((value - target) ** 2).mean() - 0.01 * entropy


@nnx.jit
def train_step(agent, optimizer, carts, draws):
    def play(carts, key):
        actions, starts = jax.random.split(key, 2)
        odds, value = agent.judge(carts[0])
        action = jax.random.categorical(actions, odds)
        after, over = push(carts, action, starts)
        return after, (carts[0], action, chosen(odds, action), value, over, carts[1] + 1)

    carts, (seen, action, odds, value, over, age) = jax.lax.scan(play, carts, jax.random.split(draws(), HORIZON))
    age = (age * over).sum() / jnp.maximum(over.sum(), 1)

    def judge(carry, moment):
        (advantage, after), (value, over) = carry, moment
        surprise = 1 + DISCOUNT * after * (1 - over) - value
        advantage = surprise + DISCOUNT * LAMBDA * (1 - over) * advantage
        return (advantage, value), advantage

    _, last = agent.judge(carts[0])
    _, advantage = jax.lax.scan(judge, (jnp.zeros_like(last), last), (value, over.astype(jnp.float32)), reverse=True)
    played = (seen, action, odds, value + advantage, advantage)
    played = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), played)
    n = CARTS * HORIZON
    graph, state = nnx.split((agent, optimizer))

    def learn(state, places):
        agent, optimizer = nnx.merge(graph, state)
        part = jax.tree.map(lambda x: x[places], played)
        optimizer.update(agent, nnx.grad(loss_fn)(agent, part))
        return nnx.state((agent, optimizer)), ()

    orders = jax.vmap(lambda key: jax.random.permutation(key, n))(jax.random.split(draws(), EPOCHS))
    state, _ = jax.lax.scan(learn, state, orders.reshape(EPOCHS * PARTS, -1))
    nnx.update((agent, optimizer), state)
    return carts, age


rngs = nnx.Rngs(0)
agent = Agent(rngs)
tx = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(2.5e-3, eps=1e-5))
optimizer = nnx.Optimizer(agent, tx, wrt=nnx.Param)
draws = rngs.draws.fork()
carts = start(draws(), CARTS)
for step in range(STEPS):
    carts, age = train_step(agent, optimizer, carts, draws)
    if step == 0 or (step + 1) % (STEPS // 10) == 0:
        print(step + 1, float(age))
        if step == 0:
            started = time.perf_counter()
print(f"{(STEPS - 1) / (time.perf_counter() - started):.2f} steps/s")
