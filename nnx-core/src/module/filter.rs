//! Filters: which leaves of a tree are meant.

use super::{HasKind, Kind, MetaValue, Metadata, Path, PathKey, VarRef};
use crate::graph::Array;

/// The properties of a leaf that a filter sees, besides its path.
///
/// ```
/// use nnx::module::{Path, VarInfo, state};
/// use nnx::{Array, Param};
///
/// let model = (Param::new(Array::from([1.0_f32, 2.0])), Param::new(Array::scalar(3.0_f32)));
/// let vectors = state(&model).filter(|_: &Path, leaf: &VarInfo| leaf.value.rank() == 1);
/// assert_eq!(vectors.len(), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct VarInfo<'a> {
    /// Its value.
    pub value: &'a Array,
    /// Its kind; a plain array, which is not a Variable, has none.
    pub kind: Option<&'static Kind>,
    /// Its metadata.
    pub metadata: &'a Metadata,
}

impl<'a> From<VarRef<'a>> for VarInfo<'a> {
    fn from(variable: VarRef<'a>) -> Self {
        let VarRef { value, kind, metadata } = variable;
        VarInfo { value, kind: Some(kind), metadata }
    }
}

impl<'a> VarInfo<'a> {
    /// The properties of a plain array that a filter sees.
    ///
    /// ```
    /// use nnx::module::{Filter, Path, VarInfo, of_type};
    /// use nnx::{Array, Param};
    ///
    /// let x = Array::scalar(1.0_f32);
    /// assert!(!of_type::<Param>().matches(&Path::new(), &VarInfo::of_array(&x)));
    /// ```
    pub fn of_array(value: &'a Array) -> Self {
        VarInfo { value, kind: None, metadata: &Metadata::EMPTY }
    }
}

/// Decides for every leaf of a tree whether it is selected.
///
/// Filters are [`of_type`], [`path_contains`] and [`with_tag`], paths that the compiler checks
/// ([`path!`](crate::path)), their combinations [`Any`], [`All`] and [`Not`], [`Everything`] and
/// [`Nothing`], and every closure over a [`Path`] and a [`VarInfo`].
///
/// ```
/// use nnx::module::{All, Not, Path, VarInfo, of_type, path_contains, state};
/// use nnx::{Array, Param};
///
/// let model = (Param::new(Array::absent("kernel")), Param::new(Array::absent("bias")));
/// let kernels = state(&model).filter(All((of_type::<Param>(), Not(path_contains(1)))));
/// assert_eq!(kernels.len(), 1);
///
/// let top_level = |path: &Path, _: &VarInfo| path.keys().len() == 1;
/// assert_eq!(state(&model).filter(top_level).len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a filter",
    label = "not a filter",
    note = "filters:\n  1. the leaves below a path that the compiler knows: `path!(Model: layers[*].kernel)`\n  2. the leaves with a name in their path: `path_contains(\"kernel\")`\n  3. the Variables of a kind: `of_type::<Param>()`\n  4. any other rule: a closure `|path: &Path, leaf: &VarInfo| …`"
)]
pub trait Filter {
    /// Whether the leaf at `path` is meant.
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool;
    /// Whether this filter is [`Everything`], behind which others take nothing.
    fn takes_all(&self) -> bool {
        false
    }
}

#[diagnostic::do_not_recommend]
impl<F: Fn(&Path, &VarInfo<'_>) -> bool> Filter for F {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self(path, leaf)
    }
}

/// Variables of one kind and of the kinds that specialise it; made by [`of_type`].
///
/// ```
/// use nnx::module::{OfType, of_type};
/// use nnx::{LoRAParam, Param};
///
/// let trained: OfType = of_type::<Param>();
/// assert_ne!(trained, of_type::<LoRAParam>());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfType(&'static Kind);

/// Variables of the kind `K` and of the kinds that specialise it: `of_type::<Param>()` takes a
/// `LoRAParam` too. `K` is a kind or a type of Variable.
///
/// ```
/// use nnx::nn::{Linear, LoRA};
/// use nnx::{LoRAParam, Param, of_type, random::Rngs, state};
///
/// let mut rngs = Rngs::new(0);
/// let leaves = state(&(Linear::new(3, 4, &mut rngs), LoRA::new(3, 2, 4, &mut rngs)));
/// assert_eq!(leaves.filter(of_type::<LoRAParam>()).len(), 2);
/// assert_eq!(leaves.filter(of_type::<Param>()).len(), 4);
/// ```
pub fn of_type<K: HasKind>() -> OfType {
    OfType(K::VARIABLE_KIND)
}

#[diagnostic::do_not_recommend]
impl Filter for OfType {
    fn matches(&self, _: &Path, leaf: &VarInfo<'_>) -> bool {
        leaf.kind.is_some_and(|kind| kind.is(self.0))
    }
}

