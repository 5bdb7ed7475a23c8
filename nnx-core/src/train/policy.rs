//! [`Policy`]: which dtypes a model computes in.

use crate::array::invalid;
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::compare::Statics;
use crate::module::held::{hold_to_read, hold_to_write};
use crate::module::walk::{Leaf, collect_leaves, map_leaves};
use crate::module::{
    Filter, Module, ParamKind, Path, Seen, SharedNode, VarInfo, VarMut, VariableKind, VisitorMut,
};
use crate::value::DType;
use std::sync::Arc;

/// A policy of mixed precision for a whole model or a part of one: parameters in one float dtype, which are trained,
/// computation in a shorter one. `jmp.Policy`.
///
/// Parameters are Variables of the kind `Param` and plain arrays. Other Variables keep their dtypes: running statistics
/// of a short dtype would stand still, since small steps are lost in it. So a `BatchNorm` computes in the f32 of its
/// statistics, unless its own `dtype` says otherwise.
///
/// ```
/// use nnx::nn::Linear;
/// use nnx::random::Rngs;
/// use nnx::train::Policy;
/// use nnx::{DType, array, value_and_grad};
///
/// let mut model = Linear::new(4, 2, &mut Rngs::new(0));
/// let x = array::ones([8, 4], DType::F32);
/// let policy = Policy::new(DType::BF16);
/// let loss_fn = |model: &mut Linear| {
///     let y = policy.apply(model, |model| {
///         assert_eq!(model.kernel.dtype(), DType::BF16);
///         model.forward(&policy.cast_to_compute(&x))
///     });
///     policy.cast_to_output(&y).square().mean(..)
/// };
/// let (loss, grads) = value_and_grad(loss_fn, &mut model);
/// assert_eq!((loss.dtype(), grads.kernel.dtype()), (DType::F32, DType::F32));
/// ```
#[derive(Clone)]
pub struct Policy {
    param: DType,
    compute: DType,
    output: DType,
    kept: Vec<Arc<dyn Filter>>,
}

impl Policy {
    /// Computation in the dtype `compute`, parameters and outputs in f32.
    ///
    /// ```
    /// use nnx::train::Policy;
    /// use nnx::{Array, DType};
    ///
    /// let policy = Policy::new(DType::BF16);
    /// let x = Array::scalar(1.0_f32);
    /// assert_eq!(policy.cast_to_compute(&x).dtype(), DType::BF16);
    /// assert_eq!(policy.cast_to_output(&x).dtype(), DType::F32);
    /// ```
    ///
    /// # Panics
    /// Panics if it is not a float dtype.
    #[track_caller]
    pub fn new(compute: DType) -> Self {
        float("compute", compute);
        Policy { param: DType::F32, compute, output: DType::F32, kept: Vec::new() }
    }

    /// The dtype of parameters, by default f32.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::random::Rngs;
    /// use nnx::train::Policy;
    /// use nnx::DType;
    ///
    /// let model = Linear::new(4, 2, &mut Rngs::new(0));
    /// let policy = Policy::new(DType::BF16).param_dtype(DType::BF16);
    /// assert_eq!(policy.cast_to_param(&model).kernel.dtype(), DType::BF16);
    /// ```
    ///
    /// # Panics
    /// Panics if it is not a float dtype.
    #[track_caller]
    pub fn param_dtype(self, param: DType) -> Self {
        float("param", param);
        Policy { param, ..self }
    }

    /// The dtype of outputs, by default f32.
    ///
    /// ```
    /// use nnx::train::Policy;
    /// use nnx::{Array, DType};
    ///
    /// let policy = Policy::new(DType::F16).output_dtype(DType::F16);
    /// assert_eq!(policy.cast_to_output(&Array::scalar(1.0_f32)).dtype(), DType::F16);
    /// ```
    ///
    /// # Panics
    /// Panics if it is not a float dtype.
    #[track_caller]
    pub fn output_dtype(self, output: DType) -> Self {
        float("output", output);
        Policy { output, ..self }
    }

