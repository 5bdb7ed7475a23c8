//! The Schur decomposition by the QR algorithm.

use super::hessenberg::{accumulated, reduced};
use super::windows::{Reflection, element, once, reflection, window, with_window};
use super::{adjoint, batch, square, wide_inexact};
use crate::array::{concatenate, finfo, iota, keepdims, where_};
use crate::graph::{Array, Avals, Batch, Batched, Builder, Dual, Jvp, Primitive};
use crate::lower::{Id, Ids};
use crate::ops::inner_loop::{inner_for, inner_while};
use crate::value::{Aval, DType};
use smallvec::smallvec;

/// A = Z T Zᴴ of square matrices `[…, n, n]`: T and the unitary Z. T of complex matrices is upper
/// triangular; T of real ones has blocks of two rows on the diagonal for pairs of conjugate eigenvalues,
/// with equal elements on the diagonal and elements of different signs beside it.
///
/// Hessenberg form, then implicit QR steps with Francis' double shift (one shift for complex numbers) on
/// the part that is not yet decoupled, after LAPACK's `lahqr`. All matrices of a batch go along together.
/// NaN where it does not converge, or an element is not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Schur;

impl Primitive for Schur {
    fn name(&self) -> &'static str {
        "schur"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        square(ins[0])?;
        wide_inexact(ins[0])?;
        Ok(smallvec![ins[0].clone(), ins[0].clone()])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        b.traced(ins, |args| {
            let n = args[0].shape()[args[0].rank() - 1];
            let batches = batch(args[0].shape(), 2).iter().product();
            let (t, z) = schur(&args[0].reshape([batches, n, n]));
            vec![t.reshape(outs[0].shape()), z.reshape(outs[1].shape())]
        })
    }
    fn flops(&self, ins: &[&Aval], _: &[&Aval]) -> u64 {
        (25 * ins[0].size() * ins[0].shape().last().copied().unwrap_or(0)) as u64
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Dual, String> {
        Err("the Schur decomposition has none, as in JAX".into())
    }
}

/// T and Z of matrices `[batch, n, n]`.
#[track_caller]
pub(super) fn schur(a: &Array) -> (Array, Array) {
    let [batches, n, _] = *a.shape() else { unreachable!("batches are one dimension here") };
    if n == 0 || batches == 0 {
        return (a.clone(), a.clone());
    }
    let size = a.abs();
    let fine = size.is_finite().all(keepdims([1, 2]));
    // Squares of numbers far from 1 are no numbers.
    let largest = where_(&fine, size, 0.0).max(keepdims([1, 2]));
    let far = finfo(largest.dtype()).max.powf(0.3);
    let scaled = largest.gt(far) | (largest.gt(0.0) & largest.lt(1.0 / far));
    let scale = where_(scaled, largest, 1.0);
    let (packed, factors) = reduced(&where_(&fine, a * (1.0 / &scale), 0.0));
    let z = accumulated(&packed, &factors);
    let (t, z, left) = iterated(&packed.triu(-1), &z);
    let (t, z) = if a.dtype().is_complex() { (t.triu(0), z) } else { standardized(&t, &z) };
    let fine = fine & left.expand_dims(2).logical_not();
    (where_(&fine, t * scale, f64::NAN), where_(&fine, z, f64::NAN))
}

/// The QR steps for one dtype: how many rows a reflection turns, one more than there are shifts.
fn height(a: &Array) -> usize {
    if a.dtype().is_complex() { 2 } else { 3 }
}

/// Which part of each matrix of a batch a step works on, `[batch, 1]` each.
struct ActivePart {
    /// Whether there is one.
    active: Array,
    low: Array,
    high: Array,
}

