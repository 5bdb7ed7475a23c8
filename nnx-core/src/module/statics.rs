//! Static parts of a tree, and the types that are static by themselves.

use super::{KeyRef, Leaves, Module, Schema, Visitor, VisitorMut};
use crate::value::DType;
use std::any::Any;
use std::hash::{Hash, Hasher};

/// A static part of a tree: anything that can be cloned, compared and hashed.
///
/// ```
/// use nnx::module::StaticValue;
///
/// let (three, text): (&dyn StaticValue, &dyn StaticValue) = (&3_usize, &"3");
/// assert!(three.eq_static(&3_usize));
/// assert!(!three.eq_static(&3_u8) && !three.eq_static(text)); // the type counts too
/// assert_eq!(three.type_name(), "usize");
/// ```
pub trait StaticValue: Any + Send + Sync {
    /// Hashes the value into the key of a jitted function.
    fn hash_static(&self, hasher: &mut dyn Hasher);
    /// Whether `other` has the same type and value.
    fn eq_static(&self, other: &dyn StaticValue) -> bool;
    /// An owned copy.
    fn clone_static(&self) -> Box<dyn StaticValue>;
    /// The value's type, for messages.
    fn type_name(&self) -> &'static str;
    /// The value, for the comparison of types.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Clone + Eq + Hash + Send + Sync + 'static> StaticValue for T {
    fn hash_static(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }
    fn eq_static(&self, other: &dyn StaticValue) -> bool {
        other.as_any().downcast_ref::<T>().is_some_and(|other| self == other)
    }
    fn clone_static(&self) -> Box<dyn StaticValue> {
        Box::new(self.clone())
    }
    fn type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A type for fields under `#[module(static)]`.
///
/// Every type that is `Clone + Eq + Hash + Send + Sync + 'static` is one.
///
/// ```
/// use nnx::{Module, nn::Linear};
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// enum Mode {
///     Causal,
///     Full,
/// }
///
/// #[derive(Module)]
/// struct Block {
///     linear: Linear,
///     #[module(static)]
///     mode: Mode, // another mode is another program of a jitted function
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be static data: it is part of the key of a jitted function, which takes `Clone + Eq + Hash + Send + Sync`",
    note = "fixes:\n  1. settings of your own: add `#[derive(Clone, PartialEq, Eq, Hash)]` to the type\n  2. floats, which have no `Eq` and no `Hash`: derive `Module` for the type that holds them, which makes them static by their bits, and take `static` off\n  3. a Module, a Variable or an array: take `static` off; to keep it from being trained, leave it out of what `wrt` names, or give its Variables another kind\n  4. a `HashMap` or a `HashSet`, which have no `Hash`: `BTreeMap`, `BTreeSet`"
)]
pub trait StaticField: Sized {
    /// The value as the visitors take it.
    fn part(&self) -> &dyn StaticValue;
    /// A copy for another tree of the same structure.
    fn copy(&self) -> Self;
    /// The walk through a field: the value, below `key`.
    #[doc(hidden)]
    #[inline]
    fn flatten_at<'k, V: Visitor>(&self, key: impl Into<KeyRef<'k>>, visitor: &mut V) {
        visitor.enter(key.into());
        visitor.static_value(self.part());
        visitor.exit();
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Eq + Hash + Send + Sync + 'static> StaticField for T {
    #[inline]
    fn part(&self) -> &dyn StaticValue {
        self
    }
    #[inline]
    fn copy(&self) -> Self {
        self.clone()
    }
}

/// A type for parameters under `#[nnx(static)]`.
///
/// Every type that is `Clone + Eq + Hash + Send + Sync + 'static` is one.
///
/// ```
/// use nnx::Array;
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// enum Mode {
///     Sum,
///     Mean,
/// }
///
/// #[nnx::jit]
/// fn reduced(x: &Array, #[nnx(static)] mode: Mode) -> Array {
///     match mode {
///         Mode::Sum => x.sum(..),
///         Mode::Mean => x.mean(..),
///     }
/// }
///
/// let x = Array::from([1.0_f32, 3.0]);
/// assert_eq!(reduced(&x, Mode::Sum).item::<f32>(), 4.0);
/// assert_eq!(reduced(&x, Mode::Mean).item::<f32>(), 2.0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a static argument: static arguments are part of the key of a compiled program, which takes `Clone + Eq + Hash + Send + Sync + 'static`",
    label = "something of `Clone`, `Eq`, `Hash`, `Send`, `Sync` and `'static` is missing",
    note = "fixes:\n  1. settings of your own: add `#[derive(Clone, PartialEq, Eq, Hash)]` to the type, or these bounds to a type parameter\n  2. floats, which have no `Eq`: write `f32` or `f64` in the signature, not another name for it\n  3. a Module or an array: take the mark off, since its contents are not part of the program"
)]
pub trait StaticArgument: Sized + 'static {
    /// Holds for every such type.
    const OK: () = ();
    /// Holds for every such value.
    fn ok(&self) {}
    /// The value as the key holds it.
    #[doc(hidden)]
    fn part(&self) -> &dyn StaticValue;
    /// A copy for the body.
    #[doc(hidden)]
    fn copy(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Eq + Hash + Send + Sync + 'static> StaticArgument for T {
    #[inline]
    fn part(&self) -> &dyn StaticValue {
        self
    }
    fn copy(&self) -> Self {
        self.clone()
    }
}

