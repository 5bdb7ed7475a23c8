//! Schedules: numbers that change with the step, computed inside the program.

use crate::array::{select, where_};
use crate::error::{Error, raise};
use crate::graph::Array;
use crate::value::DType;
use std::f64::consts::PI;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A number that depends on the count of steps taken. Static: two schedules of the same kind and
/// numbers are the same program.
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
    pub fn custom(f: impl Fn(&Array) -> Array + Send + Sync + 'static) -> Self {
        Schedule(ScheduleForm::Custom(Custom(Arc::new(f))))
    }

    /// The value after `count` steps: an f32 scalar for an i32 scalar. Also for several counts at
    /// once.
    pub fn value(&self, count: &Array) -> Array {
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

/// The same value at every step.
pub fn constant_schedule(value: f64) -> Schedule {
    Schedule(ScheduleForm::Constant(ScheduleNumber(value)))
}

/// From `init_value` to `end_value` by a polynomial of degree `power` over `transition_steps`
/// steps, starting at step `transition_begin`. Without steps it stays at `init_value`.
///
/// # Panics
/// Panics if `transition_begin` is negative.
#[track_caller]
pub fn polynomial_schedule(
    init_value: f64,
    end_value: f64,
    power: f64,
    transition_steps: i32,
    transition_begin: i32,
) -> Schedule {
    check(transition_begin >= 0, "polynomial_schedule: transition_begin must not be negative");
    if transition_steps <= 0 {
        return constant_schedule(init_value);
    }
    Schedule(ScheduleForm::Polynomial {
        init: ScheduleNumber(init_value),
        end: ScheduleNumber(end_value),
        power: ScheduleNumber(power),
        steps: transition_steps,
        begin: transition_begin,
    })
}

/// From `init_value` to `end_value` in a straight line over `transition_steps` steps, starting at
/// step `transition_begin`.
///
/// # Panics
/// Panics if `transition_begin` is negative.
#[track_caller]
pub fn linear_schedule(
    init_value: f64,
    end_value: f64,
    transition_steps: i32,
    transition_begin: i32,
) -> Schedule {
    polynomial_schedule(init_value, end_value, 1.0, transition_steps, transition_begin)
}

/// `init_value` · `decay_rate`^(count / `transition_steps`). [`Schedule::staircase`],
/// [`Schedule::transition_begin`] and [`Schedule::end_value`] refine it.
///
/// # Panics
/// Panics if there are no steps or the rate is not positive.
#[track_caller]
pub fn exponential_decay(init_value: f64, transition_steps: i32, decay_rate: f64) -> Schedule {
    check(
        transition_steps > 0 && decay_rate > 0.0,
        "exponential_decay: transition_steps and decay_rate must be positive",
    );
    Schedule(ScheduleForm::Exponential {
        init: ScheduleNumber(init_value),
        steps: transition_steps,
        rate: ScheduleNumber(decay_rate),
        begin: 0,
        staircase: false,
        end: None,
    })
}

/// Options of [`exponential_decay`].
impl Schedule {
    /// Decays at whole multiples of the transition steps only.
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

/// From `init_value` to `alpha` · `init_value` along half a cosine wave of `decay_steps` steps.
///
/// # Panics
/// Panics if there are no steps.
#[track_caller]
pub fn cosine_decay_schedule(init_value: f64, decay_steps: i32, alpha: f64) -> Schedule {
    check(decay_steps > 0, "cosine_decay_schedule: decay_steps must be positive");
    Schedule(ScheduleForm::Cosine {
        init: ScheduleNumber(init_value),
        steps: decay_steps,
        alpha: ScheduleNumber(alpha),
        exponent: ScheduleNumber(1.0),
    })
}

/// A straight line from `init_value` to `peak_value` over `warmup_steps`, then
/// [`cosine_decay_schedule`] to `end_value` until step `decay_steps`, which counts the warm-up too.
///
/// # Panics
/// Panics if `decay_steps` is not greater than `warmup_steps`, or that is negative.
#[track_caller]
pub fn warmup_cosine_decay_schedule(
    init_value: f64,
    peak_value: f64,
    warmup_steps: i32,
    decay_steps: i32,
    end_value: f64,
) -> Schedule {
    check(
        0 <= warmup_steps && warmup_steps < decay_steps,
        "warmup_cosine_decay_schedule: decay_steps must be greater than warmup_steps, which are a \
         part of them",
    );
    let alpha = if peak_value == 0.0 { 0.0 } else { end_value / peak_value };
    join_schedules(
        [
            linear_schedule(init_value, peak_value, warmup_steps, 0),
            cosine_decay_schedule(peak_value, decay_steps - warmup_steps, alpha),
        ],
        [warmup_steps],
    )
}

/// `init_value`, multiplied by each scale from its boundary on: pairs of step and scale.
///
/// # Panics
/// Panics if a scale is negative.
#[track_caller]
pub fn piecewise_constant_schedule(
    init_value: f64,
    boundaries_and_scales: impl IntoIterator<Item = (i32, f64)>,
) -> Schedule {
    let mut scales: Vec<_> =
        boundaries_and_scales.into_iter().map(|(at, scale)| (at, ScheduleNumber(scale))).collect();
    check(
        scales.iter().all(|(_, scale)| scale.0 >= 0.0),
        "piecewise_constant_schedule: scales must not be negative",
    );
    scales.sort_by_key(|(at, _)| *at);
    Schedule(ScheduleForm::PiecewiseConstant { init: ScheduleNumber(init_value), scales })
}

/// How a [`piecewise_interpolate_schedule`] goes from one value to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// In a straight line.
    Linear,
    /// Along half a cosine wave.
    Cosine,
}

/// `init_value` at step 0, and at each boundary the value before times the scale given with it; between
/// them it goes along a line or a cosine, and stays at the last value.
/// `optax.piecewise_interpolate_schedule`.
///
/// # Panics
/// Panics if a boundary or a scale is negative.
#[track_caller]
pub fn piecewise_interpolate_schedule(
    along: Interpolation,
    init_value: f64,
    boundaries_and_scales: impl IntoIterator<Item = (i32, f64)>,
) -> Schedule {
    let mut scales: Vec<_> = boundaries_and_scales.into_iter().collect();
    check(
        scales.iter().all(|&(at, scale)| at >= 0 && scale >= 0.0),
        "piecewise_interpolate_schedule: boundaries and scales must not be negative",
    );
    scales.sort_by_key(|(at, _)| *at);
    // Optax multiplies in f32.
    let mut value = init_value as f32;
    let mut points = vec![(0, ScheduleNumber(f64::from(value)))];
    for (at, scale) in scales {
        value *= scale as f32;
        points.push((at, ScheduleNumber(f64::from(value))));
    }
    Schedule(ScheduleForm::PiecewiseInterpolate { points, along })
}

/// The step at a share of all steps.
fn share(of: f64, steps: i32) -> i32 {
    (of * f64::from(steps)) as i32
}

/// The one-cycle schedule: a rise to `peak_value` over the first 30 % of `transition_steps`, from
/// a 25th of it, then a fall to a 250,000th, both along cosines. Other shares and factors:
/// [`piecewise_interpolate_schedule`].
///
/// Source: Smith et al., "Super-Convergence", 2017.
///
/// # Panics
/// Panics if there are no steps.
#[track_caller]
pub fn cosine_onecycle_schedule(transition_steps: i32, peak_value: f64) -> Schedule {
    check(transition_steps > 0, "cosine_onecycle_schedule: transition_steps must be positive");
    let scales = [(share(0.3, transition_steps), 25.0), (transition_steps, 1.0 / (25.0 * 1e4))];
    piecewise_interpolate_schedule(Interpolation::Cosine, peak_value / 25.0, scales)
}

/// The one-cycle schedule in straight lines: a rise to `peak_value` over the first 30 % of `transition_steps`, from
/// a 25th of it, a fall back to that until 85 %, and then to a 10,000th of it. Other shares and factors:
/// [`piecewise_interpolate_schedule`]. `optax.linear_onecycle_schedule`.
///
/// # Panics
/// Panics if there are no steps.
#[track_caller]
pub fn linear_onecycle_schedule(transition_steps: i32, peak_value: f64) -> Schedule {
    check(transition_steps > 0, "linear_onecycle_schedule: transition_steps must be positive");
    let scales = [
        (share(0.3, transition_steps), 25.0),
        (share(0.85, transition_steps), 1.0 / 25.0),
        (transition_steps, 1e-4),
    ];
    piecewise_interpolate_schedule(Interpolation::Linear, peak_value / 25.0, scales)
}

/// A straight line from `init_value` to `peak_value` over `warmup_steps`, then `peak_value`.
/// `optax.warmup_constant_schedule`.
///
/// # Panics
/// Panics if there are no warm-up steps: Optax's schedule would stay at `init_value`.
#[track_caller]
pub fn warmup_constant_schedule(init_value: f64, peak_value: f64, warmup_steps: i32) -> Schedule {
    check(
        warmup_steps > 0,
        "warmup_constant_schedule: warmup_steps must be positive; without a warm-up write \
         `constant_schedule(peak_value)`",
    );
    linear_schedule(init_value, peak_value, warmup_steps, 0)
}

/// A straight line from `init_value` over `warmup_steps` to the value at which `decay`, an [`exponential_decay`]
/// with its options, starts. `optax.warmup_exponential_decay_schedule`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::{exponential_decay, warmup_exponential_decay_schedule};
///
/// let decay = exponential_decay(0.1, 10, 0.5).end_value(0.01);
/// let schedule = warmup_exponential_decay_schedule(0.0, 5, decay);
/// assert_eq!(schedule.value(&Array::scalar(15)).item::<f32>(), 0.05);
/// ```
///
/// # Panics
/// Panics if `decay` is another schedule, or there is a negative number of steps.
#[track_caller]
pub fn warmup_exponential_decay_schedule(
    init_value: f64,
    warmup_steps: i32,
    decay: Schedule,
) -> Schedule {
    let peak_value = match &decay.0 {
        ScheduleForm::Exponential { init, .. } => init.0,
        _ => {
            check(false, "warmup_exponential_decay_schedule: decay must be an exponential_decay");
            0.0
        }
    };
    let rise = linear_schedule(init_value, peak_value, warmup_steps, 0);
    join_schedules([rise, decay], [warmup_steps])
}

/// Stochastic gradient descent with restarts: one schedule after the other, usually
/// [`warmup_cosine_decay_schedule`]s, each for the number of steps given with it, and the last one for ever.
/// `optax.sgdr_schedule`.
///
/// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
///
/// # Panics
/// Panics if there is no cycle, one has a negative number of steps, or their sum is beyond i32.
#[track_caller]
pub fn sgdr_schedule(cycles: impl IntoIterator<Item = (i32, Schedule)>) -> Schedule {
    let (mut schedules, mut ends, mut end) = (Vec::new(), Vec::new(), Some(0_i32));
    for (steps, schedule) in cycles {
        check(steps >= 0, "sgdr_schedule: a cycle cannot have a negative number of steps");
        // The end of the last cycle may be beyond i32: no schedule begins there.
        ends.extend(end);
        check(end.is_some(), "sgdr_schedule: the cycles have more steps than i32 counts");
        end = end.and_then(|end| end.checked_add(steps));
        schedules.push(schedule);
    }
    check(!schedules.is_empty(), "sgdr_schedule: there is no cycle");
    join_schedules(schedules, ends.into_iter().skip(1))
}

/// One schedule after the other; each counts from the boundary where it begins.
///
/// # Panics
/// Panics if there is not one boundary between each two schedules, in rising order.
#[track_caller]
pub fn join_schedules(
    schedules: impl IntoIterator<Item = Schedule>,
    boundaries: impl IntoIterator<Item = i32>,
) -> Schedule {
    let schedules: Vec<_> = schedules.into_iter().collect();
    let starts: Vec<i32> = std::iter::once(0).chain(boundaries).collect();
    check(
        starts.len() == schedules.len() && starts.is_sorted(),
        "join_schedules: there must be one boundary fewer than schedules, in rising order",
    );
    Schedule(ScheduleForm::Join(starts.into_iter().zip(schedules).collect()))
}
