//! Measures of updates on their way through a chain.

use super::functions::UserFunction;
use super::{Ema, EmaState, GradientTransformation, Params, ema};
use crate::graph::Array;
use crate::module::{OptState, Path, Variable};
use nnx_derive::Module;
use std::collections::BTreeMap;
use std::sync::Arc;

type MeasureOf = UserFunction<dyn Fn(&Params) -> Array + Send + Sync>;

/// A number, or an array, of updates; made by [`measure`] and [`measure_with_ema`].
///
/// ```
/// use nnx::optim::{Measure, Params, measure, measure_with_ema, monitor};
///
/// let named: [(&str, Measure); 2] = [
///     ("norm", measure(Params::global_norm)),
///     ("mean_norm", measure_with_ema(Params::global_norm, 0.9)),
/// ];
/// assert!(format!("{:?}", monitor(named)).contains("mean_norm"));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Measure {
    of: MeasureOf,
    ema: Option<Ema>,
}

/// The value of `of` for the updates of a step.
///
/// ```
/// use nnx::optim::{Optimizer, Params, measure, monitor, sgd};
/// use nnx::{Array, Param};
///
/// let largest = measure(|updates: &Params| updates.get("").unwrap().abs().max(..));
/// let mut x = Param::new(Array::from([0.0_f32, 0.0]));
/// let mut opt = Optimizer::new(&x, (monitor([("largest", largest)]), sgd(0.1)));
/// opt.update(&mut x, &Param::new(Array::from([2.0_f32, -3.0])));
/// assert_eq!(opt.opt_state.0.measurements["largest"].item::<f32>(), 3.0);
/// ```
pub fn measure(of: impl Fn(&Params) -> Array + Send + Sync + 'static) -> Measure {
    Measure { of: UserFunction(Arc::new(of)), ema: None }
}

/// The running mean of what `of` gives, a float. `optax.measure_with_ema`.
///
/// ```
/// use nnx::optim::{Optimizer, Params, measure_with_ema, monitor, sgd};
/// use nnx::{Array, Param};
///
/// let mean = measure_with_ema(Params::global_norm, 0.5);
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let mut opt = Optimizer::new(&x, (monitor([("norm", mean)]), sgd(0.1)));
/// for gradient in [4.0_f32, -7.0] {
///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
/// }
/// // (0.5 · 7 + 0.25 · 4) / 0.75
/// assert!((opt.opt_state.0.measurements["norm"].item::<f32>() - 6.0).abs() < 1e-5);
/// ```
pub fn measure_with_ema(
    of: impl Fn(&Params) -> Array + Send + Sync + 'static,
    decay: f64,
) -> Measure {
    Measure { ema: Some(ema(decay)), ..measure(of) }
}

impl Measure {
    /// Whether the mean, if it is one, is corrected for its start at zero. Default: `true`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, Params, measure_with_ema, monitor, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mean = measure_with_ema(Params::global_norm, 0.5).debias(false);
    /// let mut x = Param::new(Array::scalar(0.0_f32));
    /// let mut opt = Optimizer::new(&x, (monitor([("norm", mean)]), sgd(0.1)));
    /// for gradient in [4.0_f32, -7.0] {
    ///     opt.update(&mut x, &Param::new(Array::scalar(gradient)));
    /// }
    /// // 0.5 · 7 + 0.25 · 4
    /// assert!((opt.opt_state.0.measurements["norm"].item::<f32>() - 4.5).abs() < 1e-5);
    /// ```
    pub fn debias(self, debias: bool) -> Self {
        Measure { ema: self.ema.map(|ema| ema.debias(debias)), ..self }
    }
}

/// See [`monitor`].
///
/// ```
/// use nnx::optim::{Monitor, Optimizer, Params, Sgd, sgd, snapshot};
/// use nnx::{Array, Param};
///
/// // A chain that a struct of yours can name.
/// let tx: (Monitor, Sgd) = (snapshot("norm", Params::global_norm), sgd(0.1));
/// let opt = Optimizer::new(&Param::new(Array::scalar(2.0_f32)), tx);
/// assert!(opt.opt_state.0.measurements.contains_key("norm"));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Monitor {
    measures: Vec<(String, Measure)>,
}