    /// The leaves that a filter takes stay in their dtypes, such as those of norms.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::random::Rngs;
    /// use nnx::train::Policy;
    /// use nnx::{DType, path_contains};
    ///
    /// let model = Linear::new(4, 2, &mut Rngs::new(0));
    /// let policy = Policy::new(DType::BF16).keep(path_contains("bias"));
    /// let copy = policy.cast_to_compute(&model);
    /// assert_eq!(copy.kernel.dtype(), DType::BF16);
    /// assert_eq!(copy.bias.unwrap().dtype(), DType::F32);
    /// ```
    pub fn keep(mut self, filter: impl Filter + 'static) -> Self {
        self.kept.push(Arc::new(filter));
        self
    }

    /// A copy of a tree whose parameters that are floats have the dtype of parameters. Other leaves are as they were; so are
    /// they in the next two.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::random::Rngs;
    /// use nnx::train::Policy;
    /// use nnx::DType;
    ///
    /// let model = Linear::new(4, 2, &mut Rngs::new(0));
    /// let policy = Policy::new(DType::BF16);
    /// let short = policy.cast_to_compute(&model);
    /// assert_eq!(policy.cast_to_param(&short).kernel.dtype(), DType::F32);
    /// ```
    ///
    /// # Panics
    /// Panics if this thread holds a shared node for writing.
    #[track_caller]
    pub fn cast_to_param<M: Module>(&self, tree: &M) -> M {
        let _held = hold_to_read("Policy::cast_to_param", tree);
        self.cast(tree, self.param)
    }

    /// A copy of a tree whose parameters have the dtype of computation.
    ///
    /// ```
    /// use nnx::nn::BatchNorm;
    /// use nnx::random::Rngs;
    /// use nnx::train::Policy;
    /// use nnx::{Array, DType};
    ///
    /// let policy = Policy::new(DType::BF16);
    /// let norm = policy.cast_to_compute(&BatchNorm::new(3, &mut Rngs::new(0)));
    /// assert_eq!(norm.scale.unwrap().dtype(), DType::BF16);
    /// // Running statistics keep their dtype, and integers too.
    /// assert_eq!(norm.mean.dtype(), DType::F32);
    /// assert_eq!(policy.cast_to_compute(&Array::scalar(1)).dtype(), DType::I32);
    /// ```
    ///
    /// # Panics
    /// Panics if this thread holds a shared node for writing.
    #[track_caller]
    pub fn cast_to_compute<M: Module>(&self, tree: &M) -> M {
        let _held = hold_to_read("Policy::cast_to_compute", tree);
        self.cast(tree, self.compute)
    }

    /// A copy of a tree whose parameters have the dtype of outputs.
    ///
    /// ```
    /// use nnx::train::Policy;
    /// use nnx::{Array, DType};
    ///
    /// let policy = Policy::new(DType::BF16);
    /// let (logits, cache) = (Array::scalar(1.5_f32), Array::scalar(2.5_f32));
    /// let short = policy.cast_to_compute(&(logits, cache));
    /// let (logits, _) = policy.cast_to_output(&short);
    /// assert_eq!((logits.dtype(), logits.item::<f32>()), (DType::F32, 1.5));
    /// ```
    ///
    /// # Panics
    /// Panics if this thread holds a shared node for writing.
    #[track_caller]
    pub fn cast_to_output<M: Module>(&self, tree: &M) -> M {
        let _held = hold_to_read("Policy::cast_to_output", tree);
        self.cast(tree, self.output)
    }

