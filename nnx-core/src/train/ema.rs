//! [`EMA`]: running means of a model's parameters.

use crate::error::{Error, or_raise};
use crate::graph::Array;
use crate::module::held::hold_to_read;
use crate::module::walk::for_each_leaf;
use crate::module::{Everything, Filter, Module, Path, map};
use crate::optim::Params;
use crate::run::staged;
use nnx_derive::Module;
use std::collections::BTreeMap;

/// Exponential moving averages of a model's parameters, which often evaluate better than the parameters.
/// `flax.nnx.EMA`.
///
/// A Module itself: a jitted step takes it as `ema: &mut EMA` beside the model, and a checkpoint holds it.
///
/// ```
/// use nnx::train::EMA;
/// use nnx::{Array, Param};
///
/// let mut model = vec![Param::new(Array::scalar(1.0_f32))];
/// let mut ema = EMA::new(&model, 0.9);
/// model[0].set(Array::scalar(2.0_f32));
/// ema.update(&model);
/// // 0.9 · 1 + 0.1 · 2
/// let averaged = ema.apply_to(&model);
/// assert!((averaged[0].item::<f32>() - 1.1).abs() < 1e-6);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct EMA {
    /// The averages; those of f16 and bf16 are f32, where small steps are not lost.
    pub params: Params,
    #[module(static)]
    decay: f64,
}

impl EMA {
    /// Averages of all Variables of a float or complex dtype, which start at their values.
    ///
    /// ```
    /// use nnx::train::EMA;
    /// use nnx::{Array, Param};
    ///
    /// let mut model = [1.0_f32, 1.0].map(|x| Param::new(Array::scalar(x)));
    /// // They start at the values.
    /// let ema = EMA::new(&model, 0.5);
    /// assert_eq!(ema.params.get("[0]").unwrap().item::<f32>(), 1.0);
    /// assert_eq!(ema.params.len(), 2);
    /// model[0].set(Array::scalar(3.0_f32));
    /// assert_eq!(ema.apply_to(&model)[0].item::<f32>(), 1.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the model has no such Variable, `decay` is outside of [0, 1], or this thread holds a shared node for
    /// writing.
    #[track_caller]
    pub fn new<M: Module>(model: &M, decay: f64) -> Self {
        EMA::only(model, decay, Everything)
    }

    /// Averages of those Variables of a float or complex dtype that `filter` takes.
    ///
    /// ```
    /// use nnx::train::EMA;
    /// use nnx::{Array, Param, path_contains};
    ///
    /// let mut model = [1.0_f32, 1.0].map(|x| Param::new(Array::scalar(x)));
    /// let mut ema = EMA::only(&model, 0.5, path_contains(0));
    /// model.iter_mut().for_each(|x| x.set(Array::scalar(3.0_f32)));
    /// ema.update(&model);
    /// assert_eq!(ema.apply_to(&model).map(|x| x.item::<f32>()), [2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// As [`new`](EMA::new).
    #[track_caller]
    pub fn only<M: Module>(model: &M, decay: f64, filter: impl Filter) -> Self {
        let _held = hold_to_read("EMA", model);
        let params = Params::of(model, &filter);
        let wrong = match (params.is_empty(), (0.0..=1.0).contains(&decay)) {
            (true, _) => Err("EMA: the filter takes no Variable of a float dtype".to_owned()),
            (_, false) => Err(format!("EMA: `decay` is {decay}, but needs to be in [0, 1]")),
            _ => Ok(()),
        };
        or_raise(wrong.map_err(Error::Invalid));
        EMA { params: params.map(Array::to_wide), decay }
    }

    /// Moves the averages towards the values of `model`: decay · average + (1 − decay) · value.
    ///
    /// ```
    /// use nnx::train::EMA;
    /// use nnx::{Array, Param};
    ///
    /// let mut model = [1.0_f32, 1.0].map(|x| Param::new(Array::scalar(x)));
    /// let mut ema = EMA::new(&model, 0.5);
    /// model[0].set(Array::scalar(3.0_f32));
    /// let averages = [(); 2].map(|()| {
    ///     ema.update(&model);
    ///     ema.params.get("[0]").unwrap().item::<f32>()
    /// });
    /// assert_eq!(averages, [2.0, 2.5]);
    /// ```
    ///
    /// # Panics
    /// Panics if a Variable is missing in the model or of another shape, or if this thread holds a shared node for
    /// writing. The averages are then as they were.
    #[track_caller]
    pub fn update<M: Module>(&mut self, model: &M) {
        let _held = hold_to_read("EMA::update", model);
        let mut values: BTreeMap<Path, Array> = BTreeMap::new();
        for_each_leaf(model, |path, leaf| {
            values.insert(path.clone(), leaf.value.clone());
        });
        let value = |(path, average): (&Path, &Array)| {
            let why = match values.get(path).map(|value| (value.try_aval(), value)) {
                Some((Ok(aval), value)) if aval.shape() == average.shape() => {
                    return Ok(value.clone());
                }
                Some((Ok(aval), _)) => format!("is {aval}, and the average is {}", average.aval()),
                Some((Err(why), _)) => format!("has no value: {why}"),
                None => "is not in the model".to_owned(),
            };
            Err(Error::Invalid(format!("EMA::update: `{path}` {why}")))
        };
        let values = self.params.iter().map(value).collect::<Result<Vec<_>, _>>();
        let values = or_raise(values);
        let args: Vec<Array> = self.params.arrays().cloned().chain(values).collect();
        let averages = or_raise(staged("ema", &args, |args| {
            let (averages, values) = args.split_at(args.len() / 2);
            let next = |(average, value): (&Array, &Array)| {
                (average * self.decay + value.to_wide() * (1.0 - self.decay))
                    .astype(average.dtype())
            };
            averages.iter().zip(values).map(next).collect()
        }));
        let mut averages = averages.into_iter();
        self.params = self.params.map(|before| averages.next().unwrap_or_else(|| before.clone()));
    }

    /// A copy of `model` with the averages in place of the values, in the values' dtypes; all other Variables are as in
    /// `model`. Buffers are shared, and a later [`update`](EMA::update) does not change the copy.
    ///
    /// ```
    /// use nnx::train::EMA;
    /// use nnx::{Array, Param};
    ///
    /// let mut model = [1.0_f32, 1.0].map(|x| Param::new(Array::scalar(x)));
    /// let ema = EMA::new(&model, 0.5);
    /// model[0].set(Array::scalar(3.0_f32));
    /// let averaged = ema.apply_to(&model);
    /// // A copy: the model goes on with its own values.
    /// assert_eq!(averaged[0].item::<f32>(), 1.0);
    /// assert_eq!(model[0].item::<f32>(), 3.0);
    /// ```
    ///
    /// # Panics
    /// Panics if this thread holds a shared node for writing.
    #[track_caller]
    pub fn apply_to<M: Module>(&self, model: &M) -> M {
        let averages: BTreeMap<&Path, &Array> = self.params.iter().collect();
        map(model, |path, leaf| match (averages.get(path), leaf.value.try_aval()) {
            (Some(average), Ok(aval)) => average.astype(aval.dtype()),
            (Some(average), Err(_)) => (*average).clone(),
            (None, _) => leaf.value.clone(),
        })
    }
}
