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


def given(random, steps):
    """Parameters and gradients: zeros, huge and tiny ones, and one step of zeros alone."""
    params = {"b": sample(random, 3), "w": sample(random, 2, 3)}
    gradients = {"b": sample(random, steps, 3), "w": sample(random, steps, 2, 3)}
    gradients["w"][2:4, 0, 0] = 0
    gradients["w"][:, 1, 1] *= 1e-6
    gradients["b"][5] = 1e4
    for gradient in gradients.values():
        gradient[8] = 0
    return params, gradients


def stepped(area, name, tx, params, gradients, tolerance=2e-5, look=None, values=None):
    """The parameters after each step, and what `look` finds in the state then."""
    now, state, after, seen = params, tx.init(params), [], []
    update = jax.jit(tx.update)
    for i in range(len(gradients["b"])):
        extra = {} if values is None else {"value": values[i]}
        change, state = update(jax.tree.map(lambda g: g[i], gradients), state, now, **extra)
        now = optax.apply_updates(now, change)
        after.append(now)
        seen.append(None if look is None else np.asarray(look(state, now)))
    tensors = {f"in.{k}": v for k, v in params.items()} | {f"in.g{k}": v for k, v in gradients.items()}
    if values is not None:
        tensors["in.values"] = values
    tensors |= {f"out.{k}": np.stack([a[k] for a in after]) for k in params}
    if look is not None:
        tensors["out.seen"] = np.stack(seen)
    area.case(name, name, tolerance, tensors)


def fast(params):
    return optax.LookaheadParams.init_synced(params)


def looking_ahead(area, name, tx, params, gradients):
    """The fast parameters after each step, and a row of the slow ones."""
    now, state, after = fast(params), tx.init(fast(params)), []
    update = jax.jit(tx.update)
    for i in range(len(gradients["b"])):
        change, state = update(jax.tree.map(lambda g: g[i], gradients), state, now)
        now = optax.apply_updates(now, change)
        after.append(now)
    tensors = {f"in.{k}": v for k, v in params.items()} | {f"in.g{k}": v for k, v in gradients.items()}
    tensors |= {f"out.{k}": np.stack([a.fast[k] for a in after]) for k in params}
    area.case(name, name, 2e-5, tensors | {"out.seen": np.stack([a.slow["b"] for a in after])})


