//! [`Optimizer`]: the state of a gradient transformation next to a model.

mod checks;

use super::params::{FloatVariable, Hashed, ParamLayout, ParamPlace, Params, parameters};
use super::{ExtraArgs, GradientTransformation};
use crate::error::{Error, or_raise};
use crate::graph::Array;
use crate::module::held::{hold, hold_to_read};
use crate::module::walk::{Leaf, collect_leaves, for_each_leaf, paths, rebuild, replace_leaves};
use crate::module::{
    Everything, Filter, Kind, Module, OptState, Param, Path, VarInfo, Variable, Visitor,
    check_places, of_type, other_places,
};
use crate::run::staged;
use crate::transform::{cond, value_and_grad, wrt};
use nnx_derive::Module;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Updates a model's parameters from gradients. `nnx.Optimizer`.
///
/// A Module itself: a jitted step takes it as `opt: &mut Optimizer<AdamW>`, and a checkpoint holds
/// it at paths such as `opt_state[0].mu.linear1.kernel`.
///
/// ```
/// use nnx::optim::{AdamW, Optimizer, adamw};
/// use nnx::{Array, Param, value_and_grad};
///
/// fn train_step(model: &mut Param, opt: &mut Optimizer<AdamW>) -> f32 {
///     let (loss, grads) = value_and_grad(|x: &mut Param| x.square(), &mut *model);
///     opt.update(model, &grads);
///     loss.item()
/// }
///
/// let mut model = Param::new(Array::scalar(3.0_f32));
/// let mut opt = Optimizer::new(&model, adamw(0.1));
/// assert!(train_step(&mut model, &mut opt) > train_step(&mut model, &mut opt));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Optimizer<T: GradientTransformation> {
    /// Steps taken, a u32 scalar.
    pub step: Variable<OptState>,
    /// The state of the transformation.
    pub opt_state: T::State,
    /// The transformation.
    pub tx: T,
    /// The parameters that are updated.
    #[module(static)]
    wrt: Arc<ParamLayout>,
    /// The places of shared nodes in the model: each further place, and the first one.
    #[module(static)]
    shared: Arc<SharedPlaces>,
    /// The shapes of the parameters that the state was made for.
    #[module(static)]
    shapes: Arc<Shapes>,
}

type SharedPlaces = Hashed<(Path, Path)>;

type Shapes = Hashed<Vec<usize>>;

impl Shapes {
    fn of(params: &Params) -> Result<Arc<Self>, Error> {
        let shape = |array: &Array| Ok(array.try_aval()?.shape().to_vec());
        Ok(Hashed::new(params.arrays().map(shape).collect::<Result<_, Error>>()?))
    }

    /// Whether each shape is the other's with some axes more.
    fn is_batch_of(&self, others: &Shapes) -> bool {
        let has_more = |shape: &[usize], other: &[usize]| {
            let mut sizes = shape.iter();
            shape.len() > other.len() && other.iter().all(|size| sizes.any(|s| s == size))
        };
        self.iter().zip(others.iter()).all(|(shape, other)| has_more(shape, other))
    }
}

impl<T: GradientTransformation> Optimizer<T> {
    /// An optimizer of the Params of `model`, before the first step: [`wrt`](Optimizer::wrt) with
    /// `of_type::<Param>()`.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let x = Param::new(Array::from([1.0_f32, 2.0]));
    /// let opt = Optimizer::new(&x, sgd(0.1).momentum(Some(0.9)));
    /// let trace = &opt.opt_state.0.as_ref().unwrap().trace;
    /// assert_eq!(trace.get("").unwrap().to_vec::<f32>(), [0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// Panics if the model has no Param of a float dtype, or one without a value.
    #[track_caller]
    pub fn new<M: Module>(model: &M, tx: T) -> Self {
        Self::before_first_step("Optimizer::new", "Param", model, tx, &of_type::<Param>())
    }

