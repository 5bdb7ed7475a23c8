//! Different transformations for different parameters.

use super::extra::without_extra;
use super::{ExtraArgs, GradientTransformation, Params};
use crate::error::{Error, raise};
use crate::module::{
    Everything, Filter, Leaves, Module, Path, Schema, VarInfo, Visitor, VisitorMut,
};
use nnx_derive::Module;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Which parameters are meant: those that a [`Filter`] takes. The filter sees path, kind, metadata and value of a
/// parameter: `|_: &Path, leaf: &VarInfo| leaf.value.rank() > 1` takes kernels.
///
/// Static, and only clones of this very mask count as equal: a function that is jitted is compiled again for a new one.
///
/// ```
/// use nnx::optim::{Mask, Optimizer, add_decayed_weights, sgd};
/// use nnx::{Array, Param, path_contains};
///
/// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
/// let mut model = params([1.0, 1.0]);
/// // The first parameter decays.
/// let decay = add_decayed_weights(0.5).mask(Mask::of(path_contains(0)));
/// let mut opt = Optimizer::new(&model, (decay, sgd(1.0)));
/// opt.update(&mut model, &params([0.0, 0.0]));
/// assert_eq!(model.map(|x| x.item::<f32>()), [0.5, 1.0]);
/// ```
#[derive(Clone)]
pub struct Mask(Option<Arc<dyn Filter + Send + Sync>>);

impl Mask {
    /// All parameters.
    ///
    /// ```
    /// use nnx::optim::{Mask, adamw};
    /// use nnx::path_contains;
    ///
    /// // As it is by default.
    /// let mask = Mask::everything();
    /// assert_ne!(mask, Mask::of(path_contains("kernel")));
    /// let tx = adamw(1e-3).mask(mask);
    /// assert!(format!("{tx:?}").contains("Mask::everything()"));
    /// ```
    pub fn everything() -> Self {
        Mask(None)
    }

    /// Those that `filter` takes.
    ///
    /// ```
    /// use nnx::module::{Path, VarInfo};
    /// use nnx::optim::{Mask, adamw};
    ///
    /// let matrices = Mask::of(|_: &Path, leaf: &VarInfo| leaf.value.rank() > 1);
    /// let tx = adamw(1e-3).weight_decay(0.1).mask(matrices.clone());
    /// // Another mask of the same function would be another program.
    /// assert_eq!(matrices, matrices.clone());
    /// ```
    pub fn of(filter: impl Filter + Send + Sync + 'static) -> Self {
        Mask(Some(Arc::new(filter)))
    }

    fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |filter| Arc::as_ptr(filter).cast::<()>().addr())
    }

    /// The parameters that the mask takes, and the others.
    pub(super) fn split(&self, params: &Params) -> (Params, Params) {
        match self.0 {
            Some(_) => params.split(self),
            None => (params.clone(), Params::new([])),
        }
    }

    /// Raises an error if the mask takes none of the parameters: a filter that never matches is a mistake.
    #[track_caller]
    pub(super) fn check_takes_some(&self, who: &str, params: &Params) {
        if self.split(params).0.is_empty() && !params.is_empty() {
            raise(Error::Invalid(format!(
                "{who} takes none of the parameters here: {}",
                listed(params)
            )));
        }
    }
}

#[diagnostic::do_not_recommend]
impl Filter for Mask {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self.0.as_ref().is_none_or(|filter| filter.matches(path, leaf))
    }
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}
impl Eq for Mask {}
impl Hash for Mask {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}
impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_none() { "Mask::everything()" } else { "Mask::of(…)" })
    }
}

#[diagnostic::do_not_recommend]
impl Module for Mask {
    const SCHEMA: &'static Schema = &Schema::Static("Mask");
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        visitor.static_value(self);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
    fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
        self.clone()
    }
}

/// A transformation for some parameters; made by [`group`].
///
/// ```
/// use nnx::optim::{Optimizer, group, partition, sgd};
/// use nnx::{Array, Everything, Param, path_contains};
///
/// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
/// let mut model = params([0.0, 0.0]);
/// let groups = (group(path_contains(0), sgd(1.0)), group(Everything, sgd(0.5)));
/// let mut opt = Optimizer::new(&model, partition(groups));
/// // The rate of one group, set between steps.
/// opt.tx.groups.0.tx.set_learning_rate(0.25);
/// opt.update(&mut model, &params([5.0, 5.0]));
/// assert_eq!(model.map(|x| x.item::<f32>()), [-1.25, -2.5]);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Group<T> {
    mask: Mask,
    /// The transformation.
    pub tx: T,
}