def wrappers(area, random):
    """Gradient transformations of Optax around others, and those that `updates` has not."""
    params, gradients = given(random, 12)
    norm = lambda u: optax.tree.norm(u)
    chain, adam = optax.chain, optax.adam
    every = {
        "sm3": optax.sm3(0.05, 0.8),
        "sm3_decay": chain(optax.scale_by_sm3(b1=0.7, b2=0.9, eps=1e-4), optax.scale(-0.05)),
        "fromage": optax.fromage(0.03, min_norm=0.1),
        "fromage_schedule": optax.fromage(optax.exponential_decay(0.05, 3, 0.7)),
        "stddev": chain(optax.scale_by_stddev(0.8, initial_scale=0.3), optax.scale(-0.01)),
        "stddev_corrected": chain(
            optax.scale_by_stddev(0.8, eps=1e-3, eps_in_sqrt=False, bias_correction=True), optax.scale(-0.01)),
        "apply_every": chain(optax.apply_every(3), optax.sgd(0.01)),
        "distance": chain(optax.scale_by_distance_over_gradients(1e-2, 1e-6, global_scale=2.0), optax.scale(-1.0)),
        "transform": optax.conditionally_transform(optax.scale(-0.1), lambda step: step % 3 == 1),
        "mask": optax.conditionally_mask(adam(0.02), lambda step: step % 3 != 1),
        "snapshot": (chain(optax.snapshot("n", norm), adam(0.02)), lambda s, p: s[0].measurement["n"]),
        "monitor": (
            chain(optax.monitor({"m": optax.measure_with_ema(norm, 0.7)}), adam(0.02)),
            lambda s, p: s[0].measurements["m"]),
        "monitor_biased": (
            chain(optax.monitor({"m": optax.measure_with_ema(norm, 0.7, debias=False)}), adam(0.02)),
            lambda s, p: s[0].measurements["m"]),
        "flatten": optax.flatten(optax.lars(0.02)),
        "selective": optax.selective_transform(adam(0.02), freeze_mask={"b": True, "w": False}),
        "trust_ratio": chain(optax.scale_by_trust_ratio(min_norm=0.5, trust_coefficient=0.3, eps=0.01), optax.scale(-1.0)),
        "sum": optax.MultiSteps(adam(0.02), 3, use_grad_mean=False),
        "growing": optax.MultiSteps(adam(0.02), lambda step: jnp.where(step < 1, 1, 3)),
        "skip_large": (
            optax.MultiSteps(adam(0.02), 2, should_skip_update_fn=lambda u, s, p: optax.skip_large_updates(u, s, p, 4.0)),
            lambda s, p: s.skip_state["norm_squared"]),
        "skip_not_finite": (
            optax.MultiSteps(optax.sgd(0.1), 2, should_skip_update_fn=optax.skip_not_finite),
            lambda s, p: s.skip_state["num_not_finite"]),
    }
    broken = jax.tree.map(np.copy, gradients)
    broken["w"][3, 1, 0], broken["b"][6:8, 0] = np.nan, np.inf
    for name, tx in every.items():
        tx, look = tx if isinstance(tx, tuple) and not hasattr(tx, "init") else (tx, None)
        stepped(area, name, tx, params, broken if name == "skip_not_finite" else gradients, look=look)
    looking_ahead(area, "lookahead", optax.lookahead(adam(0.05), 4, 0.3), params, gradients)
    looking_ahead(area, "lookahead_reset", optax.lookahead(adam(0.05), 3, 0.6, reset_state=True), params, gradients)

    of_examples = {"b": sample(random, 12, 5, 3), "w": sample(random, 12, 5, 2, 3)}
    of_examples["b"][2, 1:], of_examples["w"][2, 1:] = 0, 0
    of_examples["w"][4] *= 1e4
    stepped(area, "dpsgd", optax.contrib.dpsgd(0.1, 0.8, 0.3, seed=4, momentum=0.7, nesterov=True), params, of_examples)
    for name, uniform in (("clip_uniform", True), ("clip_by_size", False)):
        grads = jax.tree.map(lambda g: g[0], of_examples)
        sums, counts = optax.per_example_layer_norm_clip(grads, 0.8, uniform)
        area.case(name, name, 1e-5, {f"in.{k}": v for k, v in grads.items()} | {
            f"out.{k}": v for k, v in sums.items()} | {f"out.n{k}": v for k, v in counts.items()})

    roots = sample(random, 4, 4)
    matrix = roots @ roots.T + 0.3 * np.eye(4, dtype=np.float32)
    value, vector = optax.power_iteration(matrix, num_iters=30)
    area.case("power_iteration", "power_iteration", 1e-4, {"in.x": matrix, "out.value": value, "out.vector": vector})
    value, vector = optax.power_iteration(lambda v: 2 * matrix @ v, v0=roots[0], error_tolerance=1e-2)
    area.case("power_iteration_of", "power_iteration_of", 1e-4,
              {"in.x": matrix, "in.v": roots[0], "out.value": value, "out.vector": vector})
    for p in (1, 2, 4, 6):
        root, error = optax.matrix_inverse_pth_root(matrix, p, ridge_epsilon=1e-4)
        area.case(f"root_{p}", f"root_{p}", 1e-3, {"in.x": matrix, "out.y": root})
    a, b = sample(random, 5, 3), sample(random, 5, 2)
    area.case("nnls", "nnls", 1e-4, {"in.a": a, "in.b": b, "out.y": optax.nnls(a, b, 60)})
    area.case("nnls_given", "nnls_given", 1e-4, {"in.a": a, "in.b": b[:, 0], "out.y": optax.nnls(a, b[:, 0], 9, L=7.0)})
    normal = optax.multi_normal(a, b[:1, :1])
    key = jax.random.key(5)
    area.case("normal", "normal", 1e-5, {
        "in.a": a, "in.b": b[:1, :1], "out.sample": normal.sample((2,), key), "out.p": normal.log_prob(a * 2)})