    /// An optimizer of the Variables and plain arrays of `model` that `filter` takes and that hold floats, before the
    /// first step. All others stay as they are. The argument `wrt` of `nnx.Optimizer`.
    ///
    /// A jitted function hands back Variables alone: a model whose plain arrays a step changes is taken by the function as
    /// a value, and returned.
    ///
    /// Gradients are taken with respect to the same ones, by [`wrt`](crate::transform::wrt()):
    ///
    /// ```
    /// use nnx::module::LoRAParam;
    /// use nnx::nn::LoRALinear;
    /// use nnx::optim::{Optimizer, adamw};
    /// use nnx::random::Rngs;
    /// use nnx::{DType, array, of_type, value_and_grad, wrt};
    ///
    /// let mut layer = LoRALinear::new(3, 4, 2, &mut Rngs::new(0));
    /// let (kernel, lora_b) = (layer.kernel.to_vec::<f32>(), layer.lora.lora_b.to_vec::<f32>());
    ///
    /// // The low-rank part alone is trained.
    /// let trained = of_type::<LoRAParam>();
    /// let mut opt = Optimizer::wrt(&layer, adamw(1e-3), trained);
    /// let x = array::ones([16, 3], DType::F32);
    /// let loss = |layer: &mut LoRALinear| layer.forward(&x).square().mean(..);
    /// let (_, grads) = value_and_grad(loss, wrt(trained, &mut layer));
    /// opt.update(&mut layer, &grads);
    /// assert_eq!(layer.kernel.to_vec::<f32>(), kernel);
    /// assert_ne!(layer.lora.lora_b.to_vec::<f32>(), lora_b);
    /// ```
    ///
    /// # Panics
    /// Panics if the filter takes no Variable or array of a float dtype, one without a value, or a Variable in a
    /// shared node at one of the node's places and not at another.
    #[track_caller]
    pub fn wrt<M: Module>(model: &M, tx: T, filter: impl Filter) -> Self {
        let what = "Variable or array that the filter takes and that is";
        Self::before_first_step("Optimizer::wrt", what, model, tx, &filter)
    }

    #[track_caller]
    fn before_first_step<M: Module>(
        function: &str,
        what: &str,
        model: &M,
        tx: T,
        filter: &dyn Filter,
    ) -> Self {
        let _held = hold_to_read(function, model);
        let invalid = |why| Error::Invalid(format!("{function}: {why}"));
        let chosen = or_raise(chosen(model, filter, what).map_err(invalid));
        let params =
            Params::at(chosen.into_iter().map(|found| (found.place, found.array)).collect());
        let wrt = params.layout().clone();
        let shapes = or_raise(Shapes::of(&params));
        let mut state = None;
        let arrays: Vec<Array> = params.arrays().cloned().collect();
        let leaves = or_raise(staged("optimizer_init", &arrays, |arrays| {
            let made = tx.init(&Params::from_layout(&wrt, arrays.iter().cloned()));
            let leaves = collect_leaves(&made).into_iter().map(|leaf| leaf.array).collect();
            state = Some(made);
            leaves
        }));
        let Some(state) = state else { unreachable!("a staged body runs once") };
        Optimizer {
            step: Variable::new(Array::scalar(0_u32)),
            opt_state: rebuild(&state, |i, _| leaves[i].clone()),
            tx,
            wrt,
            shared: shared_places(model),
            shapes,
        }
    }

    /// Takes one step: changes the parameters of `model` that this optimizer was made for, the state
    /// and the step count.
    ///
    /// `grads` is what [`grad`](crate::transform::grad) or [`value_and_grad`](crate::transform::value_and_grad) gave for
    /// this model.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let mut x = Param::new(Array::from([1.0_f32, -2.0]));
    /// let mut opt = Optimizer::new(&x, sgd(0.25));
    /// opt.update(&mut x, &Param::new(Array::from([2.0_f32, -4.0])));
    /// assert_eq!((x.to_vec::<f32>(), opt.step.item::<u32>()), (vec![0.5, -1.0], 1));
    /// ```
    ///
    /// # Panics
    /// Panics if the model has other parameters, or parameters of other shapes, than the one that the
    /// optimizer was made for, or a gradient is missing, or if this thread holds a guard of a shared node of the
    /// model. The model is then as it was.
    #[track_caller]
    pub fn update<M: Module>(&mut self, model: &mut M, grads: &M) {
        self.update_with(model, grads, ExtraArgs::new());
    }