/// The last part of each matrix `[batch, n, n]` that has more rows than a block on the diagonal may have.
#[track_caller]
fn part(h: &Array, height: usize) -> ActivePart {
    let n = h.shape()[1];
    let coupled = h.diagonal(-1, 1, 2).ne(0.0);
    let at = iota([n - 1], DType::I32, 0);
    let wanted = match height {
        2 => coupled.clone(),
        _ => {
            let before = coupled.slice_dim(1, 0, n - 2).pad(&[(0, 0), (1, 0)], 0);
            &coupled & before
        }
    };
    let last = where_(wanted, &at, -1).max(keepdims(1));
    let high = &last + 1;
    let low = where_(coupled.logical_not() & at.lt(&high), &at + 1, 0).max(keepdims(1));
    let [active, low, high] = once([&last.ge(0), &low, &high]);
    ActivePart { active, low, high }
}

/// Sets the elements of the subdiagonal to zero that are small beside their neighbours.
#[track_caller]
fn decoupled(h: &Array, norm: &Array) -> Array {
    let n = h.shape()[1];
    let d = h.diagonal(0, 1, 2).abs();
    let beside = d.slice_dim(1, 0, n - 1) + d.slice_dim(1, 1, n);
    let beside = where_(beside.eq(0.0), norm, &beside);
    let small = h.diagonal(-1, 1, 2).abs().le(beside * finfo(d.dtype()).eps);
    let small = small.pad(&[(0, 0), (1, 0)], 0).expand_dims(2);
    let below = iota([n, 1], DType::I32, 0).eq(iota([1, n], DType::I32, 1) + 1);
    where_(below & small, 0.0, h)
}

/// QR steps on Hessenberg matrices until only blocks are left. Gives also which did not get so far.
#[track_caller]
fn iterated(h: &Array, z: &Array) -> (Array, Array, Array) {
    let [batches, n, _] = *h.shape() else { unreachable!("batches are one dimension here") };
    let height = height(h);
    if n < height {
        return (h.clone(), z.clone(), crate::array::zeros([batches, 1], DType::Bool));
    }
    let norm = h.abs().sum(keepdims(1)).max(keepdims(2)).squeeze(2);
    let h = decoupled(h, &norm);
    let going = part(&h, height).active;
    let start = [
        Array::constant_int(DType::I32, 0),
        h,
        z.clone(),
        going,
        crate::array::zeros([batches, 1], DType::I32),
        crate::array::zeros([batches, 1], DType::I32),
    ];
    let most = 30 * n.max(10);
    let out = inner_while(
        &start,
        |s| s[0].lt(most) & s[3].any(..),
        |s| {
            let [step, h, z, _, last, stalled] = s else { unreachable!("the state has six parts") };
            let part = part(h, height);
            let stalled = where_(part.high.eq(last), stalled + 1, 0);
            let column = first_column(h, &part, &stalled);
            let (h, z) = swept(h, z, &part, &column);
            let h = decoupled(&h, &norm);
            let going = self::part(&h, height).active;
            vec![step + 1, h, z, going, part.high, stalled]
        },
    );
    (out[1].clone(), out[2].clone(), out[3].clone())
}