def descended(area, name, tx, params, steps=10, tolerance=1e-4, told=("obj_fn",)):
    """The parameters in steps down the loss above, of a transformation that is told it."""
    now, state, after = params, tx.init(params), []
    functions = {"obj_fn": loss, "grad_fn": lambda p, i: jax.grad(loss)(p)}
    update = jax.jit(lambda g, s, p: tx.update(g, s, p, **{k: functions[k] for k in told}))
    for _ in range(steps):
        change, state = update(jax.grad(loss)(now), state, now)
        now = optax.apply_updates(now, change)
        after.append(now)
    tensors = {f"in.{k}": v for k, v in params.items()}
    area.case(name, name, tolerance, tensors | {f"out.{k}": np.stack([a[k] for a in after]) for k in params})


def contrib(area, random):
    """The optimizers of `optax.contrib`."""
    c = optax.contrib
    params, gradients = given(random, 12)
    decay = optax.exponential_decay(0.03, 4, 0.6)
    rank = lambda params: jax.tree.map(lambda p: p.ndim > 1, params)
    every = {
        "ademamix": c.ademamix(0.02, b3=0.99, alpha=3.0, eps_root=1e-6, weight_decay=0.1, mask=rank),
        "ademamix_schedules": c.ademamix(
            decay, b3=optax.linear_schedule(0.5, 0.99, 6), alpha=optax.linear_schedule(1.0, 5.0, 6)),
        "simplified": c.simplified_ademamix(0.001, b1=0.9, alpha=optax.linear_schedule(0.5, 2.0, 6), weight_decay=0.1),
        "adopt": c.adopt(0.02, b2=0.99),
        "adopt_nesterov": c.adopt(decay, nesterov=True, use_clipping=False, eps=1e-2),
        "adopt_clip": c.adopt(0.02, clip_value_fn=lambda n: 0.1 * (n + 1)),
        "acprop": c.acprop(0.01, b1=0.8, eps=1e-3, weight_decay=0.1),
        "dog": c.dog(0.7, init_step=("heuristic", 1e-2), weight_decay=0.05, mask=rank),
        "dog_rate": c.dog(decay, init_step=("learning_rate", 0.01), eps=1e-4),
        "dog_distance": c.dog(1.0, init_step=("distance", 0.1)),
        "dowg": c.dowg(1.0, weight_decay=0.05),
        "dowg_first": c.dowg(decay, init_estim_sq_dist=0.01, eps=1e-3),
        "prodigy": c.prodigy(1.0, betas=(0.8, 0.99), weight_decay=0.1, estim_lr0=1e-3),
        "prodigy_warmup": c.prodigy(optax.linear_schedule(0.1, 2.0, 6), beta3=0.9, estim_lr_coef=2.0, safeguard_warmup=True,
                                    estim_lr0=1e-3),
        "dadapt": c.dadapt_adamw(1.0, weight_decay=0.1, estim_lr0=1e-3),
        "dadapt_schedule": c.dadapt_adamw(optax.linear_schedule(0.1, 2.0, 6), betas=(0.8, 0.9), eps=1e-4, estim_lr0=1e-2),
        "cocob": c.cocob(alpha=10.0, weight_decay=0.1),
        "cocob_schedule": c.cocob(decay, eps=1e-2),
        "madgrad": c.madgrad(0.02, momentum=0.7, weight_decay=0.1),
        "madgrad_schedule": c.madgrad(decay, eps=1e-3),
        "mechanize": c.mechanize(optax.adam(0.05), weight_decay=0.1, s_init=1e-2, num_betas=4),
        "normalize": optax.chain(optax.scale(-0.1), optax.add_decayed_weights(0.1), c.normalize()),
        # With a decay, because the product of 0 and the NaN of a step that is not taken is NaN in Optax.
        "sam": c.sam(optax.adam(0.05), optax.chain(optax.add_decayed_weights(0.1), c.normalize(), optax.sgd(0.1)),
                     sync_period=3),
        "sam_kept": c.sam(optax.adam(0.05), optax.adam(0.02), reset_state=False),
        "schedule_free_sgd": c.schedule_free_sgd(0.1, warmup_steps=4, weight_decay=0.1),
        "rmsprop_corrected": optax.rmsprop(0.02, bias_correction=True, eps_in_sqrt=False),
    }
    for name, tx in every.items():
        stepped(area, name, tx, params, gradients)
    x = lambda s, p: c.schedule_free_eval_params(s, p)["w"]
    stepped(area, "schedule_free_adamw", c.schedule_free_adamw(0.02, b1=0.8, b2=0.9, weight_decay=0.1, weight_lr_power=1.0),
            params, gradients, look=x)
    stepped(area, "schedule_free", c.schedule_free(optax.adam(decay, b1=0.0), decay, b1=0.95), params, gradients, look=x)
    # The signs of singular vectors are arbitrary: no moments over a change of the projection.
    stepped(area, "galore", c.galore(0.02, rank=1, update_proj_gap=50, scale=0.5, weight_decay=0.1), params, gradients,
            look=lambda s, p: jnp.abs(s[0].projector["w"]))
    dims = c.GaLoreDimensionNumbers(reduction_axis=1, output_axis=-2)
    stepped(area, "galore_tall", c.galore(decay, rank=1, update_proj_gap=3, base_optimizer=optax.scale_by_sign(),
                                          weight_dimension_numbers=dims), params, gradients)
    values = np.asarray([2.0, 1.9, 1.95, 1.8, 1.8, 1.8, 1.8, 1.79, 1.9, 1.5, 1.6, 1.7], np.float32)
    valued = {
        "momo": c.momo(0.5, weight_decay=0.1),
        "momo_bound": c.momo(decay, beta=0.7, lower_bound=1.6, adapt_lower_bound=True),
        "momo_adam": c.momo_adam(0.05, b2=0.9, weight_decay=0.1),
        "momo_adam_bound": c.momo_adam(decay, lower_bound=1.6, adapt_lower_bound=True),
        "plateau": optax.chain(optax.sgd(0.01), c.reduce_on_plateau(factor=0.3, patience=2, cooldown=2)),
        "plateau_mean": optax.chain(optax.sgd(0.01), c.reduce_on_plateau(
            factor=0.3, patience=1, rtol=0.0, atol=0.06, accumulation_size=2, min_scale=0.2)),
    }
    for name, tx in valued.items():
        stepped(area, name, tx, params, gradients, values=values)
    descended(area, "sam_opaque", c.sam(optax.sgd(0.01), optax.chain(c.normalize(), optax.sgd(0.05)), sync_period=3,
                                        opaque_mode=True), params, told=("grad_fn",))
    descended(area, "sophia", c.sophia(0.05, b1=0.9, gamma=0.5, update_interval=3, weight_decay=0.01), params)
    descended(area, "sophia_free", c.sophia(
        0.001, clip_threshold=None, update_interval=1, eps=1e-2,
        hessian_diagonal_fn=c.hutchinson_estimator_diag_hessian(jax.random.key(7))), params)