    /// Takes one step as [`update`](Optimizer::update) does, and tells the transformations the loss, or the function
    /// that it is of. The keyword arguments of `nnx.Optimizer.update`; see [`ExtraArgs`].
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, polyak_sgd};
    /// use nnx::{Array, Param, value_and_grad};
    ///
    /// let mut x = Param::new(Array::scalar(3.0_f32));
    /// let mut opt = Optimizer::new(&x, polyak_sgd());
    /// let (loss, grads) = value_and_grad(|x: &mut Param| x.square(), &mut x);
    /// opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss));
    /// // 9 / 6² of the gradient.
    /// assert!((x.item::<f32>() - 1.5).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// As [`update`](Optimizer::update), and if a transformation needs what it is not told.
    #[track_caller]
    pub fn update_with<M: Module>(&mut self, model: &mut M, grads: &M, extra: ExtraArgs<'_, M>) {
        self.take_step(model, grads, extra, false);
    }

    /// Takes one step as [`update_with`](Optimizer::update_with) does, and gives the updates: the sums that the parameters
    /// were changed by, before they are rounded to the parameters' dtypes. The result of `nnx.Optimizer.update`; a method
    /// of its own, as a program that hands the updates out needs memory for them.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, sgd};
    /// use nnx::{nn::Linear, random::Rngs};
    ///
    /// let mut layer = Linear::new(2, 3, &mut Rngs::new(0));
    /// let grads = layer.clone(); // of half the sum of squares
    /// let mut opt = Optimizer::new(&layer, sgd(0.5));
    /// let updates = opt.update_returning(&mut layer, &grads, ExtraArgs::new());
    /// let (update, kernel) = (updates.get("kernel").unwrap(), &grads.kernel);
    /// assert_eq!(update.to_vec::<f32>(), (kernel.value() * -0.5).to_vec::<f32>());
    /// assert_eq!(layer.kernel.to_vec::<f32>(), (kernel.value() * 0.5).to_vec::<f32>());
    /// ```
    ///
    /// # Panics
    /// As [`update_with`](Optimizer::update_with).
    #[track_caller]
    pub fn update_returning<M: Module>(
        &mut self,
        model: &mut M,
        grads: &M,
        extra: ExtraArgs<'_, M>,
    ) -> Params {
        let updates = self.take_step(model, grads, extra, true);
        Params::from_layout(&self.wrt, updates)
    }

    /// Takes one step; the updates, if they are `returned`.
    #[track_caller]
    fn take_step<M: Module>(
        &mut self,
        model: &mut M,
        grads: &M,
        extra: ExtraArgs<'_, M>,
        returned: bool,
    ) -> Vec<Array> {
        let write = |mut v: &mut dyn Visitor| {
            model.flatten(&mut v);
            self.opt_state.flatten(&mut v);
        };
        let read = |mut v: &mut dyn Visitor| {
            grads.flatten(&mut v);
            self.tx.flatten(&mut v);
        };
        let invalid = |why| Error::Invalid(format!("Optimizer::update: {why}"));
        let _held = or_raise(hold(&write, &read).map_err(invalid));
        or_raise(self.check_sharing(model, "model"));
        // Of a node's gradient only that at its first place is looked at.
        or_raise(self.check_sharing(grads, "gradient"));
        let (params, positions) = or_raise(self.select(model));
        or_raise(self.check_shapes(&params));
        let gradients = or_raise(self.gradients(grads, &params));
        let n = params.len();
        let state: Vec<Array> =
            collect_leaves(&self.opt_state).into_iter().map(|leaf| leaf.array).collect();
        let step = self.step.value();
        let mut args: Vec<Array> =
            params.arrays().chain(&gradients).chain(&state).chain([step]).cloned().collect();
        let step = args.len() - 1;
        args.extend(extra.value);
        let places = ParamPositions::new(positions);
        // The loss as a function of parameters.
        let value_fn = extra.value_fn.map(|value_fn| {
            let (model, places) = (&*model, &places);
            move |params: &mut Params| value_fn(&mut places.put(model, params, Array::clone))
        });
        // One program outside of a trace, part of the running one inside.
        let mut outs = or_raise(staged("optimizer_update", &args, |args| {
            let params = Params::from_layout(&self.wrt, args[..n].iter().cloned());
            let gradients = Params::from_layout(&self.wrt, args[n..2 * n].iter().cloned());
            let mut state = rebuild(&self.opt_state, |i, _| args[2 * n + i].clone());
            let extra = ExtraArgs {
                value: args.get(step + 1).cloned(),
                grad: Some(gradients.clone()),
                value_fn: value_fn.as_ref().map(|value_fn| value_fn as _),
            };
            let updates = self.tx.update_with(gradients, &mut state, &params, &extra);
            let new = apply_updates(&params, &updates);
            let step = &args[step] + 1;
            let state = collect_leaves(&state).into_iter().map(|leaf| leaf.array);
            let mut outs: Vec<Array> = new.arrays().cloned().chain(state).chain([step]).collect();
            if returned {
                outs.extend(updates.arrays().cloned());
            }
            outs
        }));
        let updates = outs.split_off(outs.len() - if returned { n } else { 0 });
        or_raise(self.check_results(&params, &outs));
        let mut next = places.0.into_iter().peekable();
        replace_leaves(model, |position, array| {
            if let Some((_, i)) = next.next_if(|(p, _)| *p == position) {
                *array = outs[i].clone();
            }
        });
        replace_leaves(&mut self.opt_state, |i, array| *array = outs[n + i].clone());
        self.step.set(outs[outs.len() - 1].clone());
        updates
    }

    /// The loss of `model` and its gradient: those that the line search of the last step has in its state, and those of
    /// `loss_fn` where there are none. `optax.value_and_grad_from_state`.
    ///
    /// The state must be of the step that made the model what it is. What `loss_fn` changes in the model is dropped.
    ///
    /// ```
    /// use nnx::optim::{ExtraArgs, Optimizer, lbfgs};
    /// use nnx::{Array, Param};
    ///
    /// let loss_fn = |x: &mut Param| (x.value() - 2.0).square().sum(..);
    /// let mut x = Param::new(Array::from([3.0_f32, -2.0]));
    /// let mut opt = Optimizer::new(&x, lbfgs());
    /// for _ in 0..3 {
    ///     let (loss, grads) = opt.value_and_grad(&mut x, &loss_fn);
    ///     opt.update_with(&mut x, &grads, ExtraArgs::new().value(&loss).value_fn(&loss_fn));
    /// }
    /// assert!(opt.value_and_grad(&mut x, &loss_fn).0.item::<f32>() < 1e-10);
    /// ```
    ///
    /// # Panics
    /// Panics if no line search of the optimizer keeps the gradient, or the model has other parameters.
    #[track_caller]
    pub fn value_and_grad<M: Module>(
        &self,
        model: &mut M,
        loss_fn: &dyn Fn(&mut M) -> Array,
    ) -> (Array, M) {
        let _held = hold_to_read("Optimizer::value_and_grad", model);
        let (params, positions) = or_raise(self.select(model));
        let (value, grad) = or_raise(self.stored_loss());
        let (model, places) = (&*model, ParamPositions::new(positions));
        let (value, grad) = cond(
            value.is_finite(),
            |_: &Params| (value.clone(), grad.clone()),
            |params: &Params| {
                let loss = |params: &Params| loss_fn(&mut places.put(model, params, Array::clone));
                let (loss, grad) = value_and_grad(loss, wrt(Everything, params));
                (loss.astype(value.dtype()), grad)
            },
            &params,
        );
        let gap = || Array::absent("there is no gradient here: the optimizer does not update it");
        (value, places.put(model, &grad, |_| gap()))
    }

    /// The parameters of `model` that this optimizer updates.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, sgd};
    /// use nnx::{Array, Param, path_contains};
    ///
    /// let model = [1.0_f32, 2.0].map(|x| Param::new(Array::scalar(x)));
    /// let opt = Optimizer::wrt(&model, sgd(0.1), path_contains(1));
    /// assert_eq!(opt.params(&model).get("[1]").unwrap().item::<f32>(), 2.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the model has other parameters than the one that the optimizer was made for.
    #[track_caller]
    pub fn params<M: Module>(&self, model: &M) -> Params {
        let _held = hold_to_read("Optimizer::params", model);
        or_raise(self.select(model)).0
    }

    /// `model` with these parameters in place of its own, such as an average that a state keeps.
    ///
    /// ```
    /// use nnx::optim::{Optimizer, sgd};
    /// use nnx::{Array, Param};
    ///
    /// let x = Param::new(Array::scalar(2.0_f32));
    /// let opt = Optimizer::new(&x, sgd(0.1));
    /// let other = opt.params(&x).map(|p| p * 3.0);
    /// assert_eq!(opt.put(&x, &other).item::<f32>(), 6.0);
    /// ```
    ///
    /// # Panics
    /// Panics if the model or `params` have other parameters than the model that the optimizer was made for.
    #[track_caller]
    pub fn put<M: Module>(&self, model: &M, params: &Params) -> M {
        let _held = hold_to_read("Optimizer::put", model);
        let (own, positions) = or_raise(self.select(model));
        let params = own.zip(params, |own, given| given.astype(own.dtype()));
        ParamPositions::new(positions).put(model, &params, Array::clone)
    }

    /// The loss and the gradient after the last step, as a line search keeps them at `value` and `grad`.
    fn stored_loss(&self) -> Result<(Array, Params), Error> {
        let (paths, leaves) =
            (paths(|v| self.opt_state.flatten(v)), collect_leaves(&self.opt_state));
        let by_path: BTreeMap<String, &Array> =
            paths.iter().map(Path::to_string).zip(leaves.iter().map(|leaf| &leaf.array)).collect();
        let gradient = |prefix: &str| {
            let at = |place: &ParamPlace| {
                let path = place.path.to_string();
                let dot = if path.starts_with('[') || path.is_empty() { "" } else { "." };
                by_path.get(&format!("{prefix}grad{dot}{path}")).map(|&array| array.clone())
            };
            self.wrt.iter().map(at).collect::<Option<Vec<_>>>()
        };
        let stored = by_path.iter().find_map(|(path, value)| {
            let prefix = path.strip_suffix("value").filter(|p| p.is_empty() || p.ends_with('.'))?;
            Some(((*value).clone(), Params::from_layout(&self.wrt, gradient(prefix)?)))
        });
        stored.ok_or_else(|| {
            Error::Invalid(
                "Optimizer::value_and_grad: no part of the optimizer keeps the loss and its gradient\n\
                 fix: chain it with `scale_by_zoom_linesearch(..)`, or with \
                 `scale_by_backtracking_linesearch(..).store_grad(true)`"
                    .into(),
            )
        })
    }

    /// The parameters of `model` that are updated, and their positions among its leaves.
    fn select<M: Module>(&self, model: &M) -> Result<(Params, Vec<usize>), Error> {
        let mut found = parameters(model, |_, _| true);
        found.sort_by(|a, b| a.place.path.cmp(&b.place.path));
        let mut arrays = Vec::new();
        let mut positions = Vec::new();
        for ParamPlace { path, kind, .. } in self.wrt.iter() {
            let at = found.binary_search_by(|leaf| leaf.place.path.cmp(path)).ok();
            let is_kind = |leaf: &&FloatVariable| match (leaf.place.kind, kind) {
                (Some(found), Some(kind)) => found.is(kind),
                (found, kind) => found.is_none() && kind.is_none(),
            };
            let Some(leaf) = at.map(|at| &found[at]).filter(is_kind) else {
                let kind = kind_name(*kind);
                return Err(Error::Invalid(format!(
                    "Optimizer::update: the model has no {kind} of a float dtype at `{path}`, which \
                     the model that this optimizer was made for has"
                )));
            };
            arrays.push(leaf.array.clone());
            positions.push(leaf.position);
        }
        Ok((Params::from_layout(&self.wrt, arrays), positions))
    }

    /// The gradient of each parameter, found by its path.
    fn gradients<M: Module>(&self, grads: &M, params: &Params) -> Result<Vec<Array>, Error> {
        let paths = paths(|v| grads.flatten(v));
        let by_path: BTreeMap<&Path, Leaf> = paths.iter().zip(collect_leaves(grads)).collect();
        let gradient = |(path, param): (&Path, &Array)| {
            let Some(leaf) = by_path.get(path) else {
                return Err(Error::Invalid(format!(
                    "Optimizer::update: the gradients hold nothing at `{path}`: take them with \
                     respect to the model that is updated"
                )));
            };
            let aval = leaf.array.try_aval().map_err(|why| {
                Error::Invalid(format!("Optimizer::update: no gradient for `{path}`: {why}"))
            })?;
            let param = param.try_aval()?;
            let shape = match self.tx.takes_examples() {
                true => aval.shape().get(1..),
                false => Some(aval.shape()),
            };
            if shape != Some(param.shape()) {
                let fix = match aval.shape().get(1..) == Some(param.shape()) {
                    true => {
                        "\nfix: if the first axis is that of examples, take the mean over it, or put \
                         `differentially_private_aggregate` first in a chain, in front of what holds optimizers"
                    }
                    false => "",
                };
                return Err(Error::Invalid(format!(
                    "Optimizer::update: the gradient for `{path}` is {aval}, the parameter {param}{fix}"
                )));
            }
            Ok(leaf.array.clone())
        };
        params.iter().map(gradient).collect()
    }
}

