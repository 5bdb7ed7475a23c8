//! Where the functions are tried out: points at which they are smooth.

use super::probe::Probe;
use nnx_core::array::{concatenate, eye};
use nnx_core::{Array, DType};

/// Numbers in 0..1 that are spread evenly and all differ: the fractional parts of multiples of an
/// irrational number (a Weyl sequence).
fn spread(count: usize, first: usize, step: f64) -> impl Iterator<Item = f64> {
    (first..first + count).map(move |k| ((k + 1) as f64 * step).fract())
}

const GOLDEN: f64 = 0.618_033_988_749_894_9;

fn size(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Arguments of a probe: f64 numbers in 0.15..0.85, all different, or what the function needs.
pub(crate) fn point(probe: &Probe) -> Vec<Array> {
    let mut seen = 0;
    let plain = probe.shapes.iter().map(|shape| {
        let values: Vec<f64> = spread(size(shape), seen, GOLDEN).map(|v| 0.15 + 0.7 * v).collect();
        seen += values.len();
        Array::from_slice(&values, *shape)
    });
    let mut x: Vec<Array> = plain.collect();
    match probe.name {
        "acosh" | "zeta" | "multigammaln" => x[0] = &x[0] + 1.2,
        "interp" | "digitize" | "searchsorted" => {
            let at = usize::from(probe.name == "interp" || probe.name == "digitize");
            x[at] = x[at].sort(0);
        }
        // On a grid that ascends around the point that is asked for.
        "RegularGridInterpolator::new" => {
            x[0] = x[0].sort(0);
            x[1] = x[1].sort(0) + Array::from([-0.1, 0.3]);
        }
        "RegularGridInterpolator::method" | "RegularGridInterpolator::fill_value" => {
            x[0] = x[0].sort(0);
        }
        // Not on a line.
        "GaussianKde::evaluate" | "GaussianKde::pdf" | "GaussianKde::integrate_kde" => {
            let off = eye(5, DType::F64) * 0.5;
            x[0] = &x[0] + off.slice([(..2).into()]);
        }
        "cholesky" | "cho_factor" => x[0] = x[0].matmul(x[0].mt()) + eye(3, DType::F64),
        "multivariate_normal::logpdf" | "multivariate_normal::pdf" => {
            x[2] = x[2].matmul(x[2].mt()) + eye(3, DType::F64);
        }
        "tensorsolve" | "tensorinv" => {
            x[0] = &x[0] + eye(4, DType::F64).reshape(x[0].shape()) * 2.0;
        }
        // Regular, and far from a change of pivots.
        "lu" | "lu_factor" | "lu_solve" | "solve" | "solve_triangular" | "triangular_solve"
        | "inv" | "det" | "slogdet" | "cho_solve" | "cond" | "expm" => {
            x[0] = &x[0] + eye(3, DType::F64) * 2.0;
        }
        // Far from the places where the whole quotient changes.
        "floor_divide" | "divmod" | "div_trunc" | "fmod" | "rem" | "rem_trunc" => {
            x[0] = &x[0] + 1.0;
        }
        _ => {}
    }
    x
}

/// A direction for every argument, with components in -1..1.
pub(crate) fn direction(x: &[Array]) -> Vec<Array> {
    let mut seen = 0;
    let one = |x: &Array| {
        let values: Vec<f64> =
            spread(x.size(), seen, 0.754_877_666).map(|v| 2.0 * v - 1.0).collect();
        seen += values.len();
        Array::from_slice(&values, x.shape())
    };
    x.iter().map(one).collect()
}

/// Whole numbers in 0..4, for functions of integers.
pub(crate) fn whole(probe: &Probe, dtype: DType) -> Vec<Array> {
    let mut seen = 0;
    let one = |shape: &&[usize]| {
        let values: Vec<f64> =
            spread(size(shape), seen, GOLDEN).map(|v| (4.0 * v).floor()).collect();
        seen += values.len();
        Array::from_slice(&values, *shape).astype(dtype)
    };
    probe.shapes.iter().map(one).collect()
}

/// All elements as f64, first the real and then the imaginary parts.
pub(crate) fn numbers(y: &Array) -> Array {
    let flat = |y: &Array| y.astype(DType::F64).flatten();
    match y.dtype().is_complex() {
        true => concatenate([&flat(&y.real()), &flat(&y.imag())], 0),
        false => flat(y),
    }
}