def projections(area, random):
    """The nearest points of sets, and losses that are made of them or of overlaps."""
    p, l = optax.projections, optax.losses
    x, a = {"v": sample(random, 2, 3) * 2, "u": sample(random, 4)}, {"v": sample(random, 2, 3), "u": sample(random, 4)}
    x["v"][0, 1] = 0

    def case(name, f, tolerance=2e-5, **inputs):
        y = f(**inputs)
        ct = sample(random, *y.shape)
        floats = {k: jnp.asarray(v) for k, v in inputs.items() if v.dtype == np.float32}
        grads = jax.grad(lambda some: jnp.sum(f(**(inputs | some)) * ct))(floats)
        tensors = {f"in.{k}": v for k, v in inputs.items()} | {"in.ct": ct, "out.y": y}
        area.case(name, name, tolerance, tensors | {f"grad.{k}": v for k, v in grads.items()})

    def of_trees(name, f, *trees):
        flat = lambda tree: jnp.concatenate([tree["u"], tree["v"].ravel()])
        rebuilt = lambda u, v: {"u": u, "v": v}
        if len(trees) == 1:
            return case(name, lambda u, v: flat(f(rebuilt(u, v))), **trees[0])
        case(name, lambda u, v, bu, bv: flat(f(rebuilt(u, v), rebuilt(bu, bv))),
             **trees[0], bu=trees[1]["u"], bv=trees[1]["v"])

    inside = jax.tree.map(lambda x: x * 0.05, x)
    of_trees("non_negative", p.projection_non_negative, x)
    of_trees("box", lambda x, a: p.projection_box(x, jax.tree.map(lambda a: a - 0.3, a), a), x, a)
    case("hypercube", lambda u: p.projection_hypercube(u, 0.4), u=x["u"])
    of_trees("linf_ball", lambda x: p.projection_linf_ball(x, 0.6), x)
    of_trees("simplex", lambda x: p.projection_simplex(x, 0.7), x)
    of_trees("l1_sphere", lambda x: p.projection_l1_sphere(x, 1.5), x)
    of_trees("l1_ball", lambda x: p.projection_l1_ball(x, 1.5), x)
    of_trees("l1_ball_inside", lambda x: p.projection_l1_ball(x, 1.5), inside)
    of_trees("l2_sphere", lambda x: p.projection_l2_sphere(x, 1.5), x)
    of_trees("l2_ball", lambda x: p.projection_l2_ball(x, 1.5), x)
    of_trees("l2_ball_inside", lambda x: p.projection_l2_ball(x, 1.5), inside)
    of_trees("vector", p.projection_vector, x, a)
    of_trees("hyperplane", lambda x, a: p.projection_hyperplane(x, a, 0.3), x, a)
    of_trees("halfspace", lambda x, a: p.projection_halfspace(x, a, -0.9), x, a)
    of_trees("halfspace_inside", lambda x, a: p.projection_halfspace(x, a, 90.0), x, a)

    logits, labels = sample(random, 3, 4) * 3, np.asarray([0, 3, 1], np.int32)
    case("sparsemax", lambda x, i: l.multiclass_sparsemax_loss(x, i), x=logits, i=labels)
    fenchel = l.make_fenchel_young_loss(jax.nn.logsumexp)
    case("fenchel", lambda x, t: fenchel(x, t), x=logits, t=np.abs(sample(random, 3, 4)))
    images, masks = sample(random, 2, 3, 4), (sample(random, 2, 3, 4) > 0).astype(np.float32)
    case("binary_dice", lambda x, t: l.binary_dice_loss(x, t, smooth=0.5), x=images, t=masks)
    case("generalized_dice", lambda x, t: l.multiclass_generalized_dice_loss(x, t, smooth=0.5)[None], x=images, t=masks)
    case("generalized_dice_front", lambda x, t: l.multiclass_generalized_dice_loss(x, t, ignore_background=True)[None],
         x=images, t=masks)

    logits, labels = sample(random, 2, 6, 4) * 2, np.asarray([[1, 1, 3], [2, 0, 0]], np.int32)
    pads, ends = np.asarray([[0] * 6, [0] * 4 + [1] * 2], np.float32), np.asarray([[0, 0, 0], [0, 1, 1]], np.float32)
    found = l.ctc_loss_with_forward_probs(logits, pads, labels, ends, blank_id=0, log_epsilon=-1e4)
    area.case("ctc", "ctc", 2e-5, {"in.x": logits, "in.xp": pads, "in.y": labels, "in.yp": ends} | {
        f"out.{name}": y for name, y in zip(("loss", "phi", "emit"), found)})


