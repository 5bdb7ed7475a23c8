//! The singular value decomposition by one-sided Jacobi rotations.

use super::{Qr, adjoint, batch, matrix, wide_inexact};
use crate::array::{concatenate, eye, finfo, keepdims, select, where_};
use crate::graph::{Array, Avals, Batch, Batched, Builder, Dual, Jvp, Primitive};
use crate::lower::{Id, Ids};
use crate::ops::inner_loop::{inner_for, inner_while};
use crate::run::bind;
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// A = U diag(s) Vᴴ with s in descending order: U `[…, m, k]`, real s `[…, k]`, Vᴴ `[…, k, n]` with
/// k = min(m, n); if `full`, U is `[…, m, m]` and Vᴴ `[…, n, n]`.
///
/// Hestenes' method: rotations of pairs of columns make them orthogonal; all disjoint pairs are
/// rotated at once, and a tournament brings every pair together once per sweep (Brent & Luk 1985).
/// The triangular factor of a QR decomposition is rotated instead of A itself (Drmač & Veselić
/// 2008). Small singular values come out with small relative errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Svd {
    pub(crate) full: bool,
}

/// Most sweeps; about 10 are needed.
const SWEEPS: usize = 40;

impl Primitive for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }
    fn params(&self) -> String {
        format!("full_matrices={}", self.full)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let (m, n) = matrix(ins[0])?;
        wide_inexact(ins[0])?;
        let (k, batch) = (m.min(n), batch(ins[0].shape(), 2));
        let (left, right) = if self.full { (m, n) } else { (k, k) };
        let aval = |dims: &[usize]| ins[0].with_shape(&[batch, dims].concat());
        let values = aval(&[k]).with_dtype(ins[0].dtype().real());
        Ok(smallvec![aval(&[m, left]), values, aval(&[right, n])])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.traced(ins, |args| {
            let x = &args[0];
            let (m, n) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
            let batches = batch(x.shape(), 2).iter().product();
            let x = x.reshape([batches, m, n]);
            let wide = m < n;
            let (u, s, v) = tall(&if wide { adjoint(&x) } else { x }, self.full);
            let (u, v) = if wide { (v, u) } else { (u, v) };
            let outs = |x: &Array, i: usize| x.reshape(outs[i].shape());
            vec![outs(&u, 0), outs(&s, 1), outs(&adjoint(&v), 2)]
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        (20 * ins[0].size() * ins[0].shape().last().copied().unwrap_or(0)) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    /// As JAX, after Wan & Zhang (2019), "Automatic differentiation for complex valued SVD".
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let Some(t) = cx.tangent(0) else { return cx.with(smallvec![None, None, None]) };
        let (m, n) = matrix(t.aval())?;
        if self.full && m != n {
            return Err(format!(
                "only the reduced decomposition has one; the vectors that fill up the full one of \
                 {} are arbitrary",
                t.aval()
            ));
        }
        let (u, s, vt) = (cx.out(), &cx.outs()[1], &cx.outs()[2]);
        let (ut, v) = (adjoint(u), adjoint(vt));
        let (row, column) = (s.expand_dims(-2), s.expand_dims(-1));
        let inner = ut.matmul(t).matmul(&v);
        let ds = inner.diagonal(0, -2, -1).real();
        let eye = eye(s.shape()[s.rank() - 1], s.dtype());
        let gaps = (&row + &column) * (&row - &column);
        let f = 1.0 / (&gaps + &eye) - &eye;
        let by_row = &row * &inner;
        let by_column = &column * &inner;
        let mut turn = &f * (&by_row + adjoint(&by_row));
        if inner.dtype().is_complex() {
            // The phases of the vectors, all put into U.
            let eye = crate::array::eye(s.shape()[s.rank() - 1], s.dtype());
            let safe = select(row.gt(0.0), &row, row.ones_like());
            turn += (&inner - adjoint(&inner)) * (eye * 0.5 / safe);
        }
        let mut du = u.matmul(turn);
        let mut dv = v.matmul(&f * (&by_column + adjoint(&by_column)));
        if m > n {
            let av = t.matmul(&v);
            du += (&av - u.matmul(ut.matmul(&av))) / &row;
        }
        if n > m {
            let atu = adjoint(t).matmul(u);
            dv += (&atu - v.matmul(vt.matmul(&atu))) / &row;
        }
        cx.with(smallvec![Some(du), Some(ds), Some(adjoint(&dv))])
    }
}

/// The decomposition of matrices `[batch, m, n]` with m ≥ n: U, s and V.
#[track_caller]
fn tall(a: &Array, full: bool) -> (Array, Array, Array) {
    let [batches, m, n] = *a.shape() else { unreachable!("batches are one dimension here") };
    let dtype = a.dtype();
    if n == 0 || batches == 0 {
        let columns = if full { m } else { n };
        let u = eye(m, dtype).slice_dim(1, 0, columns).broadcast_to_dims(&[batches, m, columns]);
        return (
            u,
            crate::array::zeros([batches, n], dtype.real()),
            crate::array::zeros([batches, n, n], dtype),
        );
    }
    // No square may overflow.
    let largest = a.abs().max(keepdims([1, 2]));
    let scale = select(largest.gt(0.0), &largest, largest.ones_like());
    let (q, r) = qr(&(a / &scale), false);
    let (turned, rotations) = rotate(&adjoint(&r));
    let sizes = turned.squared_magnitude().sum(keepdims(1)).sqrt();
    let order = (-&sizes).argsort(-1);
    let sorted = turned.take_along_axis(&order, 2);
    let rotations = rotations.take_along_axis(&order, 2);
    let s = sizes.take_along_axis(&order, 2).squeeze(1) * scale.squeeze(2);
    // The columns are orthogonal; this makes unit vectors of them, of zeros too.
    let (units, triangle) = qr(&sorted, false);
    let signs = triangle.diagonal(0, 1, 2).expand_dims(1).real();
    let v = where_(signs.lt(0.0), -&units, &units);
    let u = q.matmul(&rotations);
    let u = if full && m > n {
        let (all, _) = qr(&u, true);
        concatenate([&u, &all.slice_dim(2, n, m)], 2)
    } else {
        u
    };
    (u, s, v)
}

fn qr(x: &Array, full: bool) -> (Array, Array) {
    let outs = bind(Qr { full }, &[x]);
    (outs[0].clone(), outs[1].clone())
}

/// Matrices `[batch, n, n]` times rotations that make their columns orthogonal, and the rotations.
#[track_caller]
pub(super) fn rotate(w: &Array) -> (Array, Array) {
    let [batches, n, _] = *w.shape() else { unreachable!("batches are one dimension here") };
    let start = eye(n, w.dtype()).broadcast_to_dims(&[batches, n, n]);
    if n == 1 {
        return (w.clone(), start);
    }
    // One more column of zeros for odd n, which stays: nothing turns with zeros.
    let even = n + n % 2;
    let half = even / 2;
    let halves = |x: &Array| {
        let x = x.pad(&[(0, 0), (0, 0), (0, (even - n) as i64)], 0);
        [x.slice_dim(2, 0, half), x.slice_dim(2, half, even)]
    };
    let [top, bottom] = halves(&concatenate([w, &start], 1));
    // The cosines are squared by a sweep: from here on they are rounding errors.
    let real = w.dtype().real();
    let tolerance = 0.02 * finfo(real).eps.sqrt();
    let count = crate::graph::Array::constant_int(DType::I32, 0);
    let far = Array::constant_scalar(real, 1.0);
    let out = inner_while(
        &[count, far, top, bottom],
        |s| s[0].lt(SWEEPS) & s[1].gt(tolerance),
        |s| {
            let near = Array::constant_scalar(real, 0.0);
            let state = [near, s[2].clone(), s[3].clone()];
            let mut swept = inner_for(even - 1, &state, |_, s| {
                let (top, bottom, off) = rotate_pairs(&s[1], &s[2], n);
                let (top, bottom) = next_round(&top, &bottom);
                vec![s[0].maximum(off), top, bottom]
            });
            swept.insert(0, &s[0] + 1);
            swept
        },
    );
    // After a whole sweep every column is back at its place.
    let all = concatenate([&out[2], &out[3]], 2).slice_dim(2, 0, n);
    (all.slice_dim(1, 0, n), all.slice_dim(1, n, 2 * n))
}

/// Rotates each column of `top` with that of `bottom`; the upper `n` rows decide. Gives also the
/// largest cosine that was found.
#[track_caller]
fn rotate_pairs(top: &Array, bottom: &Array, n: usize) -> (Array, Array, Array) {
    let (x, y) = (top.slice_dim(1, 0, n), bottom.slice_dim(1, 0, n));
    let sum = |z: Array| z.sum(keepdims(1));
    let (xx, yy) = (sum(x.squared_magnitude()), sum(y.squared_magnitude()));
    let xy = sum(x.conj() * &y);
    let size = xx.sqrt() * yy.sqrt();
    let cosine = xy.abs() / select(size.gt(0.0), &size, size.ones_like());
    let turn = cosine.gt(finfo(cosine.dtype()).eps);
    // In another phase the columns have a real product.
    let (xy, bottom) = match top.dtype().is_complex() {
        true => {
            let length = xy.abs();
            let phase = &xy / select(&turn, &length, length.ones_like());
            let phase = select(&turn, &phase, phase.ones_like());
            (length, &(bottom * phase.conj()))
        }
        false => (xy, bottom),
    };
    let safe = select(&turn, &xy, xy.ones_like());
    let zeta = (yy - xx) / (2.0 * safe);
    let sign = where_(zeta.lt(0.0), -1.0, zeta.ones_like());
    let tangent = sign / (zeta.abs() + zeta.hypot(1.0));
    let tangent = select(&turn, &tangent, tangent.zeros_like());
    let c = (tangent.square() + 1.0).rsqrt();
    let s = &c * tangent;
    let new_top = &c * top - &s * bottom;
    let new_bottom = s * top + c * bottom;
    let off = select(&turn, &cosine, cosine.zeros_like());
    (new_top, new_bottom, off.max(..))
}

/// Who meets whom in the next round of the tournament: all but the first column move on by one.
#[track_caller]
fn next_round(top: &Array, bottom: &Array) -> (Array, Array) {
    let half = top.shape()[2];
    if half == 1 {
        return (top.clone(), bottom.clone());
    }
    let first = top.slice_dim(2, 0, 1);
    let new_top =
        concatenate([&first, &bottom.slice_dim(2, 0, 1), &top.slice_dim(2, 1, half - 1)], 2);
    let new_bottom =
        concatenate([&bottom.slice_dim(2, 1, half), &top.slice_dim(2, half - 1, half)], 2);
    (new_top, new_bottom)
}
