//! Filters: which leaves of a tree are meant.

use super::{HasKind, Kind, MetaValue, Metadata, Path, PathKey, VarRef};
use crate::graph::Array;

/// The properties of a leaf that a filter sees, besides its path.
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
}

#[diagnostic::do_not_recommend]
impl<F: Fn(&Path, &VarInfo<'_>) -> bool> Filter for F {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self(path, leaf)
    }
}

/// Variables of one kind and of the kinds that specialise it; made by [`of_type`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfType(&'static Kind);

/// Variables of the kind `K` and of the kinds that specialise it: `of_type::<Param>()` takes a
/// `LoRAParam` too. `K` is a kind or a type of Variable.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathContains(PathKey);

/// Leaves with the step `key` in their path: the name of a field, or an index.
///
/// `path_contains("bias")` takes `layers[0].bias` and `bias.scale`, not `bias_correction`.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Everything;

#[diagnostic::do_not_recommend]
impl Filter for Everything {
    fn matches(&self, _: &Path, _: &VarInfo<'_>) -> bool {
        true
    }
}

/// No leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing;

#[diagnostic::do_not_recommend]
impl Filter for Nothing {
    fn matches(&self, _: &Path, _: &VarInfo<'_>) -> bool {
        false
    }
}

/// Leaves that the filter does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Not<F>(pub F);

#[diagnostic::do_not_recommend]
impl<F: Filter> Filter for Not<F> {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        !self.0.matches(path, leaf)
    }
}

/// Leaves that one of the filters takes: `Any((of_type::<Param>(), path_contains("ema")))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Any<F>(pub F);

#[diagnostic::do_not_recommend]
impl<F: Filters> Filter for Any<F> {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self.0.first(path, leaf).is_some()
    }
}

/// Leaves that all of the filters take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct All<F>(pub F);

#[diagnostic::do_not_recommend]
impl<F: Filters> Filter for All<F> {
    fn matches(&self, path: &Path, leaf: &VarInfo<'_>) -> bool {
        self.0.all(path, leaf)
    }
}

/// Several filters: a tuple, or an array or `Vec` of filters of one type.
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
    fn each<T>(&self, make: impl FnMut(usize) -> T) -> Vec<T> {
        (0..self.len()).map(make).collect()
    }
}
