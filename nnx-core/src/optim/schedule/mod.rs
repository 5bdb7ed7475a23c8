//! Schedules: numbers that change with the step, computed inside the program.

mod kinds;

pub use kinds::*;

use crate::array::{AsArray, select, where_};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::value::DType;
use std::f64::consts::PI;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A number that depends on the count of steps taken. Static: two schedules of the same kind and
/// numbers are the same program.
///
/// ```
/// use nnx::optim::{Schedule, adamw, linear_schedule};
///
/// let falling: Schedule = linear_schedule(1e-3, 0.0, 1000, 0);
/// assert_eq!(falling, linear_schedule(1e-3, 0.0, 1000, 0));
/// assert_ne!(falling, linear_schedule(1e-3, 0.0, 2000, 0));
/// // A learning rate may be one.
/// let tx = adamw(falling);
/// assert!(format!("{tx:?}").contains("polynomial_schedule"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Schedule(ScheduleForm);

#[derive(Clone, PartialEq, Eq, Hash)]
enum ScheduleForm {
    Constant(ScheduleNumber),
    Polynomial {
        init: ScheduleNumber,
        end: ScheduleNumber,
        power: ScheduleNumber,
        steps: i32,
        begin: i32,
    },
    Exponential {
        init: ScheduleNumber,
        steps: i32,
        rate: ScheduleNumber,
        begin: i32,
        staircase: bool,
        end: Option<ScheduleNumber>,
    },
    Cosine {
        init: ScheduleNumber,
        steps: i32,
        alpha: ScheduleNumber,
        exponent: ScheduleNumber,
    },
    PiecewiseConstant {
        init: ScheduleNumber,
        scales: Vec<(i32, ScheduleNumber)>,
    },
    /// Boundaries with the value reached there, the first at step 0.
    PiecewiseInterpolate {
        points: Vec<(i32, ScheduleNumber)>,
        along: Interpolation,
    },
    /// Each schedule counts from its own boundary; the first starts at 0.
    Join(Vec<(i32, Schedule)>),
    Custom(Custom),
}

/// A float that compares and hashes by its bits.
#[derive(Clone, Copy)]
struct ScheduleNumber(f64);

impl PartialEq for ScheduleNumber {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}
impl Eq for ScheduleNumber {}
impl Hash for ScheduleNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// A user's function; equal to its own clones only.
#[derive(Clone)]
struct Custom(Arc<dyn Fn(&Array) -> Array + Send + Sync>);

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Custom {}
impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().addr().hash(state);
    }
}

impl Schedule {
    /// A schedule computed by `f` from the count, an i32 scalar. Only clones of this very schedule
    /// count as equal: a new one means a new program.
    ///
    /// ```
    /// use nnx::optim::Schedule;
    /// use nnx::{Array, DType};
    ///
    /// let root = Schedule::custom(|count: &Array| 1.0 / (count.astype(DType::F32) + 1.0).sqrt());
    /// assert!((root.value(&Array::scalar(3)).item::<f32>() - 0.5).abs() < 1e-6);
    /// // Its clone is the same program, and a new one is not.
    /// assert_eq!(root, root.clone());
    /// ```
    pub fn custom(f: impl Fn(&Array) -> Array + Send + Sync + 'static) -> Self {
        Schedule(ScheduleForm::Custom(Custom(Arc::new(f))))
    }