/// Measures of updates, which pass unchanged; the state has the last ones by their names. `optax.monitor`.
///
/// ```
/// use nnx::optim::{Optimizer, Params, measure, measure_with_ema, monitor, sgd};
/// use nnx::{Array, Param};
///
/// let norms = monitor([
///     ("norm", measure(Params::global_norm)),
///     ("mean_norm", measure_with_ema(Params::global_norm, 0.5)),
/// ]);
/// let mut x = Param::new(Array::from([1.0_f32, 2.0]));
/// let mut opt = Optimizer::new(&x, (norms, sgd(0.1)));
/// opt.update(&mut x, &Param::new(Array::from([3.0_f32, 4.0])));
/// assert_eq!(opt.opt_state.0.measurements["norm"].item::<f32>(), 5.0);
/// ```
pub fn monitor<'a>(measures: impl IntoIterator<Item = (&'a str, Measure)>) -> Monitor {
    let named = |(name, measure): (&str, Measure)| (name.to_owned(), measure);
    Monitor { measures: measures.into_iter().map(named).collect() }
}

/// One measure of updates: [`monitor`] with [`measure`]. `optax.snapshot`.
///
/// ```
/// use nnx::optim::{Optimizer, Params, clip, sgd, snapshot};
/// use nnx::{Array, Param};
///
/// // Behind `clip`, it measures what that makes of the gradients.
/// let mut x = Param::new(Array::scalar(0.0_f32));
/// let tx = (clip(1.0), snapshot("norm", Params::global_norm), sgd(0.1));
/// let mut opt = Optimizer::new(&x, tx);
/// opt.update(&mut x, &Param::new(Array::scalar(-5.0_f32)));
/// assert_eq!(opt.opt_state.1.measurements["norm"].item::<f32>(), 1.0);
/// ```
pub fn snapshot(name: &str, of: impl Fn(&Params) -> Array + Send + Sync + 'static) -> Monitor {
    monitor([(name, measure(of))])
}

/// The last measures.
///
/// ```
/// use nnx::optim::{MonitorState, Optimizer, Params, measure_with_ema, monitor};
/// use nnx::{Array, Param};
///
/// let x = Param::new(Array::scalar(-2.0_f32));
/// let norm = measure_with_ema(Params::global_norm, 0.5);
/// let state: MonitorState = Optimizer::new(&x, monitor([("norm", norm)])).opt_state;
/// // Before the first step it is that of the parameters.
/// assert_eq!(state.measurements["norm"].item::<f32>(), 2.0);
/// assert_eq!(state.means["norm"].count.item::<i32>(), 0);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct MonitorState {
    /// By the names of the measures; before the first step those of the parameters.
    pub measurements: BTreeMap<String, Variable<OptState>>,
    /// The running means, by the names of the measures that have one.
    pub means: BTreeMap<String, EmaState>,
}

fn single(array: Array) -> Params {
    Params::new([(Path::new(), array)])
}

impl GradientTransformation for Monitor {
    type State = MonitorState;

    #[track_caller]
    fn init(&self, params: &Params) -> MonitorState {
        let mut state = MonitorState { measurements: BTreeMap::new(), means: BTreeMap::new() };
        for (name, measure) in &self.measures {
            let mut measured = (measure.of.0)(params);
            if let Some(ema) = &measure.ema {
                measured = measured.to_inexact();
                state.means.insert(name.clone(), ema.init(&single(measured.clone())));
            }
            state.measurements.insert(name.clone(), Variable::new(measured));
        }
        state
    }

    #[track_caller]
    fn update(&self, updates: Params, state: &mut MonitorState, params: &Params) -> Params {
        for (name, measure) in &self.measures {
            let mut measured = (measure.of.0)(&updates);
            if let (Some(ema), Some(mean)) = (&measure.ema, state.means.get_mut(name)) {
                let measured_now = single(measured.to_inexact());
                measured = match ema.update(measured_now, mean, params).arrays().next() {
                    Some(mean) => mean.clone(),
                    None => unreachable!("a mean of one array is one array"),
                };
            }
            if let Some(measurement) = state.measurements.get_mut(name) {
                let dtype = measurement.dtype();
                measurement.set(measured.astype(dtype));
            }
        }
        updates
    }
}
