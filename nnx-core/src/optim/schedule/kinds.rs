//! The kinds of schedules.

use super::{Interpolation, Schedule, ScheduleForm, ScheduleNumber, check};

/// The same value at every step.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::constant_schedule;
///
/// let schedule = constant_schedule(0.5);
/// let values = schedule.value(&Array::from([0, 1000]));
/// assert_eq!(values.to_vec::<f32>(), [0.5, 0.5]);
/// ```
pub fn constant_schedule(value: f64) -> Schedule {
    Schedule(ScheduleForm::Constant(ScheduleNumber(value)))
}

/// From `init_value` to `end_value` by a polynomial of degree `power` over `transition_steps`
/// steps, starting at step `transition_begin`. Without steps it stays at `init_value`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::polynomial_schedule;
///
/// // (1 − 2 / 4)² at the step 10 + 2.
/// let schedule = polynomial_schedule(1.0, 0.0, 2.0, 4, 10);
/// let values = schedule.value(&Array::from([0, 10, 12, 14, 99]));
/// assert_eq!(values.to_vec::<f32>(), [1.0, 1.0, 0.25, 0.0, 0.0]);
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::optim::linear_schedule;
///
/// let schedule = linear_schedule(0.0, 1.0, 4, 2);
/// let values = schedule.value(&Array::from([0, 2, 4, 9]));
/// assert_eq!(values.to_vec::<f32>(), [0.0, 0.0, 0.5, 1.0]);
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::exponential_decay;
///
/// let schedule = exponential_decay(1.0, 10, 0.25);
/// let values = schedule.value(&Array::from([0, 5, 10]));
/// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
/// assert!(values.allclose(Array::from([1.0_f32, 0.5, 0.25]), near).item::<bool>());
/// ```
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

/// From `init_value` to `alpha` · `init_value` along half a cosine wave of `decay_steps` steps.
///
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::cosine_decay_schedule;
///
/// let schedule = cosine_decay_schedule(1.0, 10, 0.2);
/// let values = schedule.value(&Array::from([0, 5, 10, 99]));
/// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
/// assert!(values.allclose(Array::from([1.0_f32, 0.6, 0.2, 0.2]), near).item::<bool>());
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::warmup_cosine_decay_schedule;
///
/// let schedule = warmup_cosine_decay_schedule(0.0, 1.0, 10, 110, 0.2);
/// let values = schedule.value(&Array::from([5, 10, 60, 110]));
/// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
/// assert!(values.allclose(Array::from([0.5_f32, 1.0, 0.6, 0.2]), near).item::<bool>());
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::optim::piecewise_constant_schedule;
///
/// let schedule = piecewise_constant_schedule(1.0, [(10, 0.5), (20, 0.5)]);
/// let values = schedule.value(&Array::from([9, 10, 20]));
/// assert_eq!(values.to_vec::<f32>(), [1.0, 0.5, 0.25]);
/// ```
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

/// `init_value` at step 0, and at each boundary the value before times the scale given with it; between
/// them it goes along a line or a cosine, and stays at the last value.
/// `optax.piecewise_interpolate_schedule`.
///
/// ```
/// use nnx::Array;
/// use nnx::optim::{Interpolation, piecewise_interpolate_schedule};
///
/// let points = [(4, 0.5), (8, 0.5)];
/// let schedule = piecewise_interpolate_schedule(Interpolation::Linear, 1.0, points);
/// let values = schedule.value(&Array::from([0, 2, 4, 6, 9]));
/// assert_eq!(values.to_vec::<f32>(), [1.0, 0.75, 0.5, 0.375, 0.25]);
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::cosine_onecycle_schedule;
///
/// let schedule = cosine_onecycle_schedule(100, 1.0);
/// let values = schedule.value(&Array::from([0, 15, 30, 100]));
/// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
/// assert!(values.allclose(Array::from([0.04_f32, 0.52, 1.0, 4e-06]), near).item::<bool>());
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::array::Tolerance;
/// use nnx::optim::linear_onecycle_schedule;
///
/// let schedule = linear_onecycle_schedule(100, 1.0);
/// let values = schedule.value(&Array::from([0, 15, 30, 85, 100]));
/// let near = Tolerance { atol: 1e-6, ..Tolerance::default() };
/// assert!(values.allclose(Array::from([0.04_f32, 0.52, 1.0, 0.04, 4e-06]), near).item::<bool>());
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::optim::warmup_constant_schedule;
///
/// let schedule = warmup_constant_schedule(0.0, 1.0, 4);
/// let values = schedule.value(&Array::from([0, 2, 4, 99]));
/// assert_eq!(values.to_vec::<f32>(), [0.0, 0.5, 1.0, 1.0]);
/// ```
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
/// // Halved 10 steps after the warm-up.
/// assert!((schedule.value(&Array::scalar(15)).item::<f32>() - 0.05).abs() < 1e-6);
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
/// ```
/// use nnx::Array;
/// use nnx::optim::{linear_schedule, sgdr_schedule};
///
/// // A cycle of 4 steps, then one of 8.
/// let schedule = sgdr_schedule([4, 8].map(|steps| (steps, linear_schedule(1.0, 0.0, steps, 0))));
/// let values = schedule.value(&Array::from([0, 2, 4, 8]));
/// assert_eq!(values.to_vec::<f32>(), [1.0, 0.5, 1.0, 0.5]);
/// ```
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
/// ```
/// use nnx::Array;
/// use nnx::optim::{constant_schedule, join_schedules, linear_schedule};
///
/// let parts = [constant_schedule(1.0), linear_schedule(0.0, 1.0, 4, 0)];
/// let schedule = join_schedules(parts, [10]);
/// let values = schedule.value(&Array::from([9, 10, 12]));
/// assert_eq!(values.to_vec::<f32>(), [1.0, 0.0, 0.5]);
/// ```
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
