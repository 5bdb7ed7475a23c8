//! Creation, rearrangement, padding, choice by value.
use crate::check::*;
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType};

#[test]
fn values_as_in_jax() {
    let mut rows = Rows::of("shapes", "values_as_in_jax");
    let [m, s, k, b, c, w, t3] = rows.inputs(["m", "s", "k", "b", "c", "w", "t3"]);
    rows.check("jnp.linspace(0., 1., 7)", || linspace(0.0, 1.0, 7, DType::F64));
    rows.check("jnp.linspace(-3., 2., 5, endpoint=False)", || {
        linspace_exclusive(-3.0, 2.0, 5, DType::F64)
    });
    rows.check("jnp.linspace(0, 10, 4, dtype=jnp.int32)", || linspace(0, 10, 4, DType::I32));
    rows.check("jnp.linspace(s, s*2, 3)", || linspace(&s, &s * 2.0, 3, DType::F64));
    rows.check("jnp.linspace(1., 2., 1)", || linspace(1.0, 2.0, 1, DType::F64));
    rows.check("jnp.linspace(1., 2., 0)", || linspace(1.0, 2.0, 0, DType::F64));
    rows.check("jnp.logspace(0., 3., 4)", || logspace(0.0, 3.0, 4, 10.0, DType::F64));
    rows.check("jnp.geomspace(1., 256., 9)", || geomspace(1.0, 256.0, 9, DType::F64));
    rows.check("jnp.geomspace(-1., -8., 4)", || geomspace(-1.0, -8.0, 4, DType::F64));
    rows.check("jnp.arange(1., 2., 0.3)", || arange_step(1.0, 2.0, 0.3, DType::F64));
    rows.check("jnp.arange(10, 0, -3)", || arange_step(10.0, 0.0, -3.0, DType::I32));
    rows.check("jnp.arange(3, 3, 1)", || arange_step(3.0, 3.0, 1.0, DType::I32));
    rows.check("jnp.meshgrid(s, k)", || meshgrid([&s, &k], Indexing::Xy));
    rows.check("jnp.meshgrid(s, k, s, indexing=\"ij\")", || meshgrid([&s, &k, &s], Indexing::Ij));
    rows.check("list(jnp.indices((2, 3)))", || indices([2, 3]));
    rows.check("jnp.tri(3, 5, 1, dtype=float)", || tri(3, 5, 1, DType::F64));
    rows.check("jnp.tri(4, 2, -1, dtype=float)", || tri(4, 2, -1, DType::F64));
    rows.check("jnp.eye(3, 4, k=-1)", || eye_diagonal(3, 4, -1, DType::F64));
    rows.check("jnp.tril_indices(3, 1, 4)", || tril_indices(3, 4, 1));
    rows.check("jnp.triu_indices(3, -1, 4)", || triu_indices(3, 4, -1));
    rows.check("jnp.tril(m, -5)", || m.tril(-5));
    rows.check("jnp.triu(t3, -5)", || t3.triu(-5));
    rows.check("jnp.diagonal(m, -5)", || m.diagonal(-5, 0, 1));
    rows.check("jnp.diagonal(t3, -5, 2, 0)", || t3.diagonal(-5, 2, 0));
    rows.check("jnp.tril(m, -1)", || m.tril(-1));
    rows.check("jnp.triu(t3, -1)", || t3.triu(-1));
    rows.check("jnp.diagonal(m, -1)", || m.diagonal(-1, 0, 1));
    rows.check("jnp.diagonal(t3, -1, 2, 0)", || t3.diagonal(-1, 2, 0));
    rows.check("jnp.tril(m, 0)", || m.tril(0));
    rows.check("jnp.triu(t3, 0)", || t3.triu(0));
    rows.check("jnp.diagonal(m, 0)", || m.diagonal(0, 0, 1));
    rows.check("jnp.diagonal(t3, 0, 2, 0)", || t3.diagonal(0, 2, 0));
    rows.check("jnp.tril(m, 2)", || m.tril(2));
    rows.check("jnp.triu(t3, 2)", || t3.triu(2));
    rows.check("jnp.diagonal(m, 2)", || m.diagonal(2, 0, 1));
    rows.check("jnp.diagonal(t3, 2, 2, 0)", || t3.diagonal(2, 2, 0));
    rows.check("jnp.tril(m, 4)", || m.tril(4));
    rows.check("jnp.triu(t3, 4)", || t3.triu(4));
    rows.check("jnp.diagonal(m, 4)", || m.diagonal(4, 0, 1));
    rows.check("jnp.diagonal(t3, 4, 2, 0)", || t3.diagonal(4, 2, 0));
    rows.check("jnp.diag(s, -2)", || s.diag(-2));
    rows.check("jnp.diag(m, -2)", || m.diag(-2));
    rows.check("jnp.diag(s, 0)", || s.diag(0));
    rows.check("jnp.diag(m, 0)", || m.diag(0));
    rows.check("jnp.diag(s, 1)", || s.diag(1));
    rows.check("jnp.diag(m, 1)", || m.diag(1));
    rows.check("jnp.trace(t3, 1, 1, 2)", || t3.trace(1, 1, 2));
    rows.check("jnp.trace(c)", || c.trace(0, 0, 1));
    rows.check("jnp.fill_diagonal(m, 9., inplace=False)", || m.fill_diagonal(9.0));
    rows.check("jnp.matrix_transpose(t3)", || t3.mt());
    rows.check("jnp.roll(m, 1, 1)", || m.roll(1, 1));
    rows.check("jnp.roll(m, -5, 0)", || m.roll(-5, 0));
    rows.check("jnp.rot90(m)", || m.rot90(1, [0, 1]));
    rows.check("jnp.rot90(m, 2)", || m.rot90(2, [0, 1]));
    rows.check("jnp.rot90(t3, 3, (0, 2))", || t3.rot90(3, [0, 2]));
    rows.check("jnp.rot90(t3, -3, (2, 1))", || t3.rot90(-3, [2, 1]));
    rows.check("jnp.atleast_2d(s)", || s.atleast_2d());
    rows.check("jnp.atleast_3d(m)", || m.atleast_3d());
    rows.check("jnp.atleast_3d(s)", || s.atleast_3d());
    rows.check("jnp.unstack(m)", || m.axis_iter(0).collect::<Vec<_>>());
    rows.check("jnp.split(m, [1, 3], 1)", || m.split_at(&[1, 3], 1));
    rows.check("jnp.split(s, [3, 5])", || s.split_at(&[3, 9], 0));
    rows.check("jnp.array_split(s, 3)", || s.array_split(3, 0));
    rows.check("jnp.repeat(m, jnp.array([2, 0, 1]), axis=0, total_repeat_length=3)", || {
        m.repeat_each(Array::from_slice(&[2, 0, 1], [3]), 0, 3)
    });
    rows.check("jnp.repeat(s, jnp.array([1, 2, 0, 0, 1]), total_repeat_length=6)", || {
        s.repeat_each(Array::from_slice(&[1, 2, 0, 0, 1], [5]), 0, 6)
    });
    rows.check("jnp.diff(m)", || m.diff(1, -1));
    rows.check("jnp.diff(m, 2, 0)", || m.diff(2, 0));
    rows.check("jnp.diff(b)", || b.diff(1, 0));
    rows.check("jnp.diff(s, 6)", || s.diff(6, 0));
    rows.check("jnp.gradient(m, 0.5, axis=1)", || m.gradient(0.5, 1));
    rows.check("jnp.gradient(s)", || s.gradient(1.0, 0));
    rows.check("jnp.expand_dims(s, (0, -1))", || s.expand_axes(&[0, -1]));
    rows.check("jnp.hstack([s, s])", || hstack([&s, &s]));
    rows.check("jnp.hstack([m, m])", || hstack([&m, &m]));
    rows.check("jnp.vstack([s, s])", || vstack([&s, &s]));
    rows.check("jnp.dstack([s, s])", || dstack([&s, &s]));
    rows.check("jnp.dstack([m, m])", || dstack([&m, &m]));
    rows.check("jnp.column_stack([s, jnp.diag(s)])", || column_stack([&s, &s.diag(0)]));
    rows.check("jsp.linalg.block_diag(m, c)", || block_diag([&m, &c]));
    rows.check("jnp.broadcast_arrays(s, s[:, None])", || broadcast_arrays([&s, &s.expand_dims(1)]));
    rows.check("jnp.tile(m, (2, 1))", || m.tile(&[2, 1]));
    rows.check("jnp.tile(s, (2, 2))", || s.tile(&[2, 2]));
    rows.check("jnp.tile(m, 2)", || m.tile(&[2]));
    rows.check("jnp.pad(m, ((1, 2), (2, 1)), \"edge\")", || {
        m.pad_mode(&[(1, 2), (2, 1)], PadMode::Edge)
    });
    rows.check("jnp.pad(c, ((0, 3), (7, 8)), \"edge\")", || {
        c.pad_mode(&[(0, 3), (7, 8)], PadMode::Edge)
    });
    rows.check("jnp.pad(m, ((1, 2), (2, 1)), \"reflect\")", || {
        m.pad_mode(&[(1, 2), (2, 1)], PadMode::Reflect)
    });
    rows.check("jnp.pad(c, ((0, 3), (7, 8)), \"reflect\")", || {
        c.pad_mode(&[(0, 3), (7, 8)], PadMode::Reflect)
    });
    rows.check("jnp.pad(m, ((1, 2), (2, 1)), \"symmetric\")", || {
        m.pad_mode(&[(1, 2), (2, 1)], PadMode::Symmetric)
    });
    rows.check("jnp.pad(c, ((0, 3), (7, 8)), \"symmetric\")", || {
        c.pad_mode(&[(0, 3), (7, 8)], PadMode::Symmetric)
    });
    rows.check("jnp.pad(m, ((1, 2), (2, 1)), \"wrap\")", || {
        m.pad_mode(&[(1, 2), (2, 1)], PadMode::Wrap)
    });
    rows.check("jnp.pad(c, ((0, 3), (7, 8)), \"wrap\")", || {
        c.pad_mode(&[(0, 3), (7, 8)], PadMode::Wrap)
    });
    rows.check("jnp.pad(m, ((1, 2), (2, 1)), \"maximum\")", || {
        m.pad_mode(&[(1, 2), (2, 1)], PadMode::Maximum)
    });
    rows.check("jnp.pad(c, ((0, 3), (7, 8)), \"maximum\")", || {
        c.pad_mode(&[(0, 3), (7, 8)], PadMode::Maximum)
    });
    rows.check("jnp.pad(m, ((1, 2), (2, 1)), \"minimum\")", || {
        m.pad_mode(&[(1, 2), (2, 1)], PadMode::Minimum)
    });
    rows.check("jnp.pad(c, ((0, 3), (7, 8)), \"minimum\")", || {
        c.pad_mode(&[(0, 3), (7, 8)], PadMode::Minimum)
    });
    rows.check("jnp.pad(m, ((1, 2), (2, 1)), \"mean\")", || {
        m.pad_mode(&[(1, 2), (2, 1)], PadMode::Mean)
    });
    rows.check("jnp.pad(c, ((0, 3), (7, 8)), \"mean\")", || {
        c.pad_mode(&[(0, 3), (7, 8)], PadMode::Mean)
    });
    rows.check("jnp.pad(s, (3, 2), \"linear_ramp\", end_values=10.)", || {
        s.pad_mode(&[(3, 2)], PadMode::LinearRamp(10.0))
    });
    rows.check("jnp.pad(m[:1, :1], ((1, 2), (2, 0)), \"reflect\")", || {
        m.slice([(0..1).into(), (0..1).into()]).pad_mode(&[(1, 2), (2, 0)], PadMode::Reflect)
    });
    rows.check("jnp.nonzero(k)", || k.nonzero(None, 0));
    rows.check("jnp.nonzero(m > 0)", || m.gt(0.0).nonzero(None, 0));
    rows.check("jnp.nonzero(m > 0, size=12, fill_value=-1)", || m.gt(0.0).nonzero(12, -1));
    rows.check("jnp.nonzero(k, size=2)", || k.nonzero(2, 0));
    rows.check("jnp.flatnonzero(m < 0)", || m.lt(0.0).flatnonzero(None, 0));
    rows.check("jnp.argwhere(m < 0)", || m.lt(0.0).argwhere(None, 0));
    rows.check("m[m > 0]", || m.extract(m.gt(0.0), None, 0.0));
    rows.check("jnp.compress(b, s)", || s.compress(&b, 0, None, 0.0));
    rows.check(
        "jnp.compress(jnp.array([True, False, True, True]), m, 1, size=4, fill_value=-1.)",
        || m.compress(Array::from_slice(&[true, false, true, true], [4]), 1, 4, -1.0),
    );
    rows.check("jnp.unique(w)", || w.unique(None));
    rows.check("jnp.unique(w, size=5)", || w.unique(5));
    rows.check("jnp.unique(jnp.array([nan, 1., nan, -0., 0.]))", || {
        Array::from_slice(&[NAN, 1., NAN, -0., 0.], [5]).unique(None)
    });
    rows.check("jnp.unique(w, return_index=True, return_inverse=True, return_counts=True)", || {
        let u = w.unique_all(None);
        vec![u.values, u.index, u.inverse, u.counts]
    });
    rows.check(
        "jnp.unique(w, return_index=True, return_inverse=True, return_counts=True, size=4)",
        || {
            let u = w.unique_all(4);
            vec![u.values, u.index, u.inverse, u.counts]
        },
    );
    rows.check(
        "jnp.unique(w, return_index=True, return_inverse=True, return_counts=True, size=2)",
        || {
            let u = w.unique_all(2);
            vec![u.values, u.index, u.inverse, u.counts]
        },
    );
    rows.check("jnp.isin(w, jnp.array([2, 9]))", || w.isin(Array::from_slice(&[2, 9], [2])));
    rows.check("jnp.bincount(w, length=10)", || w.bincount(10));
    rows.check("jnp.bincount(w, length=4)", || w.bincount(4));
    rows.check("jnp.bincount(w - 4, length=4)", || (&w - 4).bincount(4));
    rows.check("jnp.bincount(k, weights=w*1., length=5)", || {
        k.bincount_weights(&(&w * f64s(&[1.0], &[])), 5)
    });
    rows.check("jnp.digitize(m, s-3)", || m.digitize(&(&s - 3.0), false));
    rows.check("jnp.digitize(s, s, right=True)", || s.digitize(&s, true));
    rows.check("jnp.digitize(s, s[::-1])", || s.digitize(s.flip(0), false));
    rows.check("jnp.histogram(m, 4, (-1., 1.))", || m.histogram(4, -1.0, 1.0));
    rows.check("jnp.choose(c % 3, [c, c * 10, c * 100])", || {
        choose(&(&c % 3), [&c, &(&c * 10), &(&c * 100)])
    });
    rows.check("jnp.select([s < 2, s < 4], [s, s * 10], 7.)", || {
        select_first([&s.lt(2.0), &s.lt(4.0)], [&s, &(&s * 10.0)], 7.0)
    });
    rows.check("jnp.unravel_index(w, (3, 4))", || unravel_index(&w, [3, 4]));
    rows.check("jnp.ravel_multi_index((w % 3, w % 4), (3, 4), mode=\"clip\")", || {
        ravel_multi_index([&(&w % 3), &(&w % 4)], [3, 4])
    });
    rows.check("jnp.hanning(5)", || hanning(5, DType::F64));
    rows.check("jnp.hamming(4)", || hamming(4, DType::F64));
    rows.check("jnp.blackman(6)", || blackman(6, DType::F64));
    rows.check("jnp.union1d(w, k)", || union1d(&w, &k, None));
    rows.check("jnp.union1d(w, k, size=8)", || union1d(&w, &k, 8));
    rows.check("jnp.intersect1d(w, jnp.array([2, 7, 9]))", || {
        intersect1d(&w, Array::from([2, 7, 9]), None, 0)
    });
    rows.check("jnp.setdiff1d(w, jnp.array([2, 7]))", || {
        setdiff1d(&w, Array::from([2, 7]), None, 0)
    });
    rows.check("jnp.setdiff1d(w, jnp.array([2, 7]), size=4, fill_value=-1)", || {
        setdiff1d(&w, Array::from([2, 7]), 4, -1)
    });
    rows.check("jnp.lexsort((k, w))", || lexsort([&k, &w], 0));
    rows.check("jnp.fmax(jnp.array([1., nan, nan, 3.]), jnp.array([2., 2., nan, nan]))", || {
        Array::from([1., NAN, NAN, 3.]).fmax(Array::from([2., 2., NAN, NAN]))
    });
    rows.check("jnp.fmin(jnp.array([1., nan, 5.]), jnp.array([2., 2., nan]))", || {
        Array::from([1., NAN, 5.]).fmin(Array::from([2., 2., NAN]))
    });
    rows.check("jnp.searchsorted(s, jnp.array([0., 3., 9.]))", || {
        s.searchsorted(f64s(&[0., 3., 9.], &[3]), false)
    });
    rows.done();
}