/// Leaves with a certain step in their path; made by [`path_contains`].
///
/// ```
/// use nnx::module::{PathContains, path_contains};
///
/// let biases: PathContains = path_contains("bias");
/// assert_eq!(biases, path_contains(String::from("bias")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathContains(PathKey);

/// Leaves with the step `key` in their path: the name of a field, or an index.
///
/// `path_contains("bias")` takes `layers[0].bias` and `bias.scale`, not `bias_correction`.
///
/// ```
/// use nnx::{nn::Linear, path_contains, random::Rngs, state};
///
/// let layers = vec![Linear::new(3, 4, &mut Rngs::new(0)), Linear::new(4, 2, &mut Rngs::new(1))];
/// assert_eq!(state(&layers).filter(path_contains("bias")).len(), 2);
/// assert_eq!(state(&layers).filter(path_contains(1)).len(), 2); // kernel and bias of layers[1]
/// ```
pub fn path_contains(key: impl Into<PathKey>) -> PathContains {
    PathContains(key.into())
}

#[diagnostic::do_not_recommend]
impl Filter for PathContains {
    fn matches(&self, path: &Path, _: &VarInfo<'_>) -> bool {
        path.keys().contains(&self.0)
    }
}

/// Leaves with a certain tag; made by [`with_tag`].
///
/// ```
/// use nnx::module::{WithTag, with_tag};
///
/// let frozen: WithTag = with_tag("frozen");
/// assert_ne!(frozen, with_tag("slow"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithTag(String);

/// Variables whose metadata holds `tag` under the name `tag`, as its text or as one of a list.
///
/// ```
/// use nnx::module::{MetaValue, state, with_tag};
/// use nnx::{Array, Param};
///
/// let tag = MetaValue::Text("frozen".to_owned());
/// let frozen = Param::new(Array::absent("no value")).with_metadata("tag", tag);
/// assert_eq!(state(&frozen).filter(with_tag("frozen")).len(), 1);
/// ```
pub fn with_tag(tag: impl Into<String>) -> WithTag {
    WithTag(tag.into())
}

#[diagnostic::do_not_recommend]
impl Filter for WithTag {
    fn matches(&self, _: &Path, leaf: &VarInfo<'_>) -> bool {
        let is_tag = |value: &MetaValue| matches!(value, MetaValue::Text(tag) if *tag == self.0);
        match leaf.metadata.get("tag") {
            Some(MetaValue::List(tags)) => tags.iter().any(is_tag),
            Some(tag) => is_tag(tag),
            None => false,
        }
    }
}

/// Every leaf.
///
/// ```
/// use nnx::{Array, Everything, Param, of_type, split_by};
///
/// let model = (Param::new(Array::scalar(1.0_f32)), Array::scalar(2.0_f32));
/// let (_, [params, rest]) = split_by(&model, (of_type::<Param>(), Everything)).unwrap();
/// assert_eq!((params.len(), rest.len()), (1, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Everything;

#[diagnostic::do_not_recommend]
impl Filter for Everything {
    fn matches(&self, _: &Path, _: &VarInfo<'_>) -> bool {
        true
    }
    fn takes_all(&self) -> bool {
        true
    }
}

/// No leaf.
///
/// ```
/// use nnx::{Nothing, nn::Linear, random::Rngs, state};
///
/// assert!(state(&Linear::new(3, 4, &mut Rngs::new(0))).filter(Nothing).is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing;

#[diagnostic::do_not_recommend]
impl Filter for Nothing {
    fn matches(&self, _: &Path, _: &VarInfo<'_>) -> bool {
        false
    }
}

/// Leaves that the filter does not take.
///
/// ```
/// use nnx::{Not, nn::Linear, path_contains, random::Rngs, state};
///
/// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
/// let decayed = leaves.filter(Not(path_contains("bias")));
/// assert_eq!(decayed.paths().next().unwrap().to_string(), "kernel");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Not<F>(pub F);

#[diagnostic::do_not_recommend]
impl<F: Filter> Filter for Not<F> {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        !self.0.matches(path, leaf)
    }
}

/// Leaves that one of the filters takes: `Any((of_type::<Param>(), path_contains("ema")))`.
///
/// ```
/// use nnx::{Any, nn::Linear, path_contains, random::Rngs, state};
///
/// let layers = vec![Linear::new(3, 4, &mut Rngs::new(0)), Linear::new(4, 2, &mut Rngs::new(1))];
/// let some = state(&layers).filter(Any((path_contains(0), path_contains("bias"))));
/// let paths: Vec<String> = some.paths().map(|path| path.to_string()).collect();
/// assert_eq!(paths, ["[0].bias", "[0].kernel", "[1].bias"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Any<F>(pub F);

