//! Roots and solutions of linear equations, differentiated by the equations: the derivative does not go
//! through the steps by which they were found.

use super::custom::{MadeAt, ONLY_READS};
use super::lend::{Argument, TransformCall, TransformProgram};
use super::trees::{difference_of, leaves, with_leaves};
use crate::error::or_raise;
use crate::graph::{Array, Closed, Tangent};
use crate::module::Module;
use crate::ops::{CapturingPart, ImplicitRoot, LinearSolve};
use crate::rewrite::{LinearMap, lin_of, transpose};
use crate::run::bind;

/// A function of trees as a program. Its result must be like `like`, which messages call `place`.
fn traced<A, R>(
    made: MadeAt,
    [name, place]: [&str; 2],
    like: &R,
    f: impl for<'t> FnOnce(A::Body<'t>) -> R,
    mut argument: A,
) -> Closed
where
    A: Argument,
    R: Module,
{
    let call = TransformCall::at(made.location, made.op, &mut argument);
    let program = call.trace(f, &call.avals);
    program.check_no_nodes(&call);
    if let Some((i, changes)) = program.first_change() {
        call.invalid(format!("`{name}` {changes} {}, {ONLY_READS}", call.path(i)));
    }
    let what = format!("the result of `{name}`");
    if let Some(difference) = difference_of(like, &program.result, [place, &what]) {
        call.invalid(format!("`{name}` must return a tree like {place}: {difference}"));
    }
    let TransformProgram { closed, result, twins, .. } = program;
    drop((result, twins));
    call.check_left(&closed.scope);
    closed
}

/// The leaves of what is solved for, which all have derivatives.
fn unknowns<M: Module>(made: MadeAt, place: &str, tree: &M) -> Vec<Array> {
    let leaves = leaves(tree);
    for leaf in &leaves {
        let aval = or_raise(leaf.try_aval());
        if !aval.dtype().is_differentiable() {
            made.invalid(format!("{place} holds {aval}: floats or complex numbers are needed"));
        }
    }
    leaves
}

/// One operation, of the parts of a tree and of what its functions captured.
fn run<M: Module>(
    made: MadeAt,
    tree: &M,
    parts: Vec<Array>,
    captures: Vec<Array>,
    op: impl crate::graph::Primitive + Eq + std::hash::Hash,
) -> M {
    let args: Vec<Array> = parts.into_iter().chain(captures).collect();
    let body = |args: &[Array]| {
        crate::graph::with_location(made.location, || {
            bind(op, &args.iter().collect::<Vec<_>>()).to_vec()
        })
    };
    with_leaves(tree, &or_raise(crate::run::staged(made.op, &args, body)))
}

/// From a product with a matrix and a right side to the solution.
pub type LinearSolver<'a, B> = dyn Fn(&dyn Fn(&B) -> B, &B) -> B + 'a;

/// How [`custom_linear_solve`] solves the transposed equation, which reverse mode needs.
#[derive(Clone, Copy)]
pub enum TransposeSolve<'a, B> {
    /// It does not: there are derivatives in forward mode only.
    Missing,
    /// As the equation itself: the matrix is its own transpose. `symmetric=True` in JAX.
    Symmetric,
    /// By this function of the transposed product and the right side.
    With(&'a LinearSolver<'a, B>),
}

/// The x of `matvec(x)` = b that `solve(matvec, b)` finds; `matvec` is linear. The derivative is that of the equation:
/// A ẋ = ḃ − Ȧ x, by b and by the arrays that `matvec` captures, and takes one more solution. So `solve` may be a loop
/// that has no derivative. `jax.lax.custom_linear_solve`.
///
/// b is any tree of floats or complex numbers, and x is like it.
///
/// ```
/// use nnx::{Array, TransposeSolve, custom_linear_solve, grad, linalg};
/// let x = |a: &Array| {
///     let matvec = |x: &Array| a.matmul(x);
///     // Any method will do.
///     let solve = |_: &dyn Fn(&Array) -> Array, b: &Array| linalg::solve(a.stop_gradient(), b);
///     let b = Array::from([2.0, 4.0]);
///     custom_linear_solve(matvec, &b, solve, TransposeSolve::Symmetric)
/// };
/// let a = Array::from([[2.0, 0.0], [0.0, 4.0]]);
/// assert_eq!(x(&a).to_vec::<f64>(), [1.0, 1.0]);
/// let gradient = grad(|a: &Array| x(a).sum(..), &a);
/// assert_eq!(gradient.to_vec::<f64>(), [-0.5, -0.5, -0.25, -0.25]);
/// ```
///
/// # Panics
/// Panics if a function returns a tree unlike b, b holds other numbers, or a matrix that is not symmetric is not
/// linear. The derivative in reverse mode panics for [`TransposeSolve::Missing`].
#[track_caller]
pub fn custom_linear_solve<B: Module>(
    matvec: impl Fn(&B) -> B,
    b: &B,
    solve: impl Fn(&dyn Fn(&B) -> B, &B) -> B,
    transpose_solve: TransposeSolve<'_, B>,
) -> B {
    let made = MadeAt::here("custom_linear_solve");
    let parts = unknowns(made, "`b`", b);
    let n = parts.len();
    let product = traced(made, ["matvec", "`b`"], b, |x: &B| matvec(x), b);
    let solved = traced(made, ["solve", "`b`"], b, |y: &B| solve(&matvec, y), b);
    let TransposeSolve::With(transpose_solve) = transpose_solve else {
        let ([matvec, solve], captures) = CapturingPart::of(n, [product, solved]);
        let transposed = match transpose_solve {
            TransposeSolve::Symmetric => Some([matvec.clone(), solve.clone()]),
            _ => None,
        };
        return run(made, b, parts, captures, LinearSolve { matvec, solve, transposed, parts: n });
    };
    let avals = product.graph.input_avals();
    let vecmat = |ct: &B| {
        let captured = product.captures.iter().cloned().map(Some);
        let known: Vec<Tangent> = vec![None; n].into_iter().chain(captured).collect();
        let cts: Vec<Tangent> = leaves(ct).into_iter().map(Some).collect();
        let found = transpose(&product.graph, &lin_of(&avals, &known), &cts);
        let or_zeros = |(ct, aval): (Tangent, _)| ct.unwrap_or_else(|| Array::zeros_aval(aval));
        let found: Vec<Array> = found.into_iter().zip(&avals).take(n).map(or_zeros).collect();
        with_leaves(ct, &found)
    };
    let turned = traced(made, ["matvec", "`b`"], b, |ct: &B| vecmat(ct), b);
    let place = ["transpose_solve", "`b`"];
    let back = traced(made, place, b, |ct: &B| transpose_solve(&vecmat, ct), b);
    let ([matvec, solve, turned, back], captures) =
        CapturingPart::of(n, [product, solved, turned, back]);
    let transposed = Some([turned, back]);
    run(made, b, parts, captures, LinearSolve { matvec, solve, transposed, parts: n })
}

