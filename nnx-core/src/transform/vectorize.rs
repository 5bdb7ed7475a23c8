//! Functions of vectors and matrices over all axes before theirs.

use super::vmap::vmap;
use crate::array::{AsArrays, broadcast_shapes, invalid};
use crate::graph::Array;

/// `f` for each of the arrays' last axes, of which argument i has `core_axes[i]`: all axes before broadcast, and are those of
/// the result before `f`'s own. `jax.numpy.vectorize`, whose signature `(m,n),(n)->(m)` is `[2, 1]` here.
///
/// ```
/// use nnx::{Array, vectorize};
///
/// let distance = |x: &[Array]| (&x[0] - &x[1]).square().sum(..).sqrt();
/// let (points, origin) = (Array::from([[[3.0, 4.0], [0.0, 1.0]]]), Array::from([0.0, 0.0]));
/// let y = vectorize(distance, [&points, &origin], &[1, 1]);
/// assert_eq!((y.shape(), y.to_vec::<f64>()), (&[1, 2][..], vec![5.0, 1.0]));
/// ```
///
/// # Panics
/// Panics if there is not a number of axes for each array, an array has fewer, or the axes before do not broadcast.
#[track_caller]
pub fn vectorize(f: impl Fn(&[Array]) -> Array, args: impl AsArrays, core_axes: &[usize]) -> Array {
    const OP: &str = "vectorize";
    let args = &*args.as_arrays();
    if args.len() != core_axes.len() {
        let message = format!(
            "{} arrays and {} numbers of axes: give one for each array",
            args.len(),
            core_axes.len()
        );
        invalid(OP, message);
    }
    let mut outer = Vec::new();
    for (x, &core) in args.iter().zip(core_axes) {
        let Some(rest) = x.rank().checked_sub(core) else {
            invalid(OP, format!("{} has fewer than {core} axes", x.aval()))
        };
        outer = broadcast_shapes(&outer, &x.shape()[..rest]).unwrap_or_else(|| {
            let before = &x.shape()[..rest];
            let message = format!(
                "the axes {before:?} of {} before the last {core} do not broadcast with {outer:?}",
                x.aval()
            );
            invalid(OP, message)
        });
    }
    if outer.is_empty() {
        let args: Vec<Array> = args.iter().map(|&x| x.clone()).collect();
        return f(&args);
    }
    let count: usize = outer.iter().product();
    let rows: Vec<Array> = (args.iter().zip(core_axes))
        .map(|(x, &core)| {
            let own = &x.shape()[x.rank() - core..];
            let whole = x.broadcast_to_dims(&[&outer[..], own].concat());
            whole.reshape([&[count], own].concat())
        })
        .collect();
    let found = vmap(|rows: &Vec<Array>| f(rows), &rows, 0);
    found.reshape([&outer[..], &found.shape()[1..]].concat())
}
