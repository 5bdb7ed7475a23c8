//! Paths of a type: known at compile time up to the lengths of lists and the keys of maps.

use super::{Field, Filter, Kind, Path, PathKey, Schema, VarInfo};
use std::borrow::Cow;
use std::fmt;

/// One step of a [`PathPattern`].
///
/// ```
/// use nnx::module::PatternKey;
/// use nnx::{Module, Param};
///
/// let variable = <Vec<(Param, u8)>>::SCHEMA.variables().next().unwrap();
/// assert_eq!(variable.path.keys(), [PatternKey::AnyIndex, PatternKey::Index(0)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PatternKey {
    /// This field.
    Name(&'static str),
    /// This position in a tuple or a tuple struct.
    Index(usize),
    /// Every position of a list.
    AnyIndex,
    /// Every key of a map.
    AnyName,
}

/// A path with places that stand for every element; shown as `layers[*].kernel`.
///
/// [`path!`](crate::path) makes one that is checked against a type at compile time, and
/// [`Schema::variables`] lists those of all Variables of a type. As a [`Filter`] it takes the leaf
/// or the leaves that it leads to: all that are [at or below](PathPattern::covers) it. The default
/// has no steps, and takes every leaf.
///
/// ```
/// use nnx::{Module, nn::Linear, path, random::Rngs, state};
///
/// #[derive(Module)]
/// struct Model {
///     layers: Vec<Linear>,
/// }
///
/// let layers = vec![Linear::new(3, 4, &mut Rngs::new(0)), Linear::new(4, 2, &mut Rngs::new(1))];
/// let kernels = path!(Model: layers[*].kernel); // a mistake in it does not compile
/// assert_eq!(state(&Model { layers }).filter(kernels).len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern(Cow<'static, [PatternKey]>);

impl PathPattern {
    pub(super) const fn from_static(keys: &'static [PatternKey]) -> Self {
        PathPattern(Cow::Borrowed(keys))
    }

    /// The steps from the root.
    pub fn keys(&self) -> &[PatternKey] {
        &self.0
    }

    /// Whether `path` is one of the paths that this pattern stands for, or lies below one.
    ///
    /// ```
    /// use nnx::module::{Module, Path, PathPattern};
    /// use nnx::Param;
    ///
    /// let pattern: PathPattern = <Vec<(Param, u8)>>::SCHEMA.variables().next().unwrap().path;
    /// assert!(pattern.covers(&"[7][0]".parse::<Path>().unwrap()));
    /// assert!(pattern.covers(&"[7][0].below".parse::<Path>().unwrap()));
    /// assert!(!pattern.covers(&"[7]".parse::<Path>().unwrap()));
    /// ```
    pub fn covers(&self, path: &Path) -> bool {
        self.0.len() <= path.keys().len()
            && self.0.iter().zip(path.keys()).all(|(pattern, key)| match (pattern, key) {
                (PatternKey::Name(a), PathKey::Name(b)) => a == b,
                (PatternKey::Index(a), PathKey::Index(b)) => a == b,
                (PatternKey::AnyIndex, PathKey::Index(_)) => true,
                (PatternKey::AnyName, PathKey::Name(_)) => true,
                _ => false,
            })
    }
}

#[diagnostic::do_not_recommend]
impl Filter for PathPattern {
    fn matches(&self, path: &Path, _: &VarInfo<'_>) -> bool {
        self.covers(path)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            let dot = if i == 0 { "" } else { "." };
            match key {
                PatternKey::Name(name) => write!(f, "{dot}{name}")?,
                PatternKey::Index(index) => write!(f, "[{index}]")?,
                PatternKey::AnyIndex => f.write_str("[*]")?,
                PatternKey::AnyName => write!(f, "{dot}*")?,
            }
        }
        Ok(())
    }
}

/// Every Variable that a pattern stands for; shown as `layers[*].kernel: Param`.
///
/// ```
/// use nnx::{Module, nn::Linear};
///
/// let variables: Vec<String> = Linear::SCHEMA.variables().map(|v| v.to_string()).collect();
/// assert_eq!(variables, ["kernel: Param", "bias: Param"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VariablePattern {
    /// Where they are.
    pub path: PathPattern,
    /// Their kind.
    pub kind: &'static Kind,
}

impl fmt::Display for VariablePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.kind.name)
    }
}

impl Schema {
    /// The Variables of a type, in the order of the walks.
    ///
    /// Variables of all variants of an enum are listed; where a type comes up inside itself, the
    /// listing does not go round again. To name some of them in code, checked by the compiler, use
    /// [`path!`](crate::path).
    ///
    /// ```
    /// use nnx::{Module, Param};
    ///
    /// let variables: Vec<String> =
    ///     <Vec<(Param, u8)>>::SCHEMA.variables().map(|v| v.to_string()).collect();
    /// assert_eq!(variables, ["[*][0]: Param"]);
    /// ```
    pub fn variables(&self) -> impl Iterator<Item = VariablePattern> {
        let mut found = Vec::new();
        collect(self, &mut Vec::new(), &mut found);
        found.into_iter()
    }
}

fn collect(schema: &Schema, at: &mut Vec<PatternKey>, found: &mut Vec<VariablePattern>) {
    let mut below = |key, schema| {
        at.push(key);
        collect(schema, at, found);
        at.pop();
    };
    match schema {
        Schema::Variable(kind) => {
            let path = PathPattern(Cow::Owned(at.clone()));
            let variable = VariablePattern { path, kind };
            // Variants of an enum may agree on a path.
            if !found.contains(&variable) {
                found.push(variable);
            }
        }
        Schema::Struct(_, fields) => {
            fields.iter().for_each(|field| below(field.key(), field.schema));
        }
        Schema::Enum(_, variants) => {
            for field in variants.iter().flat_map(|variant| variant.fields) {
                below(field.key(), field.schema);
            }
        }
        Schema::Tuple(items) => {
            items.iter().enumerate().for_each(|(i, item)| below(PatternKey::Index(i), item));
        }
        Schema::List(item) => below(PatternKey::AnyIndex, item),
        Schema::Map(item) => below(PatternKey::AnyName, item),
        Schema::Option(item) | Schema::Shared(item) => collect(item, at, found),
        Schema::Array
        | Schema::Static(_)
        | Schema::Skipped
        | Schema::Recursive(_)
        | Schema::Dyn(..) => {}
    }
}

impl Field {
    /// The step of a path that leads to this field: tuple fields are called by their index.
    ///
    /// ```
    /// use nnx::module::{Module, PatternKey, Schema};
    /// use nnx::nn::Linear;
    ///
    /// let Schema::Struct(_, fields) = Linear::SCHEMA else { panic!("`Linear` is a struct") };
    /// assert_eq!(fields[0].key(), PatternKey::Name("kernel"));
    /// ```
    pub fn key(&self) -> PatternKey {
        match self.name.parse() {
            Ok(index) => PatternKey::Index(index),
            Err(_) => PatternKey::Name(self.name),
        }
    }
}