    /// Calls `f` with a copy of `model` in the dtype of computation. The values and metadata that `f` sets in the copy, such
    /// as batch statistics and the state of random streams, are set in `model`, in the dtypes that they have there.
    /// Derivatives go through both.
    ///
    /// ```
    /// use nnx::nn::Linear;
    /// use nnx::random::Rngs;
    /// use nnx::train::Policy;
    /// use nnx::{DType, array};
    ///
    /// let mut model = Linear::new(4, 2, &mut Rngs::new(0));
    /// let policy = Policy::new(DType::BF16);
    /// let x = array::ones([8, 4], DType::BF16);
    /// let y = policy.apply(&mut model, |model| model.forward(&x));
    /// // The model itself stays in f32.
    /// assert_eq!((y.dtype(), model.kernel.dtype()), (DType::BF16, DType::F32));
    /// ```
    ///
    /// # Panics
    /// Panics if `f` changes the structure of the copy or a static part of it, which would be lost, if another handle changes
    /// those of the model meanwhile, or if this thread holds a guard of a shared node.
    #[track_caller]
    pub fn apply<M: Module, R>(&self, model: &mut M, f: impl FnOnce(&mut M) -> R) -> R {
        let mut copy = {
            let _held = or_raise(hold_to_write("Policy::apply", model));
            self.cast(model, self.compute)
        };
        let statics = |tree: &M| Statics::of(|v| tree.flatten(v)).without_metadata();
        let (before, form) = (collect_leaves(&copy), statics(&copy));
        let result = f(&mut copy);
        let _held = or_raise(hold_to_write("Policy::apply", model));
        for (tree, what) in [
            (&copy, "the function changed its copy of the model"),
            (&*model, "the model changed meanwhile"),
        ] {
            if let Some(change) = form.difference(&statics(tree)) {
                let fix = "set values alone in the function, and change the rest outside of it";
                invalid("Policy::apply", format!("{what}: {}\nfix: {fix}", change.message));
            }
        }
        let after = collect_leaves(&copy);
        let leaves = before.iter().zip(after);
        model.flatten_mut(&mut SetFromCopy { leaves, seen: Seen::default() });
        result
    }

    fn cast<M: Module>(&self, tree: &M, dtype: DType) -> M {
        let is_kept = |path: &Path, leaf: &VarInfo<'_>| {
            leaf.kind.is_some_and(|kind| !kind.is(ParamKind::KIND))
                || self.kept.iter().any(|filter| filter.matches(path, leaf))
        };
        map_leaves(tree, |path, leaf| match leaf.value.try_aval() {
            Ok(aval) if aval.dtype().is_float() && !is_kept(path, &leaf) => {
                leaf.value.astype(dtype)
            }
            _ => leaf.value.clone(),
        })
    }
}

#[track_caller]
fn float(what: &str, dtype: DType) {
    if !dtype.is_float() {
        invalid("Policy", format!("the dtype of `{what}` is {dtype}, which is not a float dtype"));
    }
}

/// Sets the leaves of a model that differ in a copy of it, before and after.
struct SetFromCopy<I> {
    leaves: I,
    seen: Seen,
}

impl<'l, I: Iterator<Item = (&'l Leaf, Leaf)>> SetFromCopy<I> {
    /// The next leaf of the copy, and whether it has another value than before.
    fn next(&mut self) -> (Leaf, bool) {
        match self.leaves.next() {
            Some((before, after)) => {
                let is_set = !before.array.is_same_value(&after.array);
                (after, is_set)
            }
            None => unreachable!("the copy has the leaves of the model"),
        }
    }
}

fn set(value: &mut Array, new: Array) {
    *value = match (value.try_aval(), new.try_aval()) {
        (Ok(was), Ok(_)) if was.dtype().is_float() => new.astype(was.dtype()),
        _ => new,
    };
}

impl<'l, I: Iterator<Item = (&'l Leaf, Leaf)>> VisitorMut for SetFromCopy<I> {
    fn variable(&mut self, variable: VarMut<'_>) {
        let (new, is_set) = self.next();
        if is_set {
            set(variable.value, new.array);
        }
        if *variable.metadata != new.metadata {
            *variable.metadata = new.metadata;
        }
    }
    fn array(&mut self, array: &mut Array) {
        let (new, is_set) = self.next();
        if is_set {
            set(array, new.array);
        }
    }
    fn shared(&mut self, node: &dyn SharedNode) {
        if self.seen.is_new(node) {
            node.flatten_mut(self);
        }
    }
}
