//! Einstein summation.

use super::axes::invalid;
use super::matmul::sums_in;
use super::{AsArrays, DotOptions, one_program};
use crate::graph::Array;
use crate::lower::DotDims;
use crate::ops::DotGeneral;
use crate::run::bind1;
use crate::value::{Aval, promote_dtypes};

/// Up to how many operands the best order of contractions is searched for; beyond, each step takes
/// the pair that shrinks the most.
const SEARCH: usize = 5;

/// Einstein summation over any number of operands. `...` stands for axes that broadcast. More than
/// two operands are contracted pair by pair in the order that takes the fewest multiplications.
/// `jax.numpy.einsum`.
///
/// ```
/// use nnx::{Array, DType, array::{einsum, ones}};
///
/// let x = Array::from([[1, 2], [3, 4]]);
/// assert_eq!(einsum("ij,jk->ik", [&x, &x]).to_vec::<i32>(), [7, 10, 15, 22]);
/// assert_eq!(einsum("ij->j", [&x]).to_vec::<i32>(), [4, 6]);
/// // Queries and keys [batch, time, heads, features] -> scores for each pair of times.
/// let (q, k) = (ones([2, 3, 4, 5], DType::F32), ones([2, 7, 4, 5], DType::F32));
/// assert_eq!(einsum("btnh,bsnh->bnts", [&q, &k]).shape(), [2, 4, 3, 7]);
/// ```
///
/// # Panics
/// Panics if the subscripts do not fit the operands or the sizes of one letter differ.
#[track_caller]
pub fn einsum(subscripts: &str, operands: impl AsArrays) -> Array {
    let operands = &*operands.as_arrays();
    einsum_of("einsum", subscripts, operands, &DotOptions::default())
}

/// [`einsum`] with options of its products. `jax.numpy.einsum` with `precision` and `preferred_element_type`.
///
/// ```
/// use nnx::array::{DotOptions, einsum_with};
/// use nnx::{Array, DType};
///
/// // The sum does not fit into 8 bits.
/// let (x, y) = (Array::from([100_i8, 100]), Array::from([1_i8, 1]));
/// let options = DotOptions { preferred_element_type: Some(DType::I32), ..Default::default() };
/// assert_eq!(einsum_with("i,i->", [&x, &y], &options).item::<i32>(), 200);
/// ```
///
/// # Panics
/// As [`einsum`], and if `preferred_element_type` is of another sort of numbers or shorter than those of the operands.
#[track_caller]
pub fn einsum_with(subscripts: &str, operands: impl AsArrays, options: &DotOptions) -> Array {
    let operands = &*operands.as_arrays();
    einsum_of("einsum", subscripts, operands, options)
}

/// [`einsum`] for a caller whose name errors hold.
#[track_caller]
pub(crate) fn einsum_of(
    op: &str,
    subscripts: &str,
    operands: &[&Array],
    options: &DotOptions,
) -> Array {
    let avals: Vec<Aval> = operands.iter().map(|x| x.aval().clone()).collect();
    let spec = match Spec::parse(subscripts, &avals) {
        Ok(spec) => spec,
        Err(why) => invalid(op, format!("`{subscripts}`: {why}")),
    };
    let args: Vec<Array> = operands.iter().map(|&x| x.clone()).collect();
    one_program("einsum", &args, |args| {
        let y = spec.apply(args, options);
        match options.preferred_element_type {
            Some(dtype) => y.astype(dtype),
            None => y,
        }
    })
}

/// Subscripts that fit their operands: a letter for each axis.
struct Spec {
    inputs: Vec<Vec<char>>,
    output: Vec<char>,
    sizes: Vec<(char, usize)>,
}

/// The letter of the `i`-th axis, counted from the last, for which `...` stands: from a part of
/// Unicode that nobody writes.
fn dots(i: usize) -> char {
    char::from_u32(0xE000 + i as u32).unwrap_or('\u{E000}')
}

