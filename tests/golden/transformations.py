"""The areas of `generate.py` that are about gradient transformations which need more than gradients, and those of
`optax.contrib`."""

import jax
import jax.numpy as jnp
import numpy as np
import optax


def loss(params):
    """A narrow valley with walls that grow quickly."""
    w, b = params["w"], params["b"]
    valley = jnp.sum((1 - w[:, :-1]) ** 2) + 10 * jnp.sum((w[:, 1:] - w[:, :-1] ** 2) ** 2)
    return valley + jnp.sum((b - w[0]) ** 4) + 0.1 * jnp.sum(b**2)


def sample(random, *shape):
    """A constant input."""
    return random.uniform(-1.0, 1.0, shape).astype(np.float32)


def searches(area, random):
    """Steps down the loss above, by transformations that are told the loss and its function."""
    steps = 8
    zoom, backtracking = optax.scale_by_zoom_linesearch, optax.scale_by_backtracking_linesearch
    every = {
        "polyak": optax.polyak_sgd(max_learning_rate=0.05, scaling=0.7, f_min=0.1),
        "polyak_negative": optax.scale_by_polyak(f_min=1e3, eps=1e-3),
        "polyak_plus": optax.polyak_sgd(f_min=1e3, variant="sps+"),
        "backtracking": optax.chain(optax.sgd(1.0), backtracking(15)),
        "backtracking_stored": optax.chain(
            optax.sgd(0.5), backtracking(8, slope_rtol=0.1, decrease_factor=0.5, increase_factor=3.0,
                                         max_learning_rate=2.0, atol=1e-3, rtol=0.01, store_grad=True)),
        "backtracking_up": optax.chain(optax.scale(10.0), backtracking(3)),
        "zoom": optax.chain(optax.sgd(1.0), zoom(15)),
        "zoom_short": optax.chain(
            optax.sgd(0.001), zoom(6, max_learning_rate=20.0, tol=1e-3, increase_factor=3.0, slope_rtol=0.01,
                                   curv_rtol=0.3, approx_dec_rtol=None, stepsize_precision=1e-3,
                                   initial_guess_strategy="one")),
        "zoom_up": optax.chain(optax.scale(10.0), zoom(5)),
        "lbfgs": optax.lbfgs(),
        "lbfgs_short": optax.lbfgs(0.9, memory_size=2, scale_init_precond=False, linesearch=backtracking(20)),
        "lbfgs_plain": optax.lbfgs(optax.exponential_decay(0.05, 2, 0.8), linesearch=None),
    }
    params = {"b": sample(random, 3), "w": sample(random, 2, 3)}
    for name, tx in every.items():
        now, state, after, found = params, tx.init(params), [], []
        has_state = "zoom" in name or name in ("lbfgs", "backtracking_stored")
        at = optax.value_and_grad_from_state(loss) if has_state else jax.value_and_grad(loss)
        for _ in range(steps):
            value, grad = at(now, state=state) if has_state else at(now)
            change, state = jax.jit(tx.update, static_argnames="value_fn")(
                grad, state, now, value=value, grad=grad, value_fn=loss)
            now = optax.apply_updates(now, change)
            after.append(now)
            found.append(value)
        tensors = {f"in.{k}": v for k, v in params.items()}
        tensors |= {f"out.{k}": np.stack([a[k] for a in after]) for k in params}
        area.case(name, name, 1e-4, tensors | {"out.loss": np.stack(found)})


AREAS = {"searches": searches}
