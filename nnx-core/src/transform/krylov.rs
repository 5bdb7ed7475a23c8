//! Solutions of linear equations by products with the matrix alone: methods of Krylov subspaces.

use super::implicit::{TransposeSolve, custom_linear_solve};
use super::loops::while_loop;
use super::ravel::RaveledParts;
use super::trees::{leaves, with_leaves};
use crate::array::{concatenate, eye, finfo, invalid, linalg, select, zeros};
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::Module;

/// How [`cg`], [`bicgstab`] and [`gmres`] iterate. The defaults are those of JAX.
///
/// ```
/// use nnx::{Array, KrylovOptions, cg};
///
/// let a = Array::from([[4.0, 1.0], [1.0, 3.0]]);
/// // Jacobi's preconditioner: the inverse of the diagonal.
/// let jacobi = |x: &Array| x / Array::from([4.0, 3.0]);
/// let options = KrylovOptions { preconditioner: Some(&jacobi), tol: 1e-10, ..Default::default() };
/// let x = cg(|x: &Array| a.matmul(x), &Array::from([1.0, 2.0]), &options);
/// assert!((a.matmul(x) - Array::from([1.0, 2.0])).abs().max(..).item::<f64>() < 1e-9);
/// ```
#[derive(Clone, Copy)]
pub struct KrylovOptions<'a, B> {
    /// Where the iteration starts: zeros if there is nothing.
    pub x0: Option<&'a B>,
    /// It ends where the residual is as short as so much of the right side.
    pub tol: f64,
    /// It ends at this length of the residual, too.
    pub atol: f64,
    /// The most steps, or the most restarts of [`gmres`]: ten times the number of unknowns if there is nothing.
    pub maxiter: Option<usize>,
    /// A product with what is near the inverse of the matrix. `M` in JAX.
    pub preconditioner: Option<&'a dyn Fn(&B) -> B>,
}

impl<B> Default for KrylovOptions<'_, B> {
    fn default() -> Self {
        KrylovOptions { x0: None, tol: 1e-5, atol: 0.0, maxiter: None, preconditioner: None }
    }
}

impl<B: Module> KrylovOptions<'_, B> {
    fn preconditioned(&self, x: &B) -> B {
        match self.preconditioner {
            Some(product) => product(x),
            None => with_leaves(x, &leaves(x)),
        }
    }

    fn start(&self, b: &B) -> Vec<Array> {
        match self.x0 {
            Some(x0) => leaves(x0),
            None => leaves(b).iter().map(Array::zeros_like).collect(),
        }
    }

    fn most(&self, b: &B) -> usize {
        let unknowns: usize = leaves(b).iter().map(Array::size).sum();
        self.maxiter.unwrap_or(unknowns.saturating_mul(10)).min(i32::MAX as usize)
    }

    /// Refuses a start that is not like the right side.
    #[track_caller]
    fn check(&self, op: &str, b: &B) {
        let right: Vec<Array> = leaves(b);
        for leaf in &right {
            let aval = or_raise(leaf.try_aval());
            if !aval.dtype().is_differentiable() {
                let message = format!("`b` holds {aval}: floats or complex numbers are needed");
                invalid(op, message);
            }
        }
        let Some(x0) = self.x0 else { return };
        let shapes = |leaves: &[Array]| leaves.iter().map(|x| x.shape().to_vec()).collect();
        let (given, needed): (Vec<Vec<usize>>, Vec<_>) = (shapes(&leaves(x0)), shapes(&right));
        if given != needed {
            let message =
                format!("`x0` has the shapes {given:?}, `b` has {needed:?}: give a start like `b`");
            invalid(op, message);
        }
    }
}

/// Σ conj(x) · y.
fn vdot(x: &[Array], y: &[Array]) -> Array {
    let products = x.iter().zip(y).map(|(x, y)| (x.conj() * y).sum(..));
    products.reduce(|sum, product| sum + product).unwrap_or_else(|| Array::scalar(0.0_f32))
}

/// |x|².
fn square(x: &[Array]) -> Array {
    vdot(x, x).real()
}

/// x + a · y, in the dtypes of x.
fn add_scaled(x: &[Array], a: &Array, y: &[Array]) -> Vec<Array> {
    x.iter().zip(y).map(|(x, y)| (x + y * a.astype(x.dtype())).astype(x.dtype())).collect()
}