#[diagnostic::do_not_recommend]
impl<F: Filters> Filter for Any<F> {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self.0.first(path, leaf).is_some()
    }
}

/// Leaves that all of the filters take.
///
/// ```
/// use nnx::{All, nn::Linear, path_contains, random::Rngs, state};
///
/// let layers = vec![Linear::new(3, 4, &mut Rngs::new(0)), Linear::new(4, 2, &mut Rngs::new(1))];
/// let one = state(&layers).filter(All((path_contains(1), path_contains("bias"))));
/// assert_eq!(one.paths().next().unwrap().to_string(), "[1].bias");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct All<F>(pub F);

#[diagnostic::do_not_recommend]
impl<F: Filters> Filter for All<F> {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self.0.all(path, leaf)
    }
}

/// Several filters: a tuple, or an array or `Vec` of filters of one type.
///
/// ```
/// use nnx::{Everything, nn::Linear, path_contains, random::Rngs, state};
///
/// let leaves = state(&Linear::new(3, 4, &mut Rngs::new(0)));
/// // A tuple gives an array of states, a `Vec` gives a `Vec`.
/// let [biases, rest] = leaves.clone().split((path_contains("bias"), Everything)).unwrap();
/// let names = vec![path_contains("bias"), path_contains("kernel")];
/// let parts = leaves.split(names).unwrap();
/// assert_eq!((biases.len(), rest.len(), parts.len()), (1, 1, 2));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of filters",
    label = "not several filters",
    note = "several filters are a tuple, or an array or `Vec` of filters of one type: `(of_type::<Param>(), Everything)`, `(path_contains(\"kernel\"),)`"
)]
pub trait Filters {
    /// Something for each filter: an array, or a `Vec` if their number is not known.
    type Each<T>: IntoIterator<Item = T>;
    /// The position of the first filter that takes the leaf.
    fn first(&self, path: &Path, leaf: &VarInfo<'_>) -> Option<usize>;
    /// Whether all filters take the leaf.
    fn all(&self, path: &Path, leaf: &VarInfo<'_>) -> bool;
    /// Whether the filter at this position [takes every leaf](Filter::takes_all).
    fn takes_all(&self, _position: usize) -> bool {
        false
    }
    /// `make(i)` for each filter.
    fn each<T>(&self, make: impl FnMut(usize) -> T) -> Self::Each<T>;
}

macro_rules! filter_tuple {
    ($n:literal: $($f:ident $i:tt),*) => {
        impl<$($f: Filter),*> Filters for ($($f,)*) {
            type Each<T> = [T; $n];
            fn first(&self, path: &Path, leaf: &VarInfo<'_>) -> Option<usize> {
                $(if self.$i.matches(path, leaf) {
                    return Some($i);
                })*
                None
            }
            fn all(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
                $(self.$i.matches(path, leaf))&&*
            }
            fn takes_all(&self, position: usize) -> bool {
                [$(self.$i.takes_all()),*][position]
            }
            fn each<T>(&self, make: impl FnMut(usize) -> T) -> [T; $n] {
                std::array::from_fn(make)
            }
        }
    };
}
filter_tuple!(1: A 0);
filter_tuple!(2: A 0, B 1);
filter_tuple!(3: A 0, B 1, C 2);
filter_tuple!(4: A 0, B 1, C 2, D 3);
filter_tuple!(5: A 0, B 1, C 2, D 3, E 4);
filter_tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);
filter_tuple!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
filter_tuple!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl<F: Filter, const N: usize> Filters for [F; N] {
    type Each<T> = [T; N];
    fn first(&self, path: &Path, leaf: &VarInfo<'_>) -> Option<usize> {
        self.iter().position(|filter| filter.matches(path, leaf))
    }
    fn all(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self.iter().all(|filter| filter.matches(path, leaf))
    }
    fn takes_all(&self, position: usize) -> bool {
        self[position].takes_all()
    }
    fn each<T>(&self, make: impl FnMut(usize) -> T) -> [T; N] {
        std::array::from_fn(make)
    }
}

impl<F: Filter> Filters for Vec<F> {
    type Each<T> = Vec<T>;
    fn first(&self, path: &Path, leaf: &VarInfo<'_>) -> Option<usize> {
        self.iter().position(|filter| filter.matches(path, leaf))
    }
    fn all(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self.iter().all(|filter| filter.matches(path, leaf))
    }
    fn takes_all(&self, position: usize) -> bool {
        self[position].takes_all()
    }
    fn each<T>(&self, make: impl FnMut(usize) -> T) -> Vec<T> {
        (0..self.len()).map(make).collect()
    }
}