/// The first column, up to a factor, of what the shifts make of the part: `[batch, height, 1]`. In
/// every tenth step without progress the shifts are LAPACK's exceptional ones.
#[track_caller]
fn first_column(h: &Array, part: &ActivePart, stalled: &Array) -> Array {
    let (d, above, below) = (h.diagonal(0, 1, 2), h.diagonal(1, 1, 2), h.diagonal(-1, 1, 2));
    let odd = stalled.gt(0) & (stalled % 10).eq(0);
    let (low, high) = (&part.low, &part.high);
    let corner = element(&below, &(high - 1));
    let (h00, h10) = (element(&d, low), element(&below, low));
    if h.dtype().is_complex() {
        let (a, b, d) = (element(&d, &(high - 1)), element(&above, &(high - 1)), element(&d, high));
        let size = a.abs() + b.abs() + corner.abs() + d.abs();
        let size = where_(size.gt(0.0), &size, 1.0).astype(h.dtype());
        let half = (a - &d) / 2.0 / &size;
        let product = (b / &size) * (&corner / &size);
        let root = (half.square() + &product).sqrt();
        let (plus, minus) = (&half + &root, &half - &root);
        let larger = where_(plus.abs().ge(minus.abs()), plus, minus);
        let nothing = larger.eq(0.0);
        let shift = where_(&nothing, 0.0, product / where_(&nothing, 1.0, larger));
        let shift = &d - shift * size;
        let other = d + (corner.abs() * 0.75).astype(h.dtype());
        let shift = where_(odd, other, shift);
        return concatenate([&(h00 - shift), &h10], 1).expand_dims(2);
    }
    let size = corner.abs() + element(&below, &(high - 2)).abs();
    let last = element(&d, high);
    let strange = &size * 0.75 + &last;
    let h11 = where_(&odd, &strange, element(&d, &(high - 1)));
    let h22 = where_(&odd, &strange, last);
    let h12 = where_(&odd, &size * -0.4375, element(&above, &(high - 1)));
    let h21 = where_(&odd, size, corner);
    // The shifts are the eigenvalues of this corner; of two real ones the nearer to its end, twice.
    let size = h11.abs() + h12.abs() + h21.abs() + h22.abs();
    let size = where_(size.gt(0.0), &size, 1.0);
    let [h11, h12, h21, h22] = [h11, h12, h21, h22].map(|x| x / &size);
    let middle = (&h11 + &h22) / 2.0;
    let minus_squared = (h11 - &middle) * (&h22 - &middle) - h12 * h21;
    let root = minus_squared.abs().sqrt();
    let conjugate = minus_squared.ge(0.0);
    let (plus, minus) = (&middle + &root, &middle - &root);
    let nearer = where_((&plus - &h22).abs().le((&minus - &h22).abs()), plus, minus);
    let real = where_(&conjugate, middle, nearer) * &size;
    let imaginary = where_(conjugate, root, 0.0) * size;
    let next = low + 1;
    let (h01, h11) = (element(&above, low), element(&d, &next));
    let size = (&h00 - &real).abs() + imaginary.abs() + h10.abs();
    let size = where_(size.gt(0.0), &size, 1.0);
    let h10 = h10 / &size;
    let from = &h00 - &real;
    let x = &h10 * h01 + &from * (&from / &size) + &imaginary * (&imaginary / &size);
    let y = &h10 * (h00 + h11 - real * 2.0);
    let z = h10 * element(&below, &next);
    concatenate([&x, &y, &z], 1).expand_dims(2)
}

/// One implicit QR step on the part: a reflection makes the bulge, further ones chase it out.
#[track_caller]
fn swept(h: &Array, z: &Array, part: &ActivePart, column: &Array) -> (Array, Array) {
    let height = height(h);
    let (n, dtype) = (h.shape()[1], h.dtype());
    // Windows that reach beyond the matrix see zeros.
    let more = (0, height as i64 - 1);
    let (h, z) = (h.pad(&[(0, 0), more, more], 0), z.pad(&[(0, 0), (0, 0), more], 0));
    let spread = |x: &Array| x.expand_dims(2);
    let (active, low, high) = (spread(&part.active), spread(&part.low), spread(&part.high));
    let start = where_(&active, &low, n as i32).min(..);
    let end = where_(&active, &high, 0).max(..);
    let rows = iota([height, 1], DType::I32, 0);
    let columns = iota([1, h.shape()[2]], DType::I32, 1);
    let out = inner_while(
        &[start, h, z],
        |s| s[0].lt(&end),
        |s| {
            let (k, h, z) = (&s[0], &s[1], &s[2]);
            let on = &active & low.le(k) & high.gt(k);
            let bulges = low.eq(k);
            let slab = window(h, k, 1, height);
            let before = window(&slab, &(k - 1), 2, 1);
            let x = where_(&bulges, column, before);
            // Rows below the part have no share in it.
            let x = where_((&rows + k).le(&high), x, 0.0);
            let first = x.slice_dim(1, 0, 1);
            let tail = where_(rows.gt(0), x, 0.0);
            let Reflection { beta, tau, w } = reflection(&first, &tail, &rows.eq(0));
            let tau = where_(&on, tau, 0.0);
            let (flat, back) = (adjoint(&w), tau.conj());
            let turned = &slab - back * &w * (w.conj() * &slab).sum(keepdims(1));
            let cleared = where_(rows.eq(0), beta.astype(dtype), 0.0);
            let chased = on & bulges.logical_not() & columns.eq(k - 1);
            let h = with_window(h, &where_(chased, cleared, turned), k, 1);
            let right = |m: &Array| {
                let slab = window(m, k, 2, height);
                let turned = &slab - &tau * (&slab * w.mt()).sum(keepdims(2)) * &flat;
                with_window(m, &turned, k, 2)
            };
            vec![k + 1, right(&h), right(z)]
        },
    );
    (out[1].slice_dim(1, 0, n).slice_dim(2, 0, n), out[2].slice_dim(2, 0, n))
}