fn difference(x: &[Array], y: &[Array]) -> Vec<Array> {
    x.iter().zip(y).map(|(x, y)| x - y).collect()
}

/// The square of the length at which an iteration ends.
fn threshold<B>(b: &[Array], options: &KrylovOptions<'_, B>) -> Array {
    (square(b) * (options.tol * options.tol)).maximum(options.atol * options.atol)
}

/// The x with A x = b for a Hermitian positive definite A, by conjugate gradients: `a` gives A x, a tree like b.
/// `jax.scipy.sparse.linalg.cg`.
///
/// The derivative is that of the equation, by one more solution; see [`custom_linear_solve`]. Where the most steps do not
/// suffice, x is what they gave, and so is its derivative.
///
/// ```
/// use nnx::{Array, KrylovOptions, cg, grad};
///
/// let b = Array::from([2.0, 4.0]);
/// let solve = |d: &Array| cg(|x: &Array| x * d, &b, &KrylovOptions::default());
/// let d = Array::from([2.0, 8.0]);
/// assert!((solve(&d) - Array::from([1.0, 0.5])).abs().max(..).item::<f64>() < 1e-6);
/// // −b / d², by the matrix.
/// let slope = grad(|d: &Array| solve(d).sum(..), &d);
/// assert!((slope + Array::from([0.5, 0.0625])).abs().max(..).item::<f64>() < 1e-6);
/// ```
///
/// Source: Hestenes and Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems", 1952.
///
/// # Panics
/// Panics if `a` returns a tree unlike b, or b holds no floats or complex numbers.
#[track_caller]
pub fn cg<B: Module>(a: impl Fn(&B) -> B, b: &B, options: &KrylovOptions<'_, B>) -> B {
    options.check("cg", b);
    let most = options.most(b);
    let solve = |product: &dyn Fn(&B) -> B, b: &B| {
        let of = |f: &dyn Fn(&B) -> B, x: &[Array]| leaves(&f(&with_leaves(b, x)));
        let precondition = |x: &[Array]| of(&|x: &B| options.preconditioned(x), x);
        let right = leaves(b);
        let least = threshold(&right, options);
        let x = options.start(b);
        let r = difference(&right, &of(product, &x));
        let z = precondition(&r);
        let gamma = vdot(&r, &z).real();
        let going = |(_, r, _, _, k): &Cg| square(r).gt(&least) & k.lt(most as i32);
        let step = |(x, r, p, gamma, k): Cg| {
            let turned = of(product, &p);
            let alpha = &gamma / vdot(&p, &turned).real();
            let x = add_scaled(&x, &alpha, &p);
            let r = add_scaled(&r, &-&alpha, &turned);
            let z = precondition(&r);
            let next = vdot(&r, &z).real();
            let p = add_scaled(&z, &(&next / gamma), &p);
            (x, r, p, next, k + 1)
        };
        let (x, ..) = while_loop(going, step, (x, r, z, gamma, Array::scalar(0_i32)));
        with_leaves(b, &x)
    };
    let is_real = leaves(b).iter().all(|leaf| !leaf.dtype().is_complex());
    let transposed = if is_real { TransposeSolve::Symmetric } else { TransposeSolve::With(&solve) };
    custom_linear_solve(a, b, solve, transposed)
}

/// x, the residual, the direction, the squared length of the residual, and the steps.
type Cg = (Vec<Array>, Vec<Array>, Vec<Array>, Array, Array);