/// A float as static data, compared by its bits: NaN is equal to itself, and 0.0 is not -0.0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct FloatBits(u64);

impl FloatBits {
    fn new(value: f64) -> Self {
        FloatBits(value.to_bits())
    }
}

impl std::fmt::Debug for FloatBits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", f64::from_bits(self.0))
    }
}

/// A static value as text, if it is a `T`.
fn show<T: std::fmt::Debug + 'static>(value: &dyn Any) -> Option<String> {
    value.downcast_ref::<T>().map(|value| format!("{value:?}"))
}

/// A static value as text, if its type is one that is static without a mark.
pub(super) fn describe(value: &dyn StaticValue) -> Option<String> {
    let shows = EXACT.iter().chain(&[show::<FloatBits> as Show, show::<super::boxed::BoxedType>]);
    shows.into_iter().find_map(|show| show(value.as_any()))
}

/// Whether a static value is a float.
pub(super) fn is_float(value: &dyn StaticValue) -> bool {
    value.as_any().is::<FloatBits>()
}

type Show = fn(&dyn Any) -> Option<String>;

/// The types that are static without a mark, compared by `Eq`.
macro_rules! exact {
    ($($t:ty),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Module for $t {
                const SCHEMA: &'static Schema = &Schema::Static(stringify!($t));
                #[inline]
                fn flatten<V: Visitor>(&self, visitor: &mut V) {
                    visitor.static_value(self);
                }
                #[inline]
                fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
                fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
                    self.clone()
                }
            }
        )*
        const EXACT: &[Show] = &[$(show::<$t>),*];
    };
}

/// The types that are compared by their bits.
macro_rules! by_bits {
    ($($float:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Module for $float {
            const SCHEMA: &'static Schema = &Schema::Static(stringify!($float));
            #[inline]
            fn flatten<V: Visitor>(&self, visitor: &mut V) {
                visitor.static_value(&FloatBits::new((*self).into()));
            }
            #[inline]
            fn flatten_mut<V: VisitorMut>(&mut self, _: &mut V) {}
            fn unflatten<L: Leaves>(&self, _: &mut L) -> Self {
                *self
            }
        }
    )*};
}

// The table of primitives is the macros', who know the same types by their names.
macro_rules! with_ours {
    ($($t:ty),*) => { exact! { $($t,)* &'static str, DType } };
}
nnx_derive::__for_settings!(with_ours);
nnx_derive::__for_floats!(by_bits);

/// How a container is filled; part of the key of a jitted function.
///
/// ```
/// use nnx::module::{Module, SharedNode, StaticValue, Structure, VarRef, Visitor};
/// use nnx::Array;
///
/// struct Structures(Vec<Structure>);
/// impl Visitor for Structures {
///     fn variable(&mut self, _: VarRef<'_>) {}
///     fn array(&mut self, _: &Array) {}
///     fn static_value(&mut self, _: &dyn StaticValue) {}
///     fn structure(&mut self, structure: Structure) {
///         self.0.push(structure);
///     }
///     fn shared(&mut self, _: &dyn SharedNode) {}
/// }
/// let mut found = Structures(vec![]);
/// (Some(vec![Array::scalar(1), Array::scalar(2)]), None::<Array>).flatten(&mut found);
/// assert_eq!(found.0, [Structure::Some(true), Structure::Len(2), Structure::Some(false)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Structure {
    /// The length of a list or map.
    Len(usize),
    /// Whether an option holds a value.
    Some(bool),
    /// Which variant of an enum, by position and name.
    Variant(u32, &'static str),
    /// The first place of a shared node, which has this number from here on.
    Node(usize),
    /// Another place of the node with this number.
    Ref(usize),
    /// A place of a node that the function made.
    NewNode,
    /// A link back.
    Link(LinkTarget),
}

/// Where a link back leads.
///
/// ```
/// use nnx::module::{LinkTarget, Structure};
///
/// let link = Structure::Link(LinkTarget::Node(2));
/// assert_eq!(link.to_string(), "a link to shared node 2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkTarget {
    /// To no node, or to one that is gone.
    Nothing,
    /// To the node of the tree with this number.
    Node(usize),
    /// To a node outside of the tree; these have numbers of their own, in the order in which links lead there.
    Outside(usize),
}

/// `of length 3`, `Some`, `None`, or the variant's name.
impl std::fmt::Display for Structure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Structure::Len(n) => write!(f, "of length {n}"),
            Structure::Some(true) => f.write_str("Some"),
            Structure::Some(false) => f.write_str("None"),
            Structure::Variant(_, name) => f.write_str(name),
            Structure::Node(_) => f.write_str("a node of its own"),
            Structure::Ref(number) => write!(f, "shared node {number}"),
            Structure::NewNode => f.write_str("a new node"),
            Structure::Link(LinkTarget::Node(number)) => {
                write!(f, "a link to shared node {number}")
            }
            Structure::Link(LinkTarget::Outside(_)) => {
                f.write_str("a link to a node outside of the tree")
            }
            Structure::Link(LinkTarget::Nothing) => f.write_str("a link to no node"),
        }
    }
}
