//! Rotations of the space.

use super::axes::invalid;
use super::{AsArray, OptionalArray, concatenate, one_program, stack, where_};
use crate::graph::Array;
use crate::value::DType;
use std::f64::consts::PI;
use std::ops::Mul;

/// Below this angle a series stands for a quotient of two numbers close to zero.
const SMALL: f64 = 1e-3;

/// One rotation in three dimensions or several, as unit quaternions (x, y, z, w) along the last axis.
/// `jax.scipy.spatial.transform.Rotation`.
///
/// All forms have derivatives, and work for batches of any shape.
///
/// ```
/// use nnx::{Array, array::Rotation};
/// let quarter = Rotation::from_euler("z", Array::scalar(90.0_f32), true);
/// let turned = quarter.apply(Array::from_slice(&[1.0_f32, 0.0, 0.0], [3]), false);
/// assert!((turned - Array::from_slice(&[0.0_f32, 1.0, 0.0], [3])).abs().max(..).item::<f32>() < 1e-6);
/// ```
#[derive(Debug, Clone)]
pub struct Rotation {
    quat: Array,
}

/// Component `i` along the last axis.
#[track_caller]
fn part(x: &Array, i: usize) -> Array {
    let last = x.rank() - 1;
    x.slice_dim(last, i, i + 1).squeeze(last)
}

#[track_caller]
fn parts<const N: usize>(x: &Array) -> [Array; N] {
    std::array::from_fn(|i| part(x, i))
}

#[track_caller]
fn joined<const N: usize>(parts: [Array; N]) -> Array {
    stack(parts, -1)
}

#[track_caller]
fn length(x: &Array) -> Array {
    let squares = x.square().sum(super::keepdims(-1));
    // The root has no derivative at 0, where no result depends on it.
    let zero = squares.eq(0.0);
    where_(&zero, 0.0, where_(&zero, 1.0, &squares).sqrt())
}

#[track_caller]
fn unit(x: &Array) -> Array {
    x / x.square().sum(super::keepdims(-1)).sqrt()
}

/// The floats of an argument whose last axis has `size` components.
#[track_caller]
fn components(op: &str, x: &Array, size: usize) -> Array {
    if x.shape().last() != Some(&size) || x.dtype().is_complex() {
        invalid(op, format!("needs {size} real numbers along the last axis, got {}", x.aval()));
    }
    x.to_inexact()
}

/// The Hamilton product.
#[track_caller]
fn product(p: &Array, q: &Array) -> Array {
    let ([px, py, pz, pw], [qx, qy, qz, qw]) = (parts(p), parts(q));
    joined([
        &pw * &qx + &qw * &px + (&py * &qz - &pz * &qy),
        &pw * &qy + &qw * &py + (&pz * &qx - &px * &qz),
        &pw * &qz + &qw * &pz + (&px * &qy - &py * &qx),
        pw * qw - px * qx - py * qy - pz * qz,
    ])
}

/// The axes of a sequence of letters, and whether they turn along.
#[track_caller]
fn axes(op: &str, seq: &str, count: std::ops::RangeInclusive<usize>) -> (Vec<usize>, bool) {
    let letters: Vec<char> = seq.chars().collect();
    let find = |all: [char; 3]| -> Option<Vec<usize>> {
        letters.iter().map(|c| all.iter().position(|a| a == c)).collect()
    };
    let found = match (find(['x', 'y', 'z']), find(['X', 'Y', 'Z'])) {
        (Some(axes), _) => Some((axes, false)),
        (_, Some(axes)) => Some((axes, true)),
        _ => None,
    };
    let (least, most) = (count.start(), count.end());
    let how_many = if least == most { most.to_string() } else { format!("{least} to {most}") };
    match found {
        Some((axes, _)) if axes.windows(2).any(|pair| pair[0] == pair[1]) => {
            invalid(op, format!("neighbouring axes of `{seq}` must differ"))
        }
        Some(found) if count.contains(&found.0.len()) => found,
        _ => invalid(op, format!("needs {how_many} letters of `xyz` or of `XYZ`, got `{seq}`")),
    }
}

#[track_caller]
fn in_degrees(x: Array, degrees: bool) -> Array {
    if degrees { x * (180.0 / PI) } else { x }
}

impl Rotation {
    /// From quaternions (x, y, z, w) of any length but 0.
    ///
    /// # Panics
    /// Panics if the last axis has not four components.
    #[track_caller]
    pub fn from_quat(quat: impl AsArray) -> Self {
        const OP: &str = "Rotation::from_quat";
        let quat = components(OP, quat.as_array(), 4);
        Rotation { quat: one_program(OP, &[quat], |args| unit(&args[0])) }
    }

