//! Products of arrays: matmul, dot_general, einsum.

use super::axes::invalid;
use super::promote::promote_dtypes;
use super::{Array, Operand};
use crate::graph::bind1;
use crate::ops::{DotDims, DotGeneral};

impl Array {
    /// Matrix product with NumPy's rules for vectors and batches: the last axis of this array
    /// meets the second last of `rhs`; leading axes broadcast.
    ///
    /// # Panics
    /// When the inner sizes differ, an operand is a scalar, or the batches do not broadcast.
    #[track_caller]
    pub fn matmul(&self, rhs: impl std::borrow::Borrow<Array>) -> Array {
        let rhs = rhs.borrow();
        let dtype = promote_dtypes(self.dtype(), rhs.dtype());
        let (a, b) = (self.array(dtype), rhs.array(dtype));
        let (ra, rb) = (a.rank(), b.rank());
        if ra == 0 || rb == 0 {
            invalid(
                "matmul",
                format!("{} and {}: scalars have no inner axis; use `*`", a.aval(), b.aval()),
            );
        }
        let inner = rb.saturating_sub(2);
        if a.shape()[ra - 1] != b.shape()[inner] {
            invalid(
                "matmul",
                format!(
                    "{} and {}: the last axis of the left ({}) must equal {} of the right ({})",
                    a.aval(),
                    b.aval(),
                    a.shape()[ra - 1],
                    if rb == 1 { "the only axis" } else { "the second last axis" },
                    b.shape()[inner]
                ),
            );
        }
        // Without a batch on the right one contraction does it, as Linear layers need.
        if rb <= 2 {
            let dims = DotDims {
                lhs_batch: vec![],
                rhs_batch: vec![],
                lhs_contract: vec![ra - 1],
                rhs_contract: vec![inner],
            };
            return bind1(DotGeneral(dims), &[&a, &b]);
        }
        let vector = ra == 1;
        let a = if vector { a.expand_dims(0) } else { a };
        let (ba, bb) = (&a.shape()[..a.rank() - 2], &b.shape()[..rb - 2]);
        let Some(batch) = super::arith::broadcast_shapes(ba, bb) else {
            invalid(
                "matmul",
                format!("the batches of {} and {} do not broadcast", a.aval(), b.aval()),
            );
        };
        let nb = batch.len();
        let widen = |x: &Array| {
            let mut shape = batch.clone();
            shape.extend(&x.shape()[x.rank() - 2..]);
            x.broadcast_to_dims(&shape)
        };
        let dims = DotDims {
            lhs_batch: (0..nb).collect(),
            rhs_batch: (0..nb).collect(),
            lhs_contract: vec![nb + 1],
            rhs_contract: vec![nb],
        };
        let out = bind1(DotGeneral(dims), &[&widen(&a), &widen(&b)]);
        if vector { out.squeeze(-2) } else { out }
    }
}

/// Contracts and batches pairs of dimensions; the result has the batch dimensions, the free ones
/// of `lhs`, then those of `rhs`. `jax.lax.dot_general`.
///
/// # Panics
/// When dtypes or paired sizes differ.
#[track_caller]
pub fn dot_general(
    lhs: &Array,
    rhs: &Array,
    contract: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
) -> Array {
    let dims = DotDims {
        lhs_batch: batch.0.to_vec(),
        rhs_batch: batch.1.to_vec(),
        lhs_contract: contract.0.to_vec(),
        rhs_contract: contract.1.to_vec(),
    };
    bind1(DotGeneral(dims), &[lhs, rhs])
}

