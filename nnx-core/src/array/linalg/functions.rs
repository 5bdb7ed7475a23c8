//! Powers and exponentials of matrices, products of many.

use super::{computed, inv, returned, solve, square};
use crate::array::axes::invalid;
use crate::array::{AsArray, AsArrays, eye, keepdims, one_program, where_};
use crate::graph::Array;
use crate::value::DType;

/// The `n`-th power of square matrices; negative powers are those of the inverse.
/// `jax.numpy.linalg.matrix_power`.
///
/// ```
/// use nnx::{Array, linalg::matrix_power};
///
/// let fibonacci = Array::from([[1.0_f32, 1.0], [1.0, 0.0]]);
/// assert_eq!(matrix_power(&fibonacci, 5).to_vec::<f32>(), [8.0, 5.0, 5.0, 3.0]);
/// assert_eq!(matrix_power(&fibonacci, -1).to_vec::<f32>(), [0.0, 1.0, 1.0, -1.0]);
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn matrix_power(a: impl AsArray, n: i32) -> Array {
    matrix_power_of(a.as_array(), n)
}

#[track_caller]
fn matrix_power_of(a: &Array, n: i32) -> Array {
    let size = square("matrix_power", a);
    one_program("matrix_power", std::slice::from_ref(a), |args| {
        let mut base = if n < 0 { inv(&args[0]) } else { args[0].clone() };
        let mut result: Option<Array> = None;
        let mut left = n.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                result = Some(match result {
                    Some(result) => result.matmul(&base),
                    None => base.clone(),
                });
            }
            left >>= 1;
            if left > 0 {
                base = base.matmul(&base);
            }
        }
        match result {
            Some(result) => result,
            None => eye(size, base.dtype()).broadcast_to_dims(base.shape()),
        }
    })
}

/// The product of several matrices, in the order that takes the fewest multiplications; the first
/// and the last may be vectors. `jax.numpy.linalg.multi_dot`.
///
/// ```
/// use nnx::{Array, linalg::multi_dot};
///
/// let (a, b) = (Array::from([[1, 2], [3, 4]]), Array::from([[0, 1], [1, 0]]));
/// let v = Array::from([1, 10]);
/// // a (b v) here: a matrix times a vector twice.
/// assert_eq!(multi_dot([&a, &b, &v]).to_vec::<i32>(), [12, 34]);
/// ```
///
/// # Panics
/// Panics if there are fewer than two arrays, or neighbours do not fit.
#[track_caller]
pub fn multi_dot(arrays: impl AsArrays) -> Array {
    let arrays = &*arrays.as_arrays();
    const OP: &str = "multi_dot";
    let n = arrays.len();
    let vector_inside = n > 2 && arrays[1..n - 1].iter().any(|a| a.rank() != 2);
    let fits = n > 1 && !vector_inside && arrays.iter().all(|a| matches!(a.rank(), 1 | 2));
    let inner = |i: usize| arrays[i].shape()[arrays[i].rank() - 1] == arrays[i + 1].shape()[0];
    if !fits || !(0..n - 1).all(inner) {
        let all: Vec<String> = arrays.iter().map(|a| a.aval().to_string()).collect();
        let rule = "the columns of each must be the rows of the next, at least two";
        invalid(OP, format!("{} cannot be multiplied: {rule}", all.join(", ")));
    }
    // Matrix i is sizes[i] x sizes[i + 1].
    let mut sizes: Vec<usize> = Vec::new();
    for (i, a) in arrays.iter().enumerate() {
        match *a.shape() {
            [k] if i == 0 => sizes.extend([1, k]),
            [_] => sizes.push(1),
            [m, k] if i == 0 => sizes.extend([m, k]),
            [_, k] => sizes.push(k),
            _ => {}
        }
    }
    let owned: Vec<Array> = arrays.iter().map(|&a| a.clone()).collect();
    let cuts = chain(&sizes);
    one_program(OP, &owned, |args| product(args, &cuts, 0, n - 1))
}