    /// From matrices `[…, 3, 3]`, which are not checked.
    ///
    /// # Panics
    /// Panics if the shape is another one.
    #[track_caller]
    pub fn from_matrix(matrix: impl AsArray) -> Self {
        const OP: &str = "Rotation::from_matrix";
        let matrix = matrix.as_array();
        if !matches!(matrix.shape(), [.., 3, 3]) || matrix.dtype().is_complex() {
            invalid(OP, format!("needs real matrices [.., 3, 3], got {}", matrix.aval()));
        }
        let quat = one_program(OP, &[matrix.to_inexact()], |args| {
            let m: [[Array; 3]; 3] = std::array::from_fn(|i| {
                let row =
                    args[0].slice_dim(args[0].rank() - 2, i, i + 1).squeeze(args[0].rank() - 2);
                parts(&row)
            });
            let trace = &m[0][0] + &m[1][1] + &m[2][2];
            // Four formulas, of which that with the largest divisor is exact.
            let by_axis: [Array; 3] = std::array::from_fn(|i| {
                let (j, k) = ((i + 1) % 3, (i + 2) % 3);
                let mut q = [const { None }; 4];
                q[i] = Some(1.0 - &trace + &m[i][i] * 2.0);
                q[j] = Some(&m[j][i] + &m[i][j]);
                q[k] = Some(&m[k][i] + &m[i][k]);
                q[3] = Some(&m[k][j] - &m[j][k]);
                joined(q.map(|x| x.unwrap_or_else(|| trace.zeros_like())))
            });
            let by_trace = joined([
                &m[2][1] - &m[1][2],
                &m[0][2] - &m[2][0],
                &m[1][0] - &m[0][1],
                &trace + 1.0,
            ]);
            let sizes = joined([m[0][0].clone(), m[1][1].clone(), m[2][2].clone(), trace]);
            let choice = sizes.argmax(super::keepdims(-1));
            let mut quat = by_trace;
            for (i, other) in by_axis.iter().enumerate() {
                quat = where_(choice.eq(i), other, quat);
            }
            unit(&quat)
        });
        Rotation { quat }
    }

    /// From vectors along the axis, as long as the angle.
    ///
    /// # Panics
    /// Panics if the last axis has not three components.
    #[track_caller]
    pub fn from_rotvec(rotvec: impl AsArray, degrees: bool) -> Self {
        const OP: &str = "Rotation::from_rotvec";
        let rotvec = components(OP, rotvec.as_array(), 3);
        let quat = one_program(OP, &[rotvec], |args| {
            let v = if degrees { args[0].deg2rad() } else { args[0].clone() };
            let angle = length(&v);
            let squared = angle.square();
            let series = 0.5 - &squared / 48.0 + squared.square() / 3840.0;
            let small = angle.le(SMALL);
            let safe = where_(&small, 1.0, &angle);
            let scale = where_(small, series, (&safe / 2.0).sin() / safe);
            concatenate([&(scale * v), &(angle / 2.0).cos()], -1)
        });
        Rotation { quat }
    }

    /// From modified Rodrigues parameters: vectors along the axis, as long as the tangent of a quarter of the
    /// angle.
    ///
    /// # Panics
    /// Panics if the last axis has not three components.
    #[track_caller]
    pub fn from_mrp(mrp: impl AsArray) -> Self {
        const OP: &str = "Rotation::from_mrp";
        let mrp = components(OP, mrp.as_array(), 3);
        let quat = one_program(OP, &[mrp], |args| {
            let size = args[0].square().sum(super::keepdims(-1)) + 1.0;
            concatenate([&(&args[0] * 2.0), &(2.0 - &size)], -1) / size
        });
        Rotation { quat }
    }

    /// From angles about one to three axes: small letters for axes that stay, capitals for axes that turn along.
    /// The last axis of `angles` has one for each letter; a scalar will do for one letter.
    ///
    /// # Panics
    /// Panics if `seq` is not of `xyz` or `XYZ`, neighbours are equal, or there is another number of angles.
    #[track_caller]
    pub fn from_euler(seq: &str, angles: impl AsArray, degrees: bool) -> Self {
        const OP: &str = "Rotation::from_euler";
        let (axes, intrinsic) = axes(OP, seq, 1..=3);
        let angles = angles.as_array();
        let angles = if angles.rank() == 0 { angles.expand_dims(0) } else { angles.clone() };
        let angles = components(OP, &angles, axes.len());
        let quat = one_program(OP, &[angles], |args| {
            let angles = if degrees { args[0].deg2rad() } else { args[0].clone() };
            let one = |n: usize| {
                let half = part(&angles, n) / 2.0;
                let mut q: [Array; 4] = std::array::from_fn(|_| half.zeros_like());
                (q[3], q[axes[n]]) = (half.cos(), half.sin());
                joined(q)
            };
            let mut quat = one(0);
            for n in 1..axes.len() {
                quat = if intrinsic { product(&quat, &one(n)) } else { product(&one(n), &quat) };
            }
            quat
        });
        Rotation { quat }
    }