    /// The value after `count` steps: an f32 scalar for an i32 scalar. Also for several counts at
    /// once.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::optim::linear_schedule;
    ///
    /// let schedule = linear_schedule(1.0, 0.0, 4, 0);
    /// let values = schedule.value(&Array::from([0, 1, 3]));
    /// assert_eq!(values.to_vec::<f32>(), [1.0, 0.75, 0.25]);
    /// assert_eq!(schedule.value(&Array::scalar(2)).item::<f32>(), 0.5);
    /// ```
    pub fn value(&self, count: impl AsArray) -> Array {
        let count = count.as_array();
        match &self.0 {
            ScheduleForm::Constant(value) => value.like(count),
            ScheduleForm::Polynomial { init, end, power, steps, begin } => {
                let count = (count - *begin).clip(0, *steps);
                let frac = 1.0 - count.astype(DType::F32) / *steps;
                raised(&frac, power.0) * (init.0 - end.0) + end.0
            }
            ScheduleForm::Exponential { init, steps, rate, begin, staircase, end } => {
                let count = count - *begin;
                let mut p = count.astype(DType::F32) / *steps;
                if *staircase {
                    p = p.floor();
                }
                let decayed = rate.like(&p).pow(&p) * init.0;
                let value = where_(count.le(0), init.0, &decayed);
                match end {
                    Some(end) if rate.0 < 1.0 => value.maximum(end.0),
                    Some(end) => value.minimum(end.0),
                    None => value,
                }
            }
            ScheduleForm::Cosine { init, steps, alpha, exponent } => {
                let steps = f64::from(*steps);
                let count = count.astype(DType::F32).minimum(steps);
                let cosine = ((count * PI / steps).cos() + 1.0) * 0.5;
                (raised(&cosine, exponent.0) * (1.0 - alpha.0) + alpha.0) * init.0
            }
            ScheduleForm::PiecewiseConstant { init, scales } => {
                let mut value = init.like(count);
                for (boundary, scale) in scales {
                    let before = (*boundary - count).sign().astype(DType::F32).maximum(0.0);
                    value = &value * &before + (1.0 - &before) * scale.0 * &value;
                }
                value
            }
            ScheduleForm::PiecewiseInterpolate { points, along } => {
                interpolated(points, *along, count)
            }
            ScheduleForm::Join(parts) => {
                let mut value: Option<Array> = None;
                for (boundary, schedule) in parts {
                    let next = schedule.value(&(count - *boundary));
                    value = Some(match value {
                        Some(value) => select(count.lt(*boundary), &value, &next),
                        None => next,
                    });
                }
                value.unwrap_or_else(|| ScheduleNumber(0.0).like(count))
            }
            ScheduleForm::Custom(f) => (f.0)(count),
        }
    }
}

impl ScheduleNumber {
    fn like(self, count: &Array) -> Array {
        count.astype(DType::F32).full_like(self.0)
    }
}

fn raised(x: &Array, power: f64) -> Array {
    if power == 1.0 {
        x.clone()
    } else if power == 2.0 {
        x.square()
    } else {
        x.pow(power)
    }
}

/// In each interval from one value to the next; the last value after the end.
fn interpolated(points: &[(i32, ScheduleNumber)], along: Interpolation, count: &Array) -> Array {
    let mut value = ScheduleNumber(0.0).like(count);
    for pair in points.windows(2) {
        let [(begin, from), (end, to)] = pair else { continue };
        let inside = count.ge(*begin).logical_and(count.lt(*end)).astype(DType::F32);
        let done = (count - *begin).astype(DType::F32) / (end - begin).max(1);
        // Both values are f32 before they meet, as in Optax.
        let (from, to) = (from.0 as f32, to.0 as f32);
        value += inside
            * match along {
                Interpolation::Linear => done * (to - from) + from,
                Interpolation::Cosine => ((done * PI).cos() + 1.0) * ((from - to) / 2.0) + to,
            };
    }
    if let Some((end, last)) = points.last() {
        value += count.ge(*end).astype(DType::F32) * last.0;
    }
    value
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            ScheduleForm::Constant(value) => return write!(f, "constant_schedule({})", value.0),
            ScheduleForm::Polynomial { .. } => "polynomial_schedule",
            ScheduleForm::Exponential { .. } => "exponential_decay",
            ScheduleForm::Cosine { .. } => "cosine_decay_schedule",
            ScheduleForm::PiecewiseConstant { .. } => "piecewise_constant_schedule",
            ScheduleForm::PiecewiseInterpolate { .. } => "piecewise_interpolate_schedule",
            ScheduleForm::Join(parts) => return f.debug_list().entries(parts).finish(),
            ScheduleForm::Custom(_) => "Schedule::custom",
        };
        write!(f, "{name}(..)")
    }
}

#[track_caller]
fn check(ok: bool, message: &str) {
    if !ok {
        raise(Error::Invalid(message.into()));
    }
}