/// The x with A x = b for any regular A, by stabilized biconjugate gradients: `a` gives A x, a tree like b.
/// `jax.scipy.sparse.linalg.bicgstab`.
///
/// The derivative is that of the equation, by one more solution; see [`custom_linear_solve`].
///
/// ```
/// use nnx::{Array, KrylovOptions, bicgstab};
///
/// let a = Array::from([[2.0, 1.0], [-1.0, 3.0]]);
/// let x = bicgstab(|x: &Array| a.matmul(x), &Array::from([4.0, 5.0]), &KrylovOptions::default());
/// assert!((x - Array::from([1.0, 2.0])).abs().max(..).item::<f64>() < 1e-5);
/// ```
///
/// Source: van der Vorst, "Bi-CGSTAB: A Fast and Smoothly Converging Variant of Bi-CG for the Solution of Nonsymmetric
/// Linear Systems", 1992.
///
/// # Panics
/// As [`cg`].
#[track_caller]
pub fn bicgstab<B: Module>(a: impl Fn(&B) -> B, b: &B, options: &KrylovOptions<'_, B>) -> B {
    options.check("bicgstab", b);
    let most = options.most(b) as i32;
    let solve = |product: &dyn Fn(&B) -> B, b: &B| {
        let of = |f: &dyn Fn(&B) -> B, x: &[Array]| leaves(&f(&with_leaves(b, x)));
        let precondition = |x: &[Array]| of(&|x: &B| options.preconditioned(x), x);
        let right = leaves(b);
        let least = threshold(&right, options);
        let x = options.start(b);
        let shadow = difference(&right, &of(product, &x));
        let one = vdot(&right, &right).ones_like();
        let going = |(x, _, _, k): &BiCg| square(&x[1]).gt(&least) & k.lt(most) & k.ge(0);
        let step = |(vectors, [alpha, omega, rho], [p, q], k): BiCg| {
            let [x, r] = vectors;
            let next = vdot(&shadow, &r);
            let beta = &next / rho * alpha / &omega;
            let p = add_scaled(&r, &beta, &add_scaled(&p, &-omega, &q));
            let p_hat = precondition(&p);
            let q = of(product, &p_hat);
            let alpha = &next / vdot(&shadow, &q);
            let s = add_scaled(&r, &-&alpha, &q);
            let ends = square(&s).lt(&least);
            let s_hat = precondition(&s);
            let t = of(product, &s_hat);
            let omega = vdot(&t, &s) / vdot(&t, &t);
            let half = add_scaled(&x, &alpha, &p_hat);
            let chosen = |a: &[Array], b: &[Array]| -> Vec<Array> {
                let pairs = a.iter().zip(b);
                pairs.map(|(a, b)| select(ends.broadcast_to_dims(a.shape()), a, b)).collect()
            };
            let x = chosen(&half, &add_scaled(&half, &omega, &s_hat));
            let r = chosen(&s, &add_scaled(&s, &-&omega, &t));
            // A breakdown ends it.
            let stuck = omega.eq(0.0) | alpha.eq(0.0) | next.eq(0.0);
            let k = crate::array::where_(stuck, -10, k + 1);
            ([x, r], [alpha, omega, next], [p, q], k)
        };
        let start = (
            [x, shadow.clone()],
            [one.clone(), one.clone(), one],
            [shadow.clone(), shadow.clone()],
            Array::scalar(0_i32),
        );
        let ([x, _], ..) = while_loop(going, step, start);
        with_leaves(b, &x)
    };
    custom_linear_solve(a, b, solve, TransposeSolve::With(&solve))
}

/// x and the residual, α, ω and ρ, the two directions, and the steps.
type BiCg = ([Vec<Array>; 2], [Array; 3], [Vec<Array>; 2], Array);