/// The x with f(x) = 0 that `solve(f, initial_guess)` finds. The derivative, by the arrays that `f` captures, comes from
/// the implicit function theorem, f'(x) ẋ = −ḟ(x), and not from the steps of `solve`, which may be a loop.
/// `jax.lax.custom_root`.
///
/// `tangent_solve(g, y)` gives the t with g(t) = y, where g is the derivative of `f` at x, a linear function; for a
/// scalar that is `y / g(1)`. For reverse mode the result must be linear in y in a way that can be transposed, as
/// [`custom_linear_solve`] is. x is any tree of floats or complex numbers.
///
/// ```
/// use nnx::{Array, custom_root, grad, while_loop};
/// let cube_root = |a: &Array| {
///     let f = |x: &Array| x * x * x - a;
///     // Newton's method, in a loop.
///     let solve = |f: &dyn Fn(&Array) -> Array, x: &Array| {
///         let going = |x: &Array| f(x).abs().gt(1e-12);
///         while_loop(going, |x: Array| &x - f(&x) / (&x * &x * 3.0), x.clone())
///     };
///     let tangent_solve = |g: &dyn Fn(&Array) -> Array, y: &Array| y / g(&y.ones_like());
///     custom_root(f, &a.ones_like(), solve, tangent_solve)
/// };
/// let gradient = grad(|a: &Array| cube_root(a), &Array::scalar(8.0_f64));
/// assert!((gradient.item::<f64>() - 1.0 / 12.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// Panics if a function returns a tree unlike the guess, or the guess holds other numbers.
#[track_caller]
pub fn custom_root<X: Module>(
    f: impl Fn(&X) -> X,
    initial_guess: &X,
    solve: impl FnOnce(&dyn Fn(&X) -> X, &X) -> X,
    tangent_solve: impl FnOnce(&dyn Fn(&X) -> X, &X) -> X,
) -> X {
    let made = MadeAt::here("custom_root");
    const GUESS: &str = "`initial_guess`";
    let parts = unknowns(made, GUESS, initial_guess);
    let n = parts.len();
    let equation = traced(made, ["f", GUESS], initial_guess, |x: &X| f(x), initial_guess);
    let solved = traced(made, ["solve", GUESS], initial_guess, |x: &X| solve(&f, x), initial_guess);
    let of_tangents = |(x, y): (&X, &X)| {
        let args: Vec<Array> =
            leaves(x).into_iter().chain(equation.captures.iter().cloned()).collect();
        let active: Vec<bool> = (0..args.len()).map(|i| i < n).collect();
        let (_, map) = LinearMap::record(&equation.graph, &active, &args, n);
        if map.is_reverse_only() {
            made.invalid("a `custom_vjp` in `f` has a reverse derivative only".into());
        }
        let derivative = |t: &X| {
            let like = leaves(x);
            let tangents = map.apply(&leaves(t));
            let or_zeros = |(t, x): (Tangent, &Array)| t.unwrap_or_else(|| x.zeros_like());
            let tangents: Vec<Array> = tangents.into_iter().zip(&like).map(or_zeros).collect();
            with_leaves(t, &tangents)
        };
        tangent_solve(&derivative, y)
    };
    let both = (initial_guess, initial_guess);
    let step = traced(made, ["tangent_solve", GUESS], initial_guess, of_tangents, both);
    let ([f, solve, tangent_solve], captures) = CapturingPart::of(n, [equation, solved, step]);
    let op = ImplicitRoot { f, solve, tangent_solve, parts: n };
    run(made, initial_guess, parts, captures, op)
}