def arguments(area, random):
    """Arguments of transformations and losses that are not at their defaults in the other areas."""
    params, gradients = given(random, 12)
    chain, scale, short = optax.chain, optax.scale, jnp.bfloat16
    factored = dict(min_dim_size_to_factor=2, multiply_by_parameter_scale=False)
    every = {
        "adam_mu": optax.adam(0.02, mu_dtype=short),
        "adamw_mu": optax.adamw(0.02, mu_dtype=short, nesterov=True),
        "amsgrad_mu": optax.amsgrad(0.02, mu_dtype=short),
        "amsgrad_plain": optax.amsgrad(0.02, bias_correction_mu=False, bias_correction_nu=False),
        "lion_mu": optax.lion(0.02, mu_dtype=short),
        "lion_smooth": chain(optax.scale_by_lion(mode="smooth", smooth_beta=3.0), scale(-0.02)),
        "lion_refined": chain(optax.scale_by_lion(b1=0.5, mode="refined"), scale(-0.02)),
        "novograd_mu": chain(optax.scale_by_novograd(eps=1e-6, mu_dtype=short), scale(-0.02)),
        "optimistic_mu": optax.optimistic_adam_v2(0.02, mu_dtype=short),
        "ademamix_mu": optax.contrib.ademamix(0.02, mu_dtype=short),
        "adopt_mu": optax.contrib.adopt(0.02, mu_dtype=short),
        "muon_mu": optax.contrib.muon(0.02, mu_dtype=short),
        "sgd_accumulator": optax.sgd(0.02, 0.9, nesterov=True, accumulator_dtype=short),
        "ema_accumulator": chain(optax.ema(0.8, accumulator_dtype=short), scale(-0.02)),
        "signum_accumulator": optax.signum(0.02, accumulator_dtype=short),
        "adafactor_all": optax.adafactor(
            0.02, momentum=0.9, dtype_momentum=short, weight_decay_rate=0.01, weight_decay_mask={"w": True, "b": False},
            decay_offset=-3, clipping_threshold=None, **factored),
        "lamb_root": optax.lamb(0.02, eps_root=1e-3),
        "clip_axis": chain(optax.adaptive_grad_clip(0.05, axis=-1), optax.sgd(0.1)),
        "rmsprop_centered": optax.rmsprop(0.02, decay=0.8, centered=True, momentum=0.5, initial_scale=0.3),
        "muon_coefficients": optax.contrib.muon(0.02, ns_coeffs=(3.0, -3.5, 1.5), ns_steps=4),
        "muon_rows": optax.contrib.muon(0.02, ns_coeffs=((3.0, -3.5, 1.5), (2.5, -2.5, 1.0)), ns_steps=3),
        "adafactor_whole": optax.adafactor(0.02, factored=False, **factored),
    }
    for name, tx in every.items():
        # A last bit of bf16 in a sum of updates, which are what that rounds.
        loose = {"muon_mu": 2e-4, "muon_coefficients": 1e-4, "muon_rows": 1e-4, "novograd_mu": 1e-3}
        stepped(area, name, tx, params, gradients, loose.get(name, 2e-5))

    losses = optax.losses
    logits, other = sample(random, 4, 5, 3) * 3, sample(random, 4, 5, 3)
    soft, classes = np.asarray(jax.nn.softmax(sample(random, 4, 5, 3), 1)), random.randint(0, 5, (4, 3)).astype(np.int32)
    mask = random.uniform(size=(4, 5, 3)) > 0.4
    mask[1, :, 2] = False
    rows = np.array([True, False, True, True, False])[:, None]
    log_p, log_t = np.asarray(jax.nn.log_softmax(logits, 1)), np.log(soft)

    def loss(name, function, constants=(), tolerance=2e-5, **inputs):
        """The loss and its slopes for a random cotangent."""
        y, back = jax.vjp(lambda named: function(**named), inputs)
        ct = sample(random, *y.shape)
        tensors = {f"in.{k}": v for k, v in inputs.items()} | {"in.ct": ct, "out.y": np.asarray(y)}
        tensors |= {f"grad.{k}": np.asarray(v) for k, v in back(ct)[0].items()} | {f"in.{k}": v for k, v in constants}
        area.case(name, name, tolerance, tensors)

    masked, whole = dict(axis=1, where=mask), dict(axis=1)
    where = (("m", mask),)
    loss("softmax_axis", lambda x, p: losses.softmax_cross_entropy(x, p, **whole), x=logits, p=soft)
    loss("softmax_mask", lambda x: losses.softmax_cross_entropy(x, soft, **masked), (*where, ("p", soft)), x=logits)
    labels = (("i", classes),)
    integer = losses.softmax_cross_entropy_with_integer_labels
    loss("integer_axis", lambda x: integer(x, classes, **whole), labels, x=logits)
    loss("integer_rows", lambda x: integer(x, classes, axis=1, where=np.broadcast_to(rows, (4, 5, 3))),
         (*labels, ("m", rows[None])), x=logits)
    loss("poly_mask", lambda x: losses.poly_loss_cross_entropy(x, soft, epsilon=1.5, axis=1, where=np.broadcast_to(rows, (4, 5, 3))),
         (("m", rows[None]), ("p", soft)), x=logits)
    loss("kl_mask", lambda q, p: losses.kl_divergence(q, p, **masked), where, q=log_p, p=soft)
    loss("kl_log_mask", lambda q, p: losses.kl_divergence_with_log_targets(q, p, **masked), where, q=log_p, p=log_t)
    loss("kl_generalized_mask", lambda q, p: losses.generalized_kl_divergence(q, p, **masked), where, q=log_p, p=soft)
    loss("cosine_mask", lambda x, t: losses.cosine_similarity(x, t, epsilon=0.5, **masked), where, x=logits, t=other)
    loss("cosine_distance_axis", lambda x, t: losses.cosine_distance(x, t, epsilon=2.0, axis=0), x=logits, t=other)
    loss("smooth_mask", lambda p: losses.smooth_labels(p, 0.1, axis=1, where=np.broadcast_to(rows, (4, 5, 3))),
         (("m", rows[None]),), p=soft)
    loss("triplet_all", lambda a, p, n: losses.triplet_margin_loss(a, p, n, axis=1, norm_degree=4, margin=2.0, eps=1e-3),
         a=logits, p=other, n=soft)
    loss("dice_all", lambda x, t: losses.dice_loss(x, t, smooth=0.5, alpha=0.3, beta=0.7, ignore_background=True, reduction="none"),
         x=logits, t=soft)