/// Where parameters lie in a model: the positions of its leaves, in order, with the numbers of the parameters.
struct ParamPositions(Vec<(usize, usize)>);

impl ParamPositions {
    /// Of `positions[i]`, where the i-th parameter lies.
    fn new(positions: Vec<usize>) -> Self {
        let mut places: Vec<_> = positions.into_iter().zip(0..).collect();
        places.sort_unstable();
        ParamPositions(places)
    }

    /// `model` with these parameters, and `other` of its other leaves.
    fn put<M: Module>(&self, model: &M, params: &Params, other: impl Fn(&Array) -> Array) -> M {
        let arrays: Vec<&Array> = params.arrays().collect();
        rebuild(model, |position, array| {
            match self.0.binary_search_by_key(&position, |(position, _)| *position) {
                Ok(found) => arrays[self.0[found].1].clone(),
                Err(_) => other(array),
            }
        })
    }
}

/// Parameters plus updates, in the parameters' dtypes. `optax.apply_updates`.
fn apply_updates(params: &Params, updates: &Params) -> Params {
    params.zip(updates, |p, u| (p + u).astype(p.dtype()))
}

/// Each further place of a leaf in a shared node, and the first one.
fn shared_places<M: Module>(model: &M) -> Arc<SharedPlaces> {
    Hashed::new(other_places(model))
}

