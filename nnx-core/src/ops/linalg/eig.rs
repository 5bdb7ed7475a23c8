//! Eigenvalues and eigenvectors of general matrices.

use super::schur::schur;
use super::windows::{once, window, with_window};
use super::{adjoint, batch, square, wide_inexact};
use crate::array::{complex, concatenate, finfo, iota, keepdims, where_};
use crate::graph::{Array, Avals, Batch, Batched, Builder, Dual, Jvp, Primitive};
use crate::lower::{Id, Ids};
use crate::ops::inner_loop::inner_for;
use crate::run::bind;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// Eigenvalues `[…, n]`, then the left and the right eigenvectors in columns `[…, n, n]` if they are
/// wanted; all complex.
///
/// By the Schur decomposition: eigenvectors of the triangular matrix by substitution, all at once. Each
/// has length 1 and a real positive element where it is largest, as LAPACK's `geev` has it for complex
/// matrices. Those of real matrices for real eigenvalues are real, and those of conjugate pairs
/// conjugate. The matrix is not balanced before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Eig {
    pub(crate) left: bool,
    pub(crate) right: bool,
}

impl Primitive for Eig {
    fn name(&self) -> &'static str {
        "eig"
    }
    fn params(&self) -> String {
        format!("left={} right={}", self.left, self.right)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let n = square(ins[0])?;
        wide_inexact(ins[0])?;
        let shape = ins[0].shape();
        let vectors = ins[0].with_dtype(ins[0].dtype().complex());
        let values = vectors.with_shape(&[batch(shape, 2), &[n]].concat());
        let count = usize::from(self.left) + usize::from(self.right);
        Ok(std::iter::once(values).chain(std::iter::repeat_n(vectors, count)).collect())
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.traced(ins, |args| {
            let n = args[0].shape()[args[0].rank() - 1];
            let batches = batch(args[0].shape(), 2).iter().product();
            let found = self.found(&args[0].reshape([batches, n, n]));
            found.iter().zip(outs).map(|(x, out)| x.reshape(out.shape())).collect()
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        (27 * ins[0].size() * ins[0].shape().last().copied().unwrap_or(0)) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    /// Of a simple eigenvalue with left and right vectors u and v: uᴴ Ȧ v / uᴴ v, the diagonal of V⁻¹ Ȧ V.
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else {
            return cx.with(cx.outs().iter().map(|_| None).collect());
        };
        if self.left || self.right {
            return Err("the eigenvectors of general matrices have no derivative, as in JAX, because they are \
                        determined up to a factor; take `eigvals`"
                .into());
        }
        let outs = bind(Eig { left: false, right: true }, &[&cx.primals[0]]);
        let v = &outs[1];
        let turned = crate::array::linalg::solve(v, t.astype(v.dtype()));
        let values = (turned * v.mt()).sum(-1);
        Ok((smallvec![outs[0].clone()], smallvec![Some(values)]))
    }
}

impl Eig {
    /// Of matrices `[batch, n, n]`.
    #[track_caller]
    fn found(self, a: &Array) -> Vec<Array> {
        let [batches, n, _] = *a.shape() else { unreachable!("batches are one dimension here") };
        let wide = a.dtype().complex();
        let count = usize::from(self.left) + usize::from(self.right);
        if n == 0 || batches == 0 {
            let mut outs = vec![crate::array::zeros([batches, n], wide)];
            outs.extend(vec![crate::array::zeros([batches, n, n], wide); count]);
            return outs;
        }
        let (t, z) = schur(a);
        let values = match a.dtype().is_complex() {
            true => t.diagonal(0, 1, 2),
            false => of_blocks(&t),
        };
        if count == 0 {
            return vec![values];
        }
        // The vectors are those of a multiple, whose squares are numbers.
        let largest = t.abs().max(keepdims([1, 2]));
        let shrink = 1.0 / where_(largest.gt(0.0), largest, 1.0);
        let t = t * &shrink;
        let (t, z) = match a.dtype().is_complex() {
            true => (t, z),
            false => triangular(&t, &z),
        };
        // The diagonal has the eigenvalues to the last digit, so that conjugate pairs stay so.
        let here = iota([n, 1], DType::I32, 0).eq(iota([1, n], DType::I32, 1));
        let t = where_(here, (&values * shrink.squeeze(2)).expand_dims(1), t);
        let real = !a.dtype().is_complex();
        let finish = |x: Array| {
            let unit = normalized(&z.matmul(x));
            if real { paired(&unit, &values) } else { unit }
        };
        let mut outs = vec![values.clone()];
        if self.left {
            // Backwards, the adjoint is upper triangular again.
            let turned = |x: &Array| x.flip([1, 2]);
            outs.push(finish(turned(&substituted(&turned(&adjoint(&t))))));
        }
        if self.right {
            outs.push(finish(substituted(&t)));
        }
        outs
    }
}

/// The eigenvalues of a real quasi-triangular matrix whose blocks are in standard form.
#[track_caller]
fn of_blocks(t: &Array) -> Array {
    let diagonal = t.diagonal(0, 1, 2);
    let (above, below) = (t.diagonal(1, 1, 2), t.diagonal(-1, 1, 2));
    let size = where_(below.eq(0.0), 0.0, above.abs().sqrt() * below.abs().sqrt());
    let (first, second) = (size.pad(&[(0, 0), (0, 1)], 0), size.pad(&[(0, 0), (1, 0)], 0));
    complex(diagonal, first - second)
}

/// The complex triangular form of a real quasi-triangular one, and the unitary matrix that goes with it:
/// a rotation for each block, from the last to the first.
#[track_caller]
pub(crate) fn triangular(t: &Array, z: &Array) -> (Array, Array) {
    let wide = t.dtype().complex();
    let (t, z) = (t.astype(wide), z.astype(wide));
    let n = t.shape()[1];
    if n < 2 {
        return (t, z);
    }
    let eps = finfo(wide.real()).eps;
    let columns = iota([1, n], DType::I32, 1);
    let out = inner_for(n - 1, &[t, z], |i, state| {
        let (t, z) = (&state[0], &state[1]);
        let k = (n as i32 - 2) - i;
        let slab = window(t, &k, 1, 2);
        let corner = window(&slab, &k, 2, 2);
        let at = |i: usize, j: usize| corner.slice_dim(1, i, i + 1).slice_dim(2, j, j + 1);
        let (a, b, c, d) = (at(0, 0), at(0, 1), at(1, 0), at(1, 1));
        let block = c.abs().gt((a.abs() + d.abs()) * eps);
        // An eigenvalue of the block, less d.
        let half = (&a - &d) / 2.0;
        let root = (half.square() + b * &c).sqrt();
        // Of a real block the one above, whatever the sign of a zero is.
        let root = where_(root.imag().lt(0.0), -&root, &root);
        let shift = half + root;
        let size = shift.abs().hypot(c.abs());
        let size = where_(size.gt(0.0), size, 1.0).astype(wide);
        let cosine = where_(&block, shift / &size, 1.0);
        let sine = where_(&block, &c / size, 0.0);
        let [cosine, sine] = once([&cosine, &sine]);
        let (p, q) = (slab.slice_dim(1, 0, 1), slab.slice_dim(1, 1, 2));
        let upper = cosine.conj() * &p + sine.conj() * &q;
        let turned = concatenate([&upper, &(&cosine * q - &sine * p)], 1);
        let sides = |x: &Array| {
            let slab = window(x, &k, 2, 2);
            let (p, q) = (slab.slice_dim(2, 0, 1), slab.slice_dim(2, 1, 2));
            let left = &p * &cosine + &q * &sine;
            let turned = concatenate([&left, &(q * cosine.conj() - p * sine.conj())], 2);
            with_window(x, &turned, &k, 2)
        };
        let t = sides(&with_window(t, &turned, &k, 1));
        let row = window(&t, &(&k + 1), 1, 1);
        let t = with_window(&t, &where_(columns.eq(&k), 0.0, row), &(&k + 1), 1);
        vec![t, sides(z)]
    });
    (out[0].triu(0), out[1].clone())
}

/// The eigenvectors in columns of upper triangular matrices: row by row from below. Where eigenvalues are
/// equal, a difference of rounding errors stands for the zero; columns that grow are made smaller.
#[track_caller]
fn substituted(t: &Array) -> Array {
    let [batches, n, _] = *t.shape() else { unreachable!("batches are one dimension here") };
    let real = t.dtype().real();
    let info = finfo(real);
    let diagonal = t.diagonal(0, 1, 2).expand_dims(1);
    let norm = t.abs().max(keepdims([1, 2]));
    let least = (norm * info.eps).maximum(info.tiny / info.eps);
    let columns = iota([1, n], DType::I32, 1);
    let start = crate::array::eye(n, t.dtype()).broadcast_to_dims(&[batches, n, n]);
    let out = inner_for(n, &[start], |i, state| {
        let x = &state[0];
        let k = (n as i32 - 1) - i;
        let row = window(t, &k, 1, 1);
        let own = window(&diagonal, &k, 2, 1);
        let rest = where_(columns.gt(&k), row, 0.0).matmul(x);
        let gap = &diagonal - own;
        let gap = where_(gap.abs().lt(&least), least.astype(t.dtype()), gap);
        let old = window(x, &k, 1, 1);
        let new = where_(columns.gt(&k), rest / gap, old);
        let size = new.abs();
        let shrunk = where_(size.gt(1e8), 1.0 / size, 1.0).astype(t.dtype());
        vec![with_window(x, &new, &k, 1) * shrunk]
    });
    out[0].clone()
}

/// Columns of length 1 with a real positive element where they are largest.
#[track_caller]
fn normalized(v: &Array) -> Array {
    let size = v.abs();
    let largest = size.max(keepdims(1));
    let safe = where_(largest.gt(0.0), &largest, 1.0);
    let size = (&size / &safe).square().sum(keepdims(1)).sqrt() * &safe;
    let unit = v / where_(size.gt(0.0), size, 1.0).astype(v.dtype());
    let size = unit.abs();
    let at = size.argmax(keepdims(1));
    let top = unit.take_along_axis(&at, 1);
    let phase = top.conj() / where_(top.abs().gt(0.0), top.abs(), 1.0).astype(v.dtype());
    let turned = &unit * phase;
    let here = iota([v.shape()[1], 1], DType::I32, 0).eq(at);
    where_(here, turned.real().astype(v.dtype()), turned)
}

/// The eigenvectors of a real matrix: real ones for real eigenvalues, and conjugate ones for pairs.
#[track_caller]
fn paired(v: &Array, values: &Array) -> Array {
    let imaginary = values.imag().expand_dims(1);
    let real = v.real();
    let size = real.square().sum(keepdims(1)).sqrt();
    let real = &real / where_(size.gt(0.0), &size, 1.0);
    let before = v.roll(1, 2).conj();
    let v = where_(imaginary.lt(0.0), before, v);
    where_(imaginary.eq(0.0), real.astype(v.dtype()), v)
}