    /// The rotation that turns nothing.
    ///
    /// # Panics
    /// Panics if `dtype` is not a float.
    #[track_caller]
    pub fn identity(dtype: DType) -> Self {
        if !dtype.is_float() {
            invalid("Rotation::identity", format!("needs a float dtype, got {dtype}"));
        }
        Rotation { quat: Array::from([0.0, 0.0, 0.0, 1.0]).astype(dtype) }
    }

    /// The rotations of several, along the first axis.
    ///
    /// # Panics
    /// Panics if there are none, or they have different shapes.
    #[track_caller]
    pub fn concatenate(rotations: &[&Rotation]) -> Self {
        let quats: Vec<&Array> = rotations.iter().map(|r| &r.quat).collect();
        Rotation { quat: concatenate(&quats, 0) }
    }

    /// Quaternions (x, y, z, w), or (w, x, y, z) if `scalar_first`; `canonical` gives of q and −q, which are the same
    /// rotation, the one whose w is positive, or, if that is 0, the first of x, y, z that is not.
    #[track_caller]
    pub fn as_quat(&self, canonical: bool, scalar_first: bool) -> Array {
        one_program("Rotation::as_quat", std::slice::from_ref(&self.quat), |args| {
            let mut quat = args[0].clone();
            if canonical {
                let [x, y, z, w] = parts::<4>(&quat);
                let mut negative = z.lt(0.0);
                for next in [y, x, w] {
                    negative = next.lt(0.0) | (next.eq(0.0) & negative);
                }
                quat = where_(negative.expand_dims(-1), -&quat, &quat);
            }
            if scalar_first { quat.roll(1, -1) } else { quat }
        })
    }

    /// Matrices `[…, 3, 3]`.
    #[track_caller]
    pub fn as_matrix(&self) -> Array {
        one_program("Rotation::as_matrix", std::slice::from_ref(&self.quat), |args| {
            let [x, y, z, w] = parts::<4>(&args[0]);
            let (x2, y2, z2, w2) = (x.square(), y.square(), z.square(), w.square());
            let twice = |a: Array| a * 2.0;
            let rows = [
                [&x2 - &y2 - &z2 + &w2, twice(&x * &y - &z * &w), twice(&x * &z + &y * &w)],
                [twice(&x * &y + &z * &w), &y2 - &x2 - &z2 + &w2, twice(&y * &z - &x * &w)],
                [twice(&x * &z - &y * &w), twice(&y * &z + &x * &w), z2 - x2 - y2 + w2],
            ];
            stack(rows.map(joined), -2)
        })
    }

    /// Vectors along the axis, as long as the angle, which is at most π.
    #[track_caller]
    pub fn as_rotvec(&self, degrees: bool) -> Array {
        one_program("Rotation::as_rotvec", std::slice::from_ref(&self.quat), |args| {
            let last = args[0].rank() - 1;
            let negative = args[0].slice_dim(last, 3, 4).lt(0.0);
            let quat = where_(negative, -&args[0], &args[0]);
            let (v, w) = (quat.slice_dim(last, 0, 3), quat.slice_dim(last, 3, 4));
            let angle = length(&v).atan2(w) * 2.0;
            let squared = angle.square();
            let series = &squared / 12.0 + squared.square() * (7.0 / 2880.0) + 2.0;
            let small = angle.le(SMALL);
            let safe = where_(&small, 1.0, &angle);
            let scale = where_(small, series, &safe / (&safe / 2.0).sin());
            in_degrees(scale, degrees) * v
        })
    }

    /// Modified Rodrigues parameters: vectors along the axis, as long as the tangent of a quarter of the angle.
    #[track_caller]
    pub fn as_mrp(&self) -> Array {
        one_program("Rotation::as_mrp", std::slice::from_ref(&self.quat), |args| {
            let last = args[0].rank() - 1;
            let (v, w) = (args[0].slice_dim(last, 0, 3), args[0].slice_dim(last, 3, 4));
            let sign = where_(w.lt(0.0), -w.ones_like(), w.ones_like());
            &sign * v / (&sign * w + 1.0)
        })
    }