/// Where to cut each chain of matrices i..=j (Cormen et al., 15.2).
fn chain(sizes: &[usize]) -> Vec<Vec<usize>> {
    let n = sizes.len() - 1;
    let (mut cost, mut cuts) = (vec![vec![0.0_f64; n]; n], vec![vec![0; n]; n]);
    for length in 1..n {
        for i in 0..n - length {
            let j = i + length;
            cost[i][j] = f64::INFINITY;
            cuts[i][j] = i;
            for k in i..j {
                let here = sizes[i] as f64 * sizes[k + 1] as f64 * sizes[j + 1] as f64;
                let total = cost[i][k] + cost[k + 1][j] + here;
                if total < cost[i][j] {
                    (cost[i][j], cuts[i][j]) = (total, k);
                }
            }
        }
    }
    cuts
}

#[track_caller]
fn product(args: &[Array], cuts: &[Vec<usize>], i: usize, j: usize) -> Array {
    if i == j {
        return args[i].clone();
    }
    let k = cuts[i][j];
    product(args, cuts, i, k).matmul(product(args, cuts, k + 1, j))
}

/// Coefficients of the Padé approximant of degree 13 of eˣ (Higham 2005).
const PADE: [f64; 14] = [
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
];
/// The largest 1-norm for which the approximant is exact to the dtype's precision.
const THETA: [f64; 2] = [3.92572478313866, 5.371920351148152];
/// Most squarings; larger matrices give NaN, as in JAX.
const SQUARINGS: i32 = 16;

/// The matrix exponential Σ Aᵏ/k!, by scaling and squaring (Higham 2005, "The scaling and squaring
/// method for the matrix exponential revisited"). `jax.scipy.linalg.expm`.
///
/// ```
/// use nnx::{Array, array::Tolerance, linalg::expm};
///
/// // A turn by a right angle.
/// let angle = std::f64::consts::FRAC_PI_2;
/// let turn = expm(Array::from([[0.0, -angle], [angle, 0.0]]));
/// let near = Tolerance { atol: 1e-9, ..Tolerance::default() };
/// assert!(turn.allclose(Array::from([[0.0, -1.0], [1.0, 0.0]]), near).item::<bool>());
/// ```
///
/// # Panics
/// Panics if the matrices are not square.
#[track_caller]
pub fn expm(a: impl AsArray) -> Array {
    expm_of(a.as_array())
}

#[track_caller]
fn expm_of(a: &Array) -> Array {
    let n = square("expm", a);
    let (wide, own) = (computed(a.dtype()), returned(a.dtype()));
    one_program("expm", std::slice::from_ref(a), |args| {
        let a = args[0].astype(wide);
        if a.size() == 0 {
            return a.astype(own);
        }
        let theta = THETA[usize::from(wide.real() == DType::F64)];
        let norm = a.abs().sum(keepdims(-2)).max(keepdims([-1, -2])).stop_gradient();
        let squarings = (norm / theta).log2().ceil().maximum(0.0);
        let a = &a / squarings.exp2().round().astype(wide);
        let eye = eye(n, wide);
        let a2 = a.matmul(&a);
        let a4 = a2.matmul(&a2);
        let a6 = a4.matmul(&a2);
        let b = PADE;
        let high = a6.matmul(&a6 * b[13] + &a4 * b[11] + &a2 * b[9]);
        let u = a.matmul(high + &a6 * b[7] + &a4 * b[5] + &a2 * b[3] + &eye * b[1]);
        let high = a6.matmul(&a6 * b[12] + &a4 * b[10] + &a2 * b[8]);
        let v = high + &a6 * b[6] + &a4 * b[4] + &a2 * b[2] + &eye * b[0];
        let mut r = solve(&(&v - &u), &(&v + &u));
        for i in 0..SQUARINGS {
            r = where_(squarings.gt(i), r.matmul(&r), &r);
        }
        where_(squarings.gt(SQUARINGS), r.full_like(f64::NAN), r).astype(own)
    })
}