/// `array` for a plain array, as in tables.
fn kind_name(kind: Option<&'static Kind>) -> &'static str {
    kind.map_or("array", |kind| kind.name)
}

/// The Variables and plain arrays that an optimizer updates: those that `filter` takes, at least one.
fn chosen<M: Module>(
    model: &M,
    filter: &dyn Filter,
    what: &str,
) -> Result<Vec<FloatVariable>, String> {
    let flatten = |mut v: &mut dyn Visitor| model.flatten(&mut v);
    let takes = |path: &Path, leaf: &VarInfo<'_>| filter.matches(path, leaf);
    let show = |taken: &bool| if *taken { "updated" } else { "not updated" }.to_owned();
    check_places(flatten, "`wrt`", Path::to_string, takes, show)?;
    let mut gap = None;
    for_each_leaf(model, |path, leaf| {
        if let Err(why) = leaf.value.try_aval()
            && takes(path, &leaf)
        {
            let kind = kind_name(leaf.kind);
            gap.get_or_insert_with(|| format!("the {kind} at `{path}` has no value: {why}"));
        }
    });
    if let Some(gap) = gap {
        return Err(gap);
    }
    let found = parameters(model, takes);
    if found.is_empty() {
        let all = parameters(model, |_, _| true);
        let all: Vec<_> = all
            .iter()
            .map(|p| format!("\n  {}: {}", p.place.path, kind_name(p.place.kind)))
            .collect();
        let there = if all.is_empty() { "" } else { "; its Variables of a float dtype:" };
        let (model, all) = (std::any::type_name::<M>(), all.concat());
        return Err(format!(
            "{model} holds no {what} of a float dtype, so there is nothing to update{there}{all}"
        ));
    }
    Ok(found)
}