/// Options of [`exponential_decay`].
impl Schedule {
    /// Decays at whole multiples of the transition steps only.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::array::Tolerance;
    /// use nnx::optim::exponential_decay;
    ///
    /// let schedule = exponential_decay(1.0, 10, 0.25).staircase();
    /// let values = schedule.value(&Array::from([9, 10, 19]));
    /// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
    /// assert!(values.allclose(Array::from([1.0_f32, 0.25, 0.25]), near).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if this is not an [`exponential_decay`].
    #[track_caller]
    pub fn staircase(mut self) -> Self {
        match &mut self.0 {
            ScheduleForm::Exponential { staircase, .. } => *staircase = true,
            _ => check(false, "staircase: only exponential_decay has this option"),
        }
        self
    }

    /// Stays at the initial value for that many steps.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::array::Tolerance;
    /// use nnx::optim::exponential_decay;
    ///
    /// let schedule = exponential_decay(1.0, 10, 0.25).transition_begin(20);
    /// let values = schedule.value(&Array::from([20, 25, 30]));
    /// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
    /// assert!(values.allclose(Array::from([1.0_f32, 0.5, 0.25]), near).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if this is not an [`exponential_decay`], or `steps` is negative.
    #[track_caller]
    pub fn transition_begin(mut self, steps: i32) -> Self {
        check(steps >= 0, "transition_begin: must not be negative");
        match &mut self.0 {
            ScheduleForm::Exponential { begin, .. } => *begin = steps,
            _ => check(false, "transition_begin: only exponential_decay has this option"),
        }
        self
    }

    /// Stops at `value`: a lower bound for a rate below 1, an upper bound otherwise.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::array::Tolerance;
    /// use nnx::optim::exponential_decay;
    ///
    /// let schedule = exponential_decay(1.0, 10, 0.25).end_value(0.1);
    /// let values = schedule.value(&Array::from([10, 20]));
    /// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
    /// assert!(values.allclose(Array::from([0.25_f32, 0.1]), near).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if this is not an [`exponential_decay`].
    #[track_caller]
    pub fn end_value(mut self, value: f64) -> Self {
        match &mut self.0 {
            ScheduleForm::Exponential { end, .. } => *end = Some(ScheduleNumber(value)),
            _ => check(false, "end_value: only exponential_decay has this option"),
        }
        self
    }
}

/// Option of [`cosine_decay_schedule`].
impl Schedule {
    /// Raises the cosine, which falls from 1 to 0, to this power. Default: 1.
    ///
    /// ```
    /// use nnx::Array;
    /// use nnx::array::Tolerance;
    /// use nnx::optim::cosine_decay_schedule;
    ///
    /// // Half of the way the cosine is 0.5.
    /// let schedule = cosine_decay_schedule(1.0, 10, 0.0).exponent(2.0);
    /// let values = schedule.value(&Array::from([0, 5, 10]));
    /// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
    /// assert!(values.allclose(Array::from([1.0_f32, 0.25, 0.0]), near).item::<bool>());
    /// ```
    ///
    /// # Panics
    /// Panics if this is neither a [`cosine_decay_schedule`] nor a [`warmup_cosine_decay_schedule`].
    #[track_caller]
    pub fn exponent(mut self, power: f64) -> Self {
        let last = match &mut self.0 {
            ScheduleForm::Join(parts) => parts.last_mut().map(|(_, schedule)| &mut schedule.0),
            form => Some(form),
        };
        match last {
            Some(ScheduleForm::Cosine { exponent, .. }) => *exponent = ScheduleNumber(power),
            _ => check(false, "exponent: only schedules of cosine decay have this option"),
        }
        self
    }
}

/// How a [`piecewise_interpolate_schedule`] goes from one value to the next.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::{Interpolation, piecewise_interpolate_schedule};
///
/// // A quarter of the way from 1 to 0.
/// let at_quarter = |along| {
///     let schedule = piecewise_interpolate_schedule(along, 1.0, [(4, 0.0)]);
///     schedule.value(&Array::scalar(1)).item::<f32>()
/// };
/// assert_eq!(at_quarter(Interpolation::Linear), 0.75);
/// assert!((at_quarter(Interpolation::Cosine) - 0.853_553).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// In a straight line.
    Linear,
    /// Along half a cosine wave.
    Cosine,
}