/// The x with A x = b for any regular A, by generalized minimal residuals: the best x of a space that A spans by up to
/// `restart` products (20 in JAX), and again from there. `a` gives A x, a tree like b.
/// `jax.scipy.sparse.linalg.gmres` with `solve_method="batched"`.
///
/// The derivative is that of the equation, by one more solution; see [`custom_linear_solve`].
///
/// ```
/// use nnx::{Array, KrylovOptions, gmres};
///
/// let a = Array::from([[2.0, 1.0], [-1.0, 3.0]]);
/// let x = gmres(|x: &Array| a.matmul(x), &Array::from([4.0, 5.0]), 20, &KrylovOptions::default());
/// assert!((x - Array::from([1.0, 2.0])).abs().max(..).item::<f64>() < 1e-9);
/// ```
///
/// Source: Saad and Schultz, "GMRES: A Generalized Minimal Residual Algorithm for Solving Nonsymmetric Linear Systems",
/// 1986.
///
/// # Panics
/// As [`cg`], or if `restart` is 0.
#[track_caller]
pub fn gmres<B: Module>(
    a: impl Fn(&B) -> B,
    b: &B,
    restart: usize,
    options: &KrylovOptions<'_, B>,
) -> B {
    options.check("gmres", b);
    if restart == 0 {
        invalid("gmres", "`restart` is 0: a space of at least one dimension is needed".into());
    }
    let most = options.most(b) as i32;
    let solve = |product: &dyn Fn(&B) -> B, b: &B| {
        let parts = RaveledParts::of(b);
        let size = parts.size();
        if size == 0 {
            return with_leaves(b, &leaves(b));
        }
        let restart = restart.min(size);
        let of = |f: &dyn Fn(&B) -> B, x: &Array| parts.joined(&f(&parts.split(b, x)));
        let right = parts.joined(b);
        let residual = |x: &Array| {
            normalized(
                &of(&|x: &B| options.preconditioned(x), &(&right - of(product, x))),
                finfo(parts.dtype.real()).eps,
            )
        };
        let length = right.squared_magnitude().sum(..).sqrt();
        let least = (length * options.tol).maximum(options.atol);
        let x = parts.joined(&with_leaves(b, &options.start(b)));
        let (unit, norm) = residual(&x);
        let going = |(_, _, norm, k): &Gmres| norm.gt(&least) & k.lt(most);
        let step = |(x, unit, norm, k): Gmres| {
            let preconditioned =
                |v: &Array| of(&|x: &B| options.preconditioned(x), &of(product, v));
            let x = x + of_space(&preconditioned, &unit, &norm, restart);
            let (unit, norm) = residual(&x);
            (x, unit, norm, k + 1)
        };
        let (x, ..) = while_loop(going, step, (x, unit, norm, Array::scalar(0_i32)));
        parts.split(b, &x)
    };
    custom_linear_solve(a, b, solve, TransposeSolve::With(&solve))
}

/// x, the direction and the length of the residual, and the restarts.
type Gmres = (Array, Array, Array, Array);

/// A vector of length 1, and the length; zeros if that is not above `least`.
fn normalized(x: &Array, least: impl crate::array::Operand) -> (Array, Array) {
    let norm = x.squared_magnitude().sum(..).sqrt();
    let counts = norm.gt(least);
    let safe = select(&counts, &norm, norm.ones_like());
    let unit = select(counts.broadcast_to_dims(x.shape()), &(x / &safe), x.zeros_like());
    (unit, select(&counts, &norm, norm.zeros_like()))
}

/// The step with the least residual in the space that `product` spans from `unit`, by Arnoldi's process.
fn of_space(
    product: &dyn Fn(&Array) -> Array,
    unit: &Array,
    norm: &Array,
    restart: usize,
) -> Array {
    let (dtype, eps) = (unit.dtype(), finfo(unit.dtype().real()).eps);
    // The directions in rows, and their overlaps.
    let basis = concatenate([&unit.expand_dims(0), &zeros([restart, unit.size()], dtype)], 0);
    let overlaps = eye(restart, dtype).pad(&[(0, 0), (0, 1)], 0);
    let going = |(_, _, broke, k): &Gmres| !broke & k.lt(restart as i32);
    let step = |(basis, overlaps, _, k): Gmres| {
        let v = product(&basis.dynamic_index(&k, 0));
        let (_, before) = normalized(&v, eps);
        let h = basis.conj().matmul(&v);
        let rest = v - h.matmul(&basis);
        let (next, length) = normalized(&rest, before * eps);
        let h = h.at(&(&k + 1)).set(length.astype(dtype));
        let basis = basis.at(&(&k + 1)).set(next);
        let overlaps = overlaps.at(&k).set(h);
        (basis, overlaps, length.eq(0.0), k + 1)
    };
    let start = (basis, overlaps, Array::scalar(false), Array::scalar(0_i32));
    let (basis, overlaps, ..) = while_loop(going, step, start);
    // Least squares by the normal equations, as in JAX.
    let first = norm.astype(dtype).expand_dims(0).pad(&[(0, restart as i64)], 0);
    let (h, adjoint) = (overlaps.t(), overlaps.conj());
    let factor = linalg::cho_factor(adjoint.matmul(h));
    let y = linalg::cho_solve(factor, adjoint.matmul(first));
    y.matmul(basis.slice_dim(0, 0, restart))
}