/// Turns each block of two rows so that real eigenvalues stand apart and the diagonal of the others is
/// one number: LAPACK's `lanv2`.
#[track_caller]
fn standardized(t: &Array, z: &Array) -> (Array, Array) {
    let n = t.shape()[1];
    if n < 2 {
        return (t.clone(), z.clone());
    }
    let columns = iota([1, n], DType::I32, 1);
    let out = inner_for(n - 1, &[t.clone(), z.clone()], |k, state| {
        let (t, z) = (&state[0], &state[1]);
        let slab = window(t, k, 1, 2);
        let corner = window(&slab, k, 2, 2);
        let at = |i: usize, j: usize| corner.slice_dim(1, i, i + 1).slice_dim(2, j, j + 1);
        let Standard { block, cosine, sine } = standard(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
        let rows = |x: &Array| {
            let (p, q) = (x.slice_dim(1, 0, 1), x.slice_dim(1, 1, 2));
            concatenate([&(&p * &cosine + &q * &sine), &(q * &cosine - p * &sine)], 1)
        };
        let sides = |x: &Array| {
            let slab = window(x, k, 2, 2);
            let (p, q) = (slab.slice_dim(2, 0, 1), slab.slice_dim(2, 1, 2));
            let p_new = &p * &cosine + &q * &sine;
            with_window(x, &concatenate([&p_new, &(q * &cosine - p * &sine)], 2), k, 2)
        };
        let t = sides(&with_window(t, &rows(&slab), k, 1));
        let slab = window(&t, k, 1, 2);
        let [a, b, c, d] = block;
        let exact = concatenate([&concatenate([&a, &b], 2), &concatenate([&c, &d], 2)], 1);
        let inside = columns.ge(k) & columns.le(k + 1);
        let placed = with_window(&slab, &exact, k, 2);
        let t = with_window(&t, &where_(inside, placed, slab), k, 1);
        vec![t, sides(z)]
    });
    // The compiler may compute one number twice, with other roundings.
    let t = &out[0];
    let coupled = t.diagonal(-1, 1, 2).ne(0.0).pad(&[(0, 0), (1, 0)], 0);
    let d = t.diagonal(0, 1, 2);
    let d = where_(coupled, d.roll(1, 1), d);
    let here = iota([n, 1], DType::I32, 0).eq(columns);
    (where_(here, d.expand_dims(2), t.triu(-1)), out[1].clone())
}

/// A block `[a, b, c, d]` by rows after its rotation.
struct Standard {
    block: [Array; 4],
    cosine: Array,
    sine: Array,
}

#[track_caller]
fn standard(a: Array, b: Array, c: Array, d: Array) -> Standard {
    let (one, none) = (a.ones_like(), a.zeros_like());
    let eps = finfo(a.dtype()).eps;
    let sign = |x: &Array| where_(x.lt(0.0), -&one, &one);
    let safe = |x: &Array| where_(x.eq(0.0), &one, x);
    let triangular = c.eq(0.0);
    let swapped = b.eq(0.0);
    let difference = &a - &d;
    let already = difference.eq(0.0) & sign(&b).ne(sign(&c));
    let half = &difference * 0.5;
    let (larger, smaller) = (b.abs().maximum(c.abs()), b.abs().minimum(c.abs()));
    let product = smaller * sign(&b) * sign(&c);
    let size = safe(&half.abs().maximum(&larger));
    let squared = (&half / &size) * &half + (&larger / &size) * &product;
    let real = squared.ge(4.0 * eps);
    // Two real eigenvalues.
    let root = size.sqrt() * squared.maximum(0.0).sqrt();
    let root = safe(&(&half + where_(half.lt(0.0), -&root, &root)));
    let hypotenuse = safe(&c.hypot(&root));
    let of_real =
        [[&d + &root, &d - (larger / &root) * product], [&root / &hypotenuse, &c / &hypotenuse]];
    // Conjugate ones, or real ones that are almost equal.
    let sum = &b + &c;
    let hypotenuse = safe(&sum.hypot(&difference));
    let cs = ((sum.abs() / &hypotenuse + 1.0) * 0.5).sqrt();
    let sn = -(&half / (&hypotenuse * &cs)) * sign(&sum);
    let (aa, bb) = (&a * &cs + &b * &sn, &b * &cs - &a * &sn);
    let (cc, dd) = (&c * &cs + &d * &sn, &d * &cs - &c * &sn);
    let (a2, b2) = (&aa * &cs + &cc * &sn, &bb * &cs + &dd * &sn);
    let (c2, d2) = (&cc * &cs - &aa * &sn, &dd * &cs - &bb * &sn);
    let middle = (a2 + d2) * 0.5;
    let [middle, b2, c2, cs, sn] = once([&middle, &b2, &c2, &cs, &sn]);
    let apart = c2.ne(0.0) & b2.ne(0.0) & sign(&b2).eq(sign(&c2));
    let flipped = c2.ne(0.0) & b2.eq(0.0);
    let (sb, sc) = (b2.abs().sqrt(), c2.abs().sqrt());
    let p = &sb * &sc * sign(&c2);
    let by = safe(&(&b2 + &c2)).abs().rsqrt();
    let (cs1, sn1) = (sb * &by, sc * by);
    let turned = [&cs * &cs1 - &sn * &sn1, &cs * &sn1 + &sn * &cs1];
    let choose = |x: [&Array; 3]| where_(&apart, x[0], where_(&flipped, x[1], x[2]));
    let near = [
        choose([&(&middle + &p), &middle, &middle]),
        choose([&(&b2 - &c2), &-&c2, &b2]),
        choose([&none, &none, &c2]),
        choose([&(&middle - &p), &middle, &middle]),
        choose([&turned[0], &-&sn, &cs]),
        choose([&turned[1], &cs, &sn]),
    ];
    let [[a_real, d_real], [cs_real, sn_real]] = &of_real;
    let b_real = &b - &c;
    let minus_c = -&c;
    let pick = |keep: &Array, swap: &Array, real_one: &Array, other: &Array| {
        let rest = where_(&real, real_one, other);
        let rest = where_(&already, keep, rest);
        where_(&triangular, keep, where_(&swapped, swap, rest))
    };
    let [a4, b4, c4, d4, cs4, sn4] = &near;
    let [a, b, c, d, cosine, sine] = once([
        &pick(&a, &d, a_real, a4),
        &pick(&b, &minus_c, &b_real, b4),
        &pick(&c, &none, &none, c4),
        &pick(&d, &a, d_real, d4),
        &pick(&one, &none, cs_real, cs4),
        &pick(&none, &one, sn_real, sn4),
    ]);
    Standard { block: [a, b, c, d], cosine, sine }
}
