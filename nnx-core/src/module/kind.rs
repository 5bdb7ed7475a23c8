//! Kinds of Variables: what a Variable is for, and the hierarchy that filters follow.

use super::Variable;

/// A kind of Variable at run time. Compared by name along the chain of parents.
///
/// ```
/// use nnx::module::{HasKind, Kind};
/// use nnx::LoRAParam;
///
/// let kind: &Kind = LoRAParam::VARIABLE_KIND;
/// assert_eq!(kind.name, "LoRAParam");
/// assert_eq!(kind.parent.unwrap().name, "Param");
/// ```
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// As users write it: `Param`.
    pub name: &'static str,
    /// The kind this one specialises: a filter for the parent takes this kind too.
    pub parent: Option<&'static Kind>,
}

impl Kind {
    /// Whether this is `other` or a specialisation of it.
    ///
    /// ```
    /// use nnx::module::HasKind;
    /// use nnx::{LoRAParam, Param};
    ///
    /// assert!(LoRAParam::VARIABLE_KIND.is(Param::VARIABLE_KIND));
    /// assert!(!Param::VARIABLE_KIND.is(LoRAParam::VARIABLE_KIND));
    /// ```
    pub fn is(&self, other: &Kind) -> bool {
        let mut kind = Some(self);
        while let Some(k) = kind {
            if k == other {
                return true;
            }
            kind = k.parent;
        }
        false
    }
}

/// A kind of Variable at compile time: the `K` of `Variable<K>`.
///
/// [`variable_kind!`](crate::variable_kind) makes new ones.
///
/// ```
/// use nnx::module::VariableKind;
/// use nnx::{Array, Variable, variable_kind};
///
/// variable_kind! { struct Mask; }
///
/// let mask = Variable::<Mask>::new(Array::from([1.0_f32, 0.0]));
/// assert_eq!(Mask::KIND.name, "Mask");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of Variable",
    label = "not a kind",
    note = "fixes:\n  1. a kind of your own: `nnx::variable_kind!` makes it\n  2. a type of Variable is one already, without `Variable<…>`: `Param`, `LoRAParam`"
)]
pub trait VariableKind: 'static {
    /// The kind's name and parent.
    const KIND: &'static Kind;
}

/// A kind, or a type of Variable, which has one: `ParamKind` and `Param` alike.
///
/// ```
/// use nnx::module::{HasKind, ParamKind};
/// use nnx::Param;
///
/// assert_eq!(ParamKind::VARIABLE_KIND, Param::VARIABLE_KIND);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a kind of Variable nor a type of Variable",
    note = "kinds are made by `nnx::variable_kind!`"
)]
pub trait HasKind {
    /// The kind.
    const VARIABLE_KIND: &'static Kind;
}

#[diagnostic::do_not_recommend]
impl<K: VariableKind> HasKind for K {
    const VARIABLE_KIND: &'static Kind = K::KIND;
}

#[diagnostic::do_not_recommend]
impl<K: VariableKind> HasKind for Variable<K> {
    const VARIABLE_KIND: &'static Kind = K::KIND;
}

/// Makes kinds of Variables of one's own.
///
/// A kind can specialise another one, given by its kind or its type of Variable: filters for that
/// one then take the new kind too.
///
/// ```
/// use nnx::module::{of_type, state};
/// use nnx::{Array, Param, Variable, variable_kind};
///
/// variable_kind! {
///     /// Parameters of embedding tables, which are trained with another learning rate.
///     pub struct Table: Param;
///     /// Counts for reports.
///     struct Count;
/// }
///
/// let value = || Array::absent("no value");
/// let model = (Variable::<Table>::new(value()), Variable::<Count>::new(value()));
/// assert_eq!(state(&model).filter(of_type::<Table>()).len(), 1);
/// assert_eq!(state(&model).filter(of_type::<Param>()).len(), 1);
/// ```
#[macro_export]
macro_rules! variable_kind {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident $(: $parent:ty)?;)+) => {$(
        $crate::variable_kind! {
            @kind $(#[$meta])* $vis $name, ::core::stringify!($name) $(, $parent)?
        }
    )+};
    (@kind $(#[$meta:meta])* $vis:vis $kind:ident, $name:expr $(, $parent:ty)?) => {
        $(#[$meta])*
        #[derive(
            ::core::fmt::Debug,
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::hash::Hash,
        )]
        $vis struct $kind;

        #[diagnostic::do_not_recommend]
        impl $crate::module::VariableKind for $kind {
            const KIND: &'static $crate::module::Kind = &$crate::module::Kind {
                name: $name,
                parent: $crate::variable_kind!(@parent $($parent)?),
            };
        }
    };
    (@parent) => { ::core::option::Option::None };
    (@parent $parent:ty) => {
        ::core::option::Option::Some(<$parent as $crate::module::HasKind>::VARIABLE_KIND)
    };
    ($($other:tt)*) => {
        ::core::compile_error! {
            "`variable_kind!` takes structs without fields: `variable_kind! { pub struct Mask; }`, or with a parent \
             `variable_kind! { pub struct Table: Param; }`"
        }
    };
}