/// Einstein summation over any number of operands, contracted from left to right.
/// `jax.numpy.einsum` without `...`.
///
/// ```no_run
/// # use nnx_core::{Array, array::einsum};
/// # fn demo(q: Array, k: Array) -> Array {
/// einsum("btnh,bsnh->bnts", &[&q, &k])
/// # }
/// ```
///
/// # Panics
/// When the subscripts do not fit the operands or the sizes of one letter differ.
#[track_caller]
pub fn einsum(subscripts: &str, operands: &[&Array]) -> Array {
    let spec: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let bad = |why: String| -> ! { invalid("einsum", format!("`{subscripts}`: {why}")) };
    let (inputs, output) = match spec.split_once("->") {
        Some((inputs, output)) => (inputs.to_owned(), output.to_owned()),
        None => {
            let mut letters: Vec<char> = spec.chars().filter(|c| *c != ',').collect();
            letters.sort_unstable();
            let once = letters.iter().filter(|c| letters.iter().filter(|d| d == c).count() == 1);
            (spec.clone(), once.collect())
        }
    };
    let labels: Vec<Vec<char>> = inputs.split(',').map(|s| s.chars().collect()).collect();
    if labels.len() != operands.len() || operands.is_empty() {
        bad(format!("{} subscripts for {} operands", labels.len(), operands.len()));
    }
    let mut sizes: Vec<(char, usize)> = Vec::new();
    for (labels, operand) in labels.iter().zip(operands) {
        if labels.len() != operand.rank() || labels.iter().any(|c| !c.is_alphabetic()) {
            let labels: String = labels.iter().collect();
            bad(format!("`{labels}` does not name the axes of {}", operand.aval()));
        }
        for (&c, &n) in labels.iter().zip(operand.shape()) {
            match sizes.iter().find(|(d, _)| *d == c) {
                Some(&(_, m)) if m != n => bad(format!("axis `{c}` has sizes {m} and {n}")),
                Some(_) => {}
                None => sizes.push((c, n)),
            }
        }
    }
    let output: Vec<char> = output.chars().collect();
    for (i, c) in output.iter().enumerate() {
        if output[..i].contains(c) || !sizes.iter().any(|(d, _)| d == c) {
            bad(format!("`{c}` of the output stands twice or in no operand"));
        }
    }
    let needed_later = |at: usize, c: char| {
        output.contains(&c) || labels[at..].iter().any(|labels| labels.contains(&c))
    };
    let mut acc = Labeled { array: operands[0].clone(), labels: labels[0].clone() }.diagonals();
    for (at, operand) in operands.iter().enumerate().skip(1) {
        let next = Labeled { array: (*operand).clone(), labels: labels[at].clone() }.diagonals();
        acc = contract(acc, next, |c| needed_later(at + 1, c));
    }
    acc = acc.sum_out(|c| output.contains(&c));
    let perm: Vec<usize> =
        output.iter().filter_map(|c| acc.labels.iter().position(|d| d == c)).collect();
    if perm.iter().copied().eq(0..perm.len()) {
        acc.array
    } else {
        acc.array.transpose(perm.as_slice())
    }
}

/// An operand of einsum with the letter of each axis.
struct Labeled {
    array: Array,
    labels: Vec<char>,
}

impl Labeled {
    /// Takes the diagonal wherever a letter stands twice.
    #[track_caller]
    fn diagonals(mut self) -> Self {
        let twice = |labels: &[char]| {
            (0..labels.len()).find_map(|i| (0..i).find(|&j| labels[j] == labels[i]).map(|j| (j, i)))
        };
        while let Some((first, second)) = twice(&self.labels) {
            let shape = self.array.shape();
            let index = |d| super::iota(shape, crate::DType::I32, d);
            let on = index(first).eq(index(second));
            self.array = super::where_(&on, &self.array, 0).astype(self.array.dtype());
            self.array = self.array.sum_exact(&[second]);
            self.labels.remove(second);
        }
        self
    }

    /// Sums over the axes whose letters are not kept.
    #[track_caller]
    fn sum_out(mut self, keep: impl Fn(char) -> bool) -> Self {
        let dims: Vec<usize> = (0..self.labels.len()).filter(|&d| !keep(self.labels[d])).collect();
        self.array = self.array.sum_exact(&dims);
        self.labels.retain(|&c| keep(c));
        self
    }
}

/// Contracts two operands over the letters that both have and nobody needs later.
#[track_caller]
fn contract(a: Labeled, b: Labeled, keep: impl Fn(char) -> bool) -> Labeled {
    let a = {
        let other = b.labels.clone();
        a.sum_out(|c| other.contains(&c) || keep(c))
    };
    let b = {
        let other = a.labels.clone();
        b.sum_out(|c| other.contains(&c) || keep(c))
    };
    let dtype = promote_dtypes(a.array.dtype(), b.array.dtype());
    let mut dims = DotDims {
        lhs_batch: vec![],
        rhs_batch: vec![],
        lhs_contract: vec![],
        rhs_contract: vec![],
    };
    for (i, c) in a.labels.iter().enumerate() {
        let Some(j) = b.labels.iter().position(|d| d == c) else { continue };
        if keep(*c) {
            dims.lhs_batch.push(i);
            dims.rhs_batch.push(j);
        } else {
            dims.lhs_contract.push(i);
            dims.rhs_contract.push(j);
        }
    }
    let mut labels: Vec<char> = dims.lhs_batch.iter().map(|&i| a.labels[i]).collect();
    let rest = |labels: &[char], used: [&Vec<usize>; 2]| -> Vec<char> {
        (0..labels.len())
            .filter(|i| !used.iter().any(|u| u.contains(i)))
            .map(|i| labels[i])
            .collect()
    };
    labels.extend(rest(&a.labels, [&dims.lhs_batch, &dims.lhs_contract]));
    labels.extend(rest(&b.labels, [&dims.rhs_batch, &dims.rhs_contract]));
    let array = bind1(DotGeneral(dims), &[&a.array.astype(dtype), &b.array.astype(dtype)]);
    Labeled { array, labels }
}