/// The transformation `tx` for the parameters that `filter` takes, as a part of a [`partition`].
///
/// The filter is asked at every update. So one that looks at values should not change its mind: under `vmap` it sees
/// the shapes of one example.
///
/// ```
/// use nnx::optim::{Optimizer, group, partition, sgd};
/// use nnx::{Array, Everything, Param, path_contains};
///
/// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
/// let mut model = params([0.0, 0.0]);
/// let groups = (group(path_contains(0), sgd(1.0)), group(Everything, sgd(0.5)));
/// let mut opt = Optimizer::new(&model, partition(groups));
/// opt.update(&mut model, &params([5.0, 5.0]));
/// assert_eq!(model.map(|x| x.item::<f32>()), [-5.0, -2.5]);
/// ```
pub fn group<T>(filter: impl Filter + Send + Sync + 'static, tx: T) -> Group<T> {
    Group { mask: Mask::of(filter), tx }
}

/// A tuple of up to eight [`Group`]s.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{Groups, Optimizer, Partition, adam, group, partition, sgd};
/// use nnx::random::Rngs;
/// use nnx::{Everything, path_contains};
///
/// fn optimizer<G: Groups>(layer: &Linear, groups: G) -> Optimizer<Partition<G>> {
///     Optimizer::new(layer, partition(groups))
/// }
///
/// let layer = Linear::new(3, 4, &mut Rngs::new(0));
/// let groups = (group(path_contains("bias"), sgd(0.1)), group(Everything, adam(1e-3)));
/// // The states are a tuple too.
/// let (_, adam) = optimizer(&layer, groups).opt_state;
/// assert!(adam.0.mu.get("kernel").is_some() && adam.0.mu.get("bias").is_none());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of groups of parameters",
    label = "not groups",
    note = "write `partition((group(path_contains(\"bias\"), sgd(0.1)), group(Everything, adamw(1e-3))))`"
)]
pub trait Groups: Module {
    /// The states of the transformations.
    type States: Module;
    /// Calls `group` with the mask of each.
    #[doc(hidden)]
    fn masks<'a>(&'a self, group: &mut dyn FnMut(&'a Mask));
    /// Whether each group takes an axis of examples.
    #[doc(hidden)]
    fn take_examples(&self) -> Vec<bool>;
    /// The states for the parameters of each group.
    #[doc(hidden)]
    fn init(&self, params: &[Params]) -> Self::States;
    /// The updates of each group.
    #[doc(hidden)]
    fn update(
        &self,
        updates: Vec<Params>,
        states: &mut Self::States,
        params: &[Params],
        extra: &[ExtraArgs<'_>],
    ) -> Vec<Params>;
}

macro_rules! groups {
    ($($($t:ident $i:tt),*;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($t: GradientTransformation),*> Groups for ($(Group<$t>,)*) {
            type States = ($($t::State,)*);

            fn masks<'a>(&'a self, group: &mut dyn FnMut(&'a Mask)) {
                $(group(&self.$i.mask);)*
            }
            fn take_examples(&self) -> Vec<bool> {
                vec![$(self.$i.tx.takes_examples()),*]
            }
            #[track_caller]
            fn init(&self, params: &[Params]) -> Self::States {
                ($(self.$i.tx.init(&params[$i]),)*)
            }
            #[track_caller]
            fn update(
                &self,
                updates: Vec<Params>,
                states: &mut Self::States,
                params: &[Params],
                extra: &[ExtraArgs<'_>],
            ) -> Vec<Params> {
                let mut updates = updates.into_iter();
                let mut next = || updates.next().unwrap_or_else(|| Params::new([]));
                vec![$(self.$i.tx.update_with(next(), &mut states.$i, &params[$i], &extra[$i])),*]
            }
        }
    )*};
}
groups! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

/// See [`partition`].
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::optim::{AdamW, Group, Optimizer, Partition, Sgd, adamw, group, partition, sgd};
/// use nnx::random::Rngs;
/// use nnx::{Everything, path_contains};
///
/// type Groups = (Group<Sgd>, Group<AdamW>);
///
/// let layer = Linear::new(3, 4, &mut Rngs::new(0));
/// let groups: Groups = (group(path_contains("bias"), sgd(0.1)), group(Everything, adamw(1e-3)));
/// let opt: Optimizer<Partition<Groups>> = Optimizer::new(&layer, partition(groups));
/// assert_eq!(opt.opt_state.1.0.mu.len(), 1);
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct Partition<G> {
    /// The groups.
    pub groups: G,
}

/// A transformation for each group of parameters; the first group whose filter takes a parameter has it.
/// `optax.partition`, whose older name is `optax.multi_transform`.
///
/// ```
/// use nnx::module::{Everything, path_contains};
/// use nnx::nn::Linear;
/// use nnx::optim::{Optimizer, adamw, group, partition, sgd};
/// use nnx::random::Rngs;
///
/// let layer = Linear::new(3, 4, &mut Rngs::new(0));
/// // Biases without momentum and at a rate of their own.
/// let groups = (group(path_contains("bias"), sgd(0.1)), group(Everything, adamw(1e-3)));
/// let opt = Optimizer::new(&layer, partition(groups));
/// assert_eq!(opt.opt_state.1.0.mu.len(), 1);
/// ```
///
/// # Panics
/// `init` panics if a parameter is in no group, or a filter takes no parameter at all.
pub fn partition<G: Groups>(groups: G) -> Partition<G> {
    Partition { groups }
}

/// `tx` for the parameters that `filter` takes; the updates of the others pass unchanged. `optax.masked`.
///
/// ```
/// use nnx::optim::{Optimizer, clip, masked, sgd};
/// use nnx::{Array, Param, path_contains};
///
/// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
/// let mut model = params([0.0, 0.0]);
/// let mut opt = Optimizer::new(&model, (masked(clip(1.0), path_contains(0)), sgd(1.0)));
/// opt.update(&mut model, &params([5.0, 5.0]));
/// assert_eq!(model.map(|x| x.item::<f32>()), [-1.0, -5.0]);
/// ```
///
/// # Panics
/// `init` panics if the filter takes no parameter.
pub fn masked<T: GradientTransformation>(
    tx: T,
    filter: impl Filter + Send + Sync + 'static,
) -> Partition<(Group<T>, Group<()>)> {
    partition((group(filter, tx), group(Everything, ())))
}

/// Updates of zero for the parameters that `filter` takes, so that they stay as they are; put it last in a chain.
/// `optax.transforms.freeze`.
///
/// [`Optimizer::wrt`](super::Optimizer::wrt) leaves parameters out altogether: then they cost nothing.
///
/// ```
/// use nnx::optim::{Optimizer, freeze, sgd};
/// use nnx::{Array, Param, path_contains};
///
/// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
/// let mut model = params([0.0, 0.0]);
/// let mut opt = Optimizer::new(&model, (sgd(1.0), freeze(path_contains(0))));
/// opt.update(&mut model, &params([5.0, 5.0]));
/// assert_eq!(model.map(|x| x.item::<f32>()), [0.0, -5.0]);
/// ```
///
/// # Panics
/// `init` panics if the filter takes no parameter.
pub fn freeze(
    filter: impl Filter + Send + Sync + 'static,
) -> Partition<(Group<SetToZero>, Group<()>)> {
    masked(set_to_zero(), filter)
}

/// `tx` for the parameters that `frozen` does not take, and updates of zero for those that it takes.
/// `optax.selective_transform`.
///
/// ```
/// use nnx::optim::{Optimizer, selective_transform, sgd};
/// use nnx::{Array, Param, path_contains};
///
/// let params = |values: [f32; 2]| values.map(|x| Param::new(Array::scalar(x)));
/// let mut model = params([0.0, 0.0]);
/// let mut opt = Optimizer::new(&model, selective_transform(sgd(1.0), path_contains(0)));
/// opt.update(&mut model, &params([5.0, 5.0]));
/// assert_eq!(model.map(|x| x.item::<f32>()), [0.0, -5.0]);
/// ```
///
/// # Panics
/// `init` panics if the filter takes no parameter, or all.
pub fn selective_transform<T: GradientTransformation>(
    tx: T,
    frozen: impl Filter + Send + Sync + 'static,
) -> Partition<(Group<SetToZero>, Group<T>)> {
    partition((group(frozen, set_to_zero()), group(Everything, tx)))
}

impl<G: Groups> Partition<G> {
    /// The parameters of each group.
    #[track_caller]
    fn split(&self, params: &Params) -> Vec<Params> {
        let (mut rest, mut groups) = (params.clone(), Vec::new());
        self.groups.masks(&mut |mask| {
            let (taken, others) = mask.split(&rest);
            if taken.is_empty() {
                let who = format!("partition: the filter of group {}", groups.len());
                mask.check_takes_some(&who, params);
            }
            groups.push(taken);
            rest = others;
        });
        if !rest.is_empty() {
            raise(Error::Invalid(format!(
                "partition: no group takes {}\nfix: end with `group(Everything, tx)`",
                listed(&rest)
            )));
        }
        groups
    }
}

impl<G: Groups> Partition<G> {
    /// Where one group takes an axis of examples, the gradients of all have it.
    #[track_caller]
    fn check_examples(&self, groups: &[Params]) {
        let takes = self.groups.take_examples();
        if !takes.contains(&true) {
            return;
        }
        for (i, (group, takes)) in groups.iter().zip(takes).enumerate() {
            if !takes && !group.is_empty() {
                raise(Error::Invalid(format!(
                    "partition: the gradients have an axis of examples, which group {i} ({}) does not take\n\
                     fix: let each group begin with `differentially_private_aggregate`, or put it in front of all",
                    listed(group)
                )));
            }
        }
    }
}

/// The first few paths.
fn listed(params: &Params) -> String {
    const SHOWN: usize = 5;
    let paths: Vec<String> =
        params.iter().take(SHOWN).map(|(path, _)| format!("`{path}`")).collect();
    let more = params.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", paths.join(", "))
}

impl<G: Groups> GradientTransformation for Partition<G> {
    type State = G::States;

    #[track_caller]
    fn init(&self, params: &Params) -> Self::State {
        self.groups.init(&self.split(params))
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        let groups = self.split(params);
        self.check_examples(&groups);
        let updates = groups.iter().map(|group| updates.split_like(group).0).collect();
        // To a group the loss is a function of its own parameters, where the others are.
        let value_fns: Vec<_> = groups
            .iter()
            .map(|group| {
                let others = params.without(group);
                move |group: &mut Params| {
                    extra.loss_at("partition", &group.clone().union(others.clone()))
                }
            })
            .collect();
        let extra: Vec<ExtraArgs<'_>> = groups
            .iter()
            .zip(&value_fns)
            .map(|(group, value_fn)| ExtraArgs {
                value: extra.value.clone(),
                grad: extra.grad.as_ref().map(|grad| grad.split_like(group).0),
                value_fn: extra.value_fn.is_some().then_some(value_fn as _),
            })
            .collect();
        let groups = self.groups.update(updates, state, &groups, &extra);
        groups.into_iter().fold(Params::new([]), Params::union)
    }

    fn takes_examples(&self) -> bool {
        self.groups.take_examples().contains(&true)
    }
}

/// See [`set_to_zero`].
///
/// ```
/// use nnx::optim::{Group, SetToZero, Sgd, group, set_to_zero, sgd};
/// use nnx::{Everything, path_contains};
///
/// let groups: (Group<SetToZero>, Group<Sgd>) =
///     (group(path_contains("head"), set_to_zero()), group(Everything, sgd(0.1)));
/// assert!(format!("{:?}", groups.0.tx).contains("SetToZero"));
/// ```
#[derive(Debug, Clone, Module)]
#[module(crate = crate)]
pub struct SetToZero;

/// Updates of zero: parameters stay as they are. `optax.set_to_zero`.
///
/// ```
/// use nnx::optim::{Optimizer, set_to_zero, sgd};
/// use nnx::{Array, Param};
///
/// let mut x = Param::new(Array::from([1.0_f32, 2.0]));
/// let mut opt = Optimizer::new(&x, (set_to_zero(), sgd(1.0)));
/// opt.update(&mut x, &Param::new(Array::from([3.0_f32, 4.0])));
/// assert_eq!(x.to_vec::<f32>(), [1.0, 2.0]);
/// ```
pub fn set_to_zero() -> SetToZero {
    SetToZero
}

impl GradientTransformation for SetToZero {
    type State = ();
    fn init(&self, _: &Params) {}
    fn update(&self, updates: Params, _: &mut (), _: &Params) -> Params {
        updates.zeros_like()
    }
}