impl Spec {
    fn parse(subscripts: &str, operands: &[Aval]) -> Result<Spec, String> {
        let spec: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match spec.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (spec.as_str(), None),
        };
        let inputs: Vec<&str> = inputs.split(',').collect();
        if inputs.len() != operands.len() || operands.is_empty() {
            return Err(format!("{} subscripts for {} operands", inputs.len(), operands.len()));
        }
        let mut most = 0;
        let mut labels = Vec::new();
        for (&text, aval) in inputs.iter().zip(operands) {
            let named = text.replacen("...", "", 1);
            let hidden = if text.contains("...") {
                aval.rank().checked_sub(named.chars().count())
            } else {
                (aval.rank() == text.chars().count()).then_some(0)
            };
            let Some(hidden) = hidden.filter(|_| named.chars().all(char::is_alphabetic)) else {
                return Err(format!("`{text}` does not name the axes of {aval}"));
            };
            most = most.max(hidden);
            labels.push(expand(text, hidden));
        }
        let output = match output {
            Some(text) => {
                let named = text.replacen("...", "", 1);
                if !named.chars().all(char::is_alphabetic) {
                    return Err(format!("`{text}` is not a list of letters"));
                }
                expand(text, most)
            }
            None => implicit(&labels, most),
        };
        let mut spec = Spec { inputs: labels, output, sizes: vec![] };
        spec.measure(operands)?;
        Ok(spec)
    }

    /// Notes the size of each letter.
    fn measure(&mut self, operands: &[Aval]) -> Result<(), String> {
        for (labels, aval) in self.inputs.iter().zip(operands) {
            for (&c, &n) in labels.iter().zip(aval.shape()) {
                match self.sizes.iter_mut().find(|(d, _)| *d == c) {
                    Some((_, m)) if *m == n => {}
                    Some((_, m)) if !c.is_alphabetic() && (*m == 1 || n == 1) => *m = n.max(*m),
                    Some((_, m)) if c.is_alphabetic() => {
                        return Err(format!("axis `{c}` has sizes {m} and {n}"));
                    }
                    Some((_, m)) => {
                        return Err(format!("axes of sizes {m} and {n} in `...` don't broadcast"));
                    }
                    None => self.sizes.push((c, n)),
                }
            }
        }
        for (i, c) in self.output.iter().enumerate() {
            if self.output[..i].contains(c) || !self.sizes.iter().any(|(d, _)| d == c) {
                return Err(format!("`{c}` of the output stands twice or in no operand"));
            }
        }
        Ok(())
    }

    fn size(&self, c: char) -> usize {
        self.sizes.iter().find(|(d, _)| *d == c).map_or(1, |(_, n)| *n)
    }

    #[track_caller]
    fn apply(&self, args: &[Array], options: &DotOptions) -> Array {
        let mut left: Vec<Labeled> = Vec::new();
        for (array, labels) in args.iter().zip(&self.inputs) {
            let shape: Vec<usize> = labels.iter().map(|&c| self.size(c)).collect();
            let array = array.broadcast_to_dims(&shape);
            left.push(Labeled { array, labels: labels.clone() }.diagonals());
        }
        let terms: Vec<Vec<char>> = left.iter().map(|term| term.labels.clone()).collect();
        for (i, j) in self.order(terms) {
            let (b, a) = (left.remove(j), left.remove(i));
            let keep = |c| self.output.contains(&c) || left.iter().any(|l| l.labels.contains(&c));
            let joined = contract(a, b, keep, options);
            left.push(joined);
        }
        let Some(last) = left.pop() else { unreachable!("there is at least one operand") };
        let last = last.sum_out(|c| self.output.contains(&c));
        let perm: Vec<usize> =
            self.output.iter().filter_map(|c| last.labels.iter().position(|d| d == c)).collect();
        if perm.iter().copied().eq(0..perm.len()) {
            last.array
        } else {
            last.array.transpose(perm.as_slice())
        }
    }

    /// Which two terms to contract at each step; i < j, and the result goes to the end.
    fn order(&self, mut terms: Vec<Vec<char>>) -> Vec<(usize, usize)> {
        let mut order = Vec::new();
        while terms.len() > SEARCH {
            let (i, j) = self.greedy(&terms);
            order.push((i, j));
            terms = self.joined(&terms, i, j).1;
        }
        if terms.len() == 2 {
            order.push((0, 1));
        } else {
            order.extend(self.best(&terms).1);
        }
        order
    }

    /// Multiplications of contracting terms i and j, and the terms afterwards.
    fn joined(&self, terms: &[Vec<char>], i: usize, j: usize) -> (f64, Vec<Vec<char>>) {
        let mut letters = terms[i].clone();
        letters.extend(terms[j].iter().filter(|c| !terms[i].contains(c)));
        let cost = self.volume(&letters);
        let mut rest: Vec<Vec<char>> =
            (0..terms.len()).filter(|&k| k != i && k != j).map(|k| terms[k].clone()).collect();
        letters.retain(|c| self.output.contains(c) || rest.iter().any(|t| t.contains(c)));
        rest.push(letters);
        (cost, rest)
    }

    fn volume(&self, letters: &[char]) -> f64 {
        letters.iter().map(|&c| self.size(c) as f64).product()
    }

    /// The order with the fewest multiplications, by trying all.
    fn best(&self, terms: &[Vec<char>]) -> (f64, Vec<(usize, usize)>) {
        let mut best = (f64::INFINITY, vec![]);
        if terms.len() < 2 {
            return (0.0, vec![]);
        }
        for j in 1..terms.len() {
            for i in 0..j {
                let (cost, rest) = self.joined(terms, i, j);
                let (more, order) = self.best(&rest);
                if cost + more < best.0 {
                    best = (cost + more, [vec![(i, j)], order].concat());
                }
            }
        }
        if best.1.is_empty() {
            // Costs beyond what a float holds: any order.
            best.1 = (1..terms.len()).map(|_| (0, 1)).collect();
        }
        best
    }

    /// The pair whose contraction leaves the least, compared with what it takes away.
    fn greedy(&self, terms: &[Vec<char>]) -> (usize, usize) {
        let pairs = (1..terms.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
        let growth = |(i, j): (usize, usize)| {
            let (_, rest) = self.joined(terms, i, j);
            let made = rest.last().map_or(0.0, |t| self.volume(t));
            made - self.volume(&terms[i]) - self.volume(&terms[j])
        };
        pairs.min_by(|&a, &b| growth(a).total_cmp(&growth(b))).unwrap_or((0, 1))
    }
}

