//! Kinds of Variables: what a Variable is for, and the hierarchy that filters follow.

/// A kind of Variable at run time. Compared by name along the chain of parents.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// As users write it: `Param`.
    pub name: &'static str,
    /// The kind this one specialises: a filter for the parent takes this kind too.
    pub parent: Option<&'static Kind>,
}

impl Kind {
    /// Whether this is `other` or a specialisation of it.
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
/// ```
/// use nnx_core::module::{Kind, ParamKind, VariableKind};
///
/// /// Parameters of the embedding tables.
/// struct Table;
/// impl VariableKind for Table {
///     const KIND: &'static Kind = &Kind { name: "Table", parent: Some(ParamKind::KIND) };
/// }
/// assert!(Table::KIND.is(ParamKind::KIND));
/// ```
pub trait VariableKind: 'static {
    /// The kind's name and parent.
    const KIND: &'static Kind;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $t:ident $name:literal $(: $parent:ident)?;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $t;
        impl VariableKind for $t {
            const KIND: &'static Kind = &Kind {
                name: $name,
                parent: kinds!(@parent $($parent)?),
            };
        }
    )*};
    (@parent) => { None };
    (@parent $parent:ident) => { Some($parent::KIND) };
}

kinds! {
    /// Trained by gradients.
    ParamKind "Param";
    /// Running statistics of a batch norm.
    BatchStat "BatchStat";
    /// Kept between calls, as the keys and values of decoding attention.
    Cache "Cache";
    /// Values recorded on the way, as by `sow`.
    Intermediate "Intermediate";
    /// Zeros added to intermediates, to take gradients with respect to them.
    Perturbation "Perturbation";
    /// The key of a random stream.
    RngKey "RngKey";
    /// How many keys a random stream has given out.
    RngCount "RngCount";
    /// What an optimizer remembers between steps.
    OptState "OptState";
    /// The running totals of a metric.
    MetricState "MetricState";
    /// The low-rank factors of a LoRA layer; a `Param` too.
    LoRAParamKind "LoRAParam": ParamKind;
}