def small_modules(area, random):
    """`optax.assignment`, `optax.perturbations` and `optax.second_order`."""
    every = {"wide": (3, 5), "tall": (6, 4), "square": (4, 4)}
    for name, shape in every.items():
        costs = jnp.asarray(sample(random, *shape))
        i, j = optax.assignment.hungarian_algorithm(costs)
        area.case(f"hungarian_{name}", name, 0, {"in.c": np.asarray(costs), "out.i": np.asarray(i), "out.j": np.asarray(j)})

    x = sample(random, 5)
    steps = lambda x: jnp.cumsum((x > 0.1).astype(jnp.float32)) * jnp.array([1.0, -2.0, 0.5, 3.0, 1.0])
    perturbations = optax.perturbations
    for name, settings in {
        "gumbel": dict(num_samples=20, sigma=0.5),
        "normal": dict(num_samples=30, sigma=0.3, noise=perturbations.Normal(), use_baseline=False),
    }.items():
        smooth = perturbations.make_perturbed_fun(steps, **settings)
        key = jax.random.key(7)
        y, back = jax.vjp(lambda x: smooth(key, x), x)
        ct = sample(random, 5)
        tensors = {"in.x": x, "in.ct": ct, "out.y": np.asarray(y), "grad.x": np.asarray(back(ct)[0])}
        area.case(f"perturbed_{name}", name, 2e-5, tensors)

    bent = lambda x, *_: jnp.sum(jnp.sin(x) * x[::-1]) + jnp.sum(x**2) ** 2
    second, v = optax.second_order, sample(random, 5)
    found = {"hvp": second.hvp(bent, v, x, None, None), "hessian_diag": second.hessian_diag(bent, x, None, None),
             "fisher_diag": second.fisher_diag(bent, x, None, None)}
    for name, y in found.items():
        area.case(name, name, 1e-5, {"in.x": x, "in.v": v, "out.y": np.asarray(y)})


AREAS = {"searches": searches, "wrappers": wrappers, "contrib": contrib, "projections": projections, "arguments": arguments,
         "small_modules": small_modules}