/// The letters of a subscript, with one for each of the `hidden` axes of `...`.
fn expand(text: &str, hidden: usize) -> Vec<char> {
    let all: String = (0..hidden).rev().map(dots).collect();
    text.replacen("...", &all, 1).chars().collect()
}

/// The output of subscripts without `->`: `...`, then the letters that appear once, sorted.
fn implicit(labels: &[Vec<char>], hidden: usize) -> Vec<char> {
    let all: Vec<char> = labels.iter().flatten().copied().collect();
    let mut once: Vec<char> = all
        .iter()
        .copied()
        .filter(|c| c.is_alphabetic() && all.iter().filter(|d| *d == c).count() == 1)
        .collect();
    once.sort_unstable();
    (0..hidden).rev().map(dots).chain(once).collect()
}

/// An operand of einsum with the letter of each axis.
struct Labeled {
    array: Array,
    labels: Vec<char>,
}

impl Labeled {
    /// Takes the diagonal wherever a letter appears twice.
    #[track_caller]
    fn diagonals(mut self) -> Self {
        let twice = |labels: &[char]| {
            (0..labels.len()).find_map(|i| (0..i).find(|&j| labels[j] == labels[i]).map(|j| (j, i)))
        };
        while let Some((first, second)) = twice(&self.labels) {
            let shape = self.array.shape();
            let index = |d| super::iota(shape, crate::value::DType::I32, d);
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
fn contract(a: Labeled, b: Labeled, keep: impl Fn(char) -> bool, options: &DotOptions) -> Labeled {
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
    let (lhs, rhs) = (a.array.astype(dtype), b.array.astype(dtype));
    let preferred = sums_in("einsum", &lhs, options.preferred_element_type);
    let array = bind1(DotGeneral { dims, preferred, precision: options.precision }, &[&lhs, &rhs]);
    Labeled { array, labels }
}