/// The kinds that come with the library, a line each: a kind by itself, as `BatchStat;`, or a type
/// of Variable with a name of its own, as `Param = Variable<ParamKind>;`.
macro_rules! kinds {
    () => {};
    ($(#[$doc:meta])* $kind:ident $(: $parent:ty)?; $($rest:tt)*) => {
        variable_kind! { @kind $(#[$doc])* pub $kind, stringify!($kind) $(, $parent)? }
        kinds! { $($rest)* }
    };
    ($(#[$doc:meta])* $name:ident = Variable<$kind:ident> $(: $parent:ty)?; $($rest:tt)*) => {
        $(#[$doc])*
        pub type $name = Variable<$kind>;
        variable_kind! {
            @kind
            #[doc = concat!("The kind of a [`", stringify!($name), "`].")]
            pub $kind, stringify!($name) $(, $parent)?
        }
        kinds! { $($rest)* }
    };
}

kinds! {
    /// A parameter: a Variable that is trained by gradients.
    ///
    /// ```
    /// use nnx::{Array, Module, Param, grad};
    ///
    /// #[derive(Module)]
    /// struct Line {
    ///     slope: Param,
    /// }
    ///
    /// let line = Line { slope: Param::new(Array::scalar(2.0_f32)) };
    /// let gradients = grad(|line: &Line| (line.slope.value() * 3.0).square(), &line);
    /// assert_eq!(gradients.slope.item::<f32>(), 36.0);
    /// ```
    Param = Variable<ParamKind>;
    /// Running statistics of a batch norm.
    ///
    /// ```
    /// use nnx::module::BatchStat;
    /// use nnx::{nn::BatchNorm, of_type, random::Rngs, state};
    ///
    /// let running = state(&BatchNorm::new(4, &mut Rngs::new(0))).filter(of_type::<BatchStat>());
    /// let paths: Vec<String> = running.paths().map(|path| path.to_string()).collect();
    /// assert_eq!(paths, ["mean", "var"]);
    /// ```
    BatchStat;
    /// Kept between calls, as the keys and values of decoding attention.
    ///
    /// ```
    /// use nnx::module::Cache;
    /// use nnx::{DType, nn::MultiHeadAttention, of_type, random::Rngs, state};
    ///
    /// let mut layer = MultiHeadAttention::new(2, 8, &mut Rngs::new(0));
    /// layer.init_cache([1, 16, 8], DType::F32);
    /// assert_eq!(state(&layer).filter(of_type::<Cache>()).len(), 3); // keys, values, their number
    /// ```
    Cache;
    /// Values recorded on the way, as by `sow`.
    ///
    /// ```
    /// use nnx::module::{Intermediate, capture, sow};
    /// use nnx::{Array, of_type};
    ///
    /// let mut model = vec![Array::scalar(2.0_f32)];
    /// let square = |m: &mut Vec<Array>| sow::<Intermediate, _>(m, "square", &m[0].square());
    /// let (_, values) = capture(square, &mut model);
    /// assert_eq!(values.filter(of_type::<Intermediate>())["square[0]"].value.item::<f32>(), 4.0);
    /// ```
    Intermediate;
    /// Zeros added to intermediates, to take gradients with respect to them.
    ///
    /// ```
    /// use nnx::module::{Perturbation, capture, perturb};
    /// use nnx::{Array, of_type};
    ///
    /// let mut model = vec![Array::scalar(2.0_f32)];
    /// let (_, zeros) = capture(|model| perturb(model, "input", &model[0]), &mut model);
    /// assert_eq!(zeros.filter(of_type::<Perturbation>())["input"].value.item::<f32>(), 0.0);
    /// ```
    Perturbation;
    /// The key of a random stream.
    ///
    /// ```
    /// use nnx::module::RngKey;
    /// use nnx::{nn::Dropout, of_type, random::Rngs, state};
    ///
    /// let layer = Dropout::new(0.5, &mut Rngs::new(0));
    /// assert_eq!(state(&layer).filter(of_type::<RngKey>()).len(), 1);
    /// ```
    RngKey;
    /// How many keys a random stream has given out.
    ///
    /// ```
    /// use nnx::module::RngCount;
    /// use nnx::{of_type, random::Rngs, state};
    ///
    /// let mut rngs = Rngs::new(0);
    /// rngs.params();
    /// rngs.params();
    /// let counts = state(&rngs).filter(of_type::<RngCount>());
    /// assert!(counts.iter().any(|(_, count)| count.value.item::<u32>() == 2));
    /// ```
    RngCount;
    /// The state of an optimizer between steps.
    ///
    /// ```
    /// use nnx::module::OptState;
    /// use nnx::optim::{Optimizer, adam};
    /// use nnx::{nn::Linear, of_type, random::Rngs, state};
    ///
    /// let optimizer = Optimizer::new(&Linear::new(3, 4, &mut Rngs::new(0)), adam(1e-3));
    /// assert!(!state(&optimizer).filter(of_type::<OptState>()).is_empty());
    /// ```
    OptState;
    /// The running totals of a metric.
    ///
    /// ```
    /// use nnx::module::MetricState;
    /// use nnx::{of_type, state, train::Average};
    ///
    /// assert!(!state(&Average::new()).filter(of_type::<MetricState>()).is_empty());
    /// ```
    MetricState;
    /// A low-rank factor of a LoRA layer: a [`Param`] to every filter.
    ///
    /// ```
    /// use nnx::{LoRAParam, Param, nn::LoRALinear, of_type, random::Rngs, state};
    ///
    /// let leaves = state(&LoRALinear::new(3, 4, 2, &mut Rngs::new(0)));
    /// assert_eq!(leaves.filter(of_type::<LoRAParam>()).len(), 2);
    /// assert_eq!(leaves.filter(of_type::<Param>()).len(), 4); // with kernel and bias
    /// ```
    LoRAParam = Variable<LoRAParamKind>: Param;
}