    /// Angles about three axes, as [`from_euler`](Rotation::from_euler) takes them, from −π to π. Where the first and
    /// the last axis meet, only their sum or difference is determined, and the last angle is not to be relied on.
    ///
    /// # Panics
    /// Panics if `seq` has not three letters of `xyz` or `XYZ`, or neighbours are equal.
    #[track_caller]
    pub fn as_euler(&self, seq: &str, degrees: bool) -> Array {
        const OP: &str = "Rotation::as_euler";
        let (mut axes, intrinsic) = axes(OP, seq, 3..=3);
        if intrinsic {
            axes.reverse();
        }
        // Bernardes & Viollet (2022), "Quaternion to Euler angles conversion".
        let symmetric = axes[0] == axes[2];
        let (i, j) = (axes[0], axes[1]);
        let k = if symmetric { 3 - i - j } else { axes[2] };
        let sign = match (j + 3 - i) % 3 {
            1 => 1.0,
            _ => -1.0,
        };
        one_program(OP, std::slice::from_ref(&self.quat), |args| {
            let q: [Array; 4] = parts(&args[0]);
            let [a, b, c, d] = match symmetric {
                true => [q[3].clone(), q[i].clone(), q[j].clone(), &q[k] * sign],
                false => [&q[3] - &q[j], &q[i] + &q[k] * sign, &q[j] + &q[3], &q[k] * sign - &q[i]],
            };
            let middle = c.hypot(&d).atan2(a.hypot(&b)) * 2.0;
            let (sum, difference) = (b.atan2(a), d.atan2(c));
            let (near_zero, near_pi) = (middle.abs().le(1e-7), (&middle - PI).abs().le(1e-7));
            let other = &difference * if intrinsic { 2.0 } else { -2.0 };
            let single = where_(&near_zero, &sum * 2.0, other);
            let regular = (near_zero | near_pi).logical_not();
            let none = sum.zeros_like();
            let (first, third) = (&sum - &difference, &sum + &difference);
            // In the order in which the axes turn.
            let mut angles = match intrinsic {
                false => [where_(&regular, first, &single), middle, where_(&regular, third, &none)],
                true => [where_(&regular, third, &single), middle, where_(&regular, first, &none)],
            };
            if !symmetric {
                let last = if intrinsic { 0 } else { 2 };
                angles[last] = &angles[last] * sign;
                angles[1] = &angles[1] - PI / 2.0;
            }
            let angles = (joined(angles) + PI) % (2.0 * PI) - PI;
            in_degrees(angles, degrees)
        })
    }

    /// Vectors `[…, 3]` turned, or turned back if `inverse`; their other axes broadcast with those of the rotations.
    ///
    /// # Panics
    /// Panics if the last axis of the vectors has not three components, or the shapes do not broadcast.
    #[track_caller]
    pub fn apply(&self, vectors: impl AsArray, inverse: bool) -> Array {
        const OP: &str = "Rotation::apply";
        let vectors = components(OP, vectors.as_array(), 3);
        let matrix = self.as_matrix();
        one_program(OP, &[matrix, vectors], |args| {
            let matrix = if inverse { args[0].mt() } else { args[0].clone() };
            matrix.matmul(args[1].expand_dims(-1)).squeeze(-1)
        })
    }

    /// The rotations back.
    #[track_caller]
    pub fn inv(&self) -> Self {
        Rotation {
            quat: &self.quat * Array::from([-1.0, -1.0, -1.0, 1.0]).astype(self.quat.dtype()),
        }
    }

    /// The angles, from 0 to π.
    #[track_caller]
    pub fn magnitude(&self) -> Array {
        one_program("Rotation::magnitude", std::slice::from_ref(&self.quat), |args| {
            let last = args[0].rank() - 1;
            let (v, w) = (args[0].slice_dim(last, 0, 3), args[0].slice_dim(last, 3, 4));
            length(&v).atan2(w.abs()).squeeze(last) * 2.0
        })
    }

    /// The mean of several rotations: that with the least sum of squared chordal distances (Markley et al. 2007,
    /// "Averaging quaternions"); `weights` `[n]` count some more.
    ///
    /// # Panics
    /// Panics if these are not rotations `[n]`, or there are as many weights.
    #[track_caller]
    pub fn mean(&self, weights: impl OptionalArray) -> Self {
        const OP: &str = "Rotation::mean";
        let [n, _] = *self.quat.shape() else {
            invalid(OP, format!("needs a vector of rotations, these are {}", self.quat.aval()))
        };
        let weights = match weights.optional() {
            Some(w) if w.shape() == [n] => w.astype(self.quat.dtype()),
            Some(w) => {
                invalid(OP, format!("needs {n} weights for as many rotations, got {}", w.aval()))
            }
            None => super::ones([n], self.quat.dtype()),
        };
        let quat = one_program(OP, &[self.quat.clone(), weights], |args| {
            let q = &args[0];
            let (_, v) = super::linalg::eigh((q.t() * &args[1]).matmul(q));
            v.slice_dim(1, 3, 4).squeeze(1)
        });
        Rotation { quat }
    }

    /// Whether it is one rotation, without a batch.
    pub fn single(&self) -> bool {
        self.quat.rank() == 1
    }

    /// Rotations by their numbers along the first axis, as [`Array::take`] takes elements.
    ///
    /// # Panics
    /// Panics for a single rotation.
    #[track_caller]
    pub fn take(&self, indices: impl AsArray) -> Self {
        if self.single() {
            invalid("Rotation::take", "a single rotation has no numbers".into());
        }
        Rotation { quat: self.quat.take(indices, 0) }
    }
}

/// The right one first, then the left one.
impl Mul for &Rotation {
    type Output = Rotation;
    #[track_caller]
    fn mul(self, other: &Rotation) -> Rotation {
        let args = [self.quat.clone(), other.quat.clone()];
        Rotation {
            quat: one_program("Rotation::mul", &args, |args| {
                let dtype = crate::value::promote_dtypes(args[0].dtype(), args[1].dtype());
                let [p, q] = [0, 1].map(|i| args[i].astype(dtype));
                let Some(shape) = super::broadcast_shapes(p.shape(), q.shape()) else {
                    let (p, q) = (p.aval(), q.aval());
                    invalid("Rotation::mul", format!("the rotations {p} and {q} do not broadcast"))
                };
                let wide = |x: &Array| x.broadcast_to_dims(&shape);
                unit(&product(&wide(&p), &wide(&q)))
            }),
        }
    }
}

/// Interpolation between rotations along the shortest turns. `jax.scipy.spatial.transform.Slerp`.
///
/// ```
/// use nnx::{Array, array::{Rotation, Slerp}};
/// let ends = Rotation::from_euler("z", Array::from([[0.0], [90.0]]), true);
/// let slerp = Slerp::new(Array::from([0.0, 2.0]), &ends);
/// let angles = slerp.call(Array::from([0.5, 1.0])).as_rotvec(true).to_vec::<f64>();
/// assert!((angles[2] - 22.5).abs() < 1e-9 && (angles[5] - 45.0).abs() < 1e-9);
/// ```
#[derive(Debug, Clone)]
pub struct Slerp {
    times: Array,
    rotations: Rotation,
    /// From each rotation to the next.
    turns: Array,
}

impl Slerp {
    /// Rotations `[n]` at ascending times `[n]`.
    ///
    /// # Panics
    /// Panics if there are not at least two rotations, or as many times.
    #[track_caller]
    pub fn new(times: impl AsArray, rotations: &Rotation) -> Self {
        const OP: &str = "Slerp::new";
        let times = times.as_array();
        let n = match *rotations.quat.shape() {
            [n, _] if n > 1 => n,
            _ => invalid(OP, format!("needs two rotations or more, got {}", rotations.quat.aval())),
        };
        if times.shape() != [n] {
            invalid(OP, format!("needs {n} times for as many rotations, got {}", times.aval()));
        }
        let start = Rotation { quat: rotations.quat.slice_dim(0, 0, n - 1) };
        let end = Rotation { quat: rotations.quat.slice_dim(0, 1, n) };
        let turns = (&start.inv() * &end).as_rotvec(false);
        Slerp { times: times.astype(rotations.quat.dtype()), rotations: start, turns }
    }

    /// The rotations at times, a scalar or `[m]`; before the first and after the last time the turn goes on.
    ///
    /// # Panics
    /// Panics if the times have two axes or more.
    #[track_caller]
    pub fn call(&self, times: impl AsArray) -> Rotation {
        const OP: &str = "Slerp::call";
        let times = times.as_array();
        if times.rank() > 1 {
            invalid(OP, format!("needs a time or a vector of times, got {}", times.aval()));
        }
        let times = times.astype(self.times.dtype());
        let n = self.times.size();
        let place = (self.times.searchsorted(&times, false) - 1).clip(0, n as i32 - 2);
        let at = |i: &Array| self.times.take(i, 0);
        let share = (times - at(&place)) / (at(&(&place + 1)) - at(&place));
        let turn = self.turns.take(&place, 0) * share.expand_dims(-1);
        &self.rotations.take(place) * &Rotation::from_rotvec(turn, false)
    }
}
