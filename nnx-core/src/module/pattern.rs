//! Paths of a type: known at compile time up to the lengths of lists and the keys of maps.

use super::{Field, Kind, Path, PathKey, Schema};
use std::fmt;

/// One step of a [`PathPattern`].
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
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern(Vec<PatternKey>);

impl PathPattern {
    /// The steps from the root.
    pub fn keys(&self) -> &[PatternKey] {
        &self.0
    }

    /// Whether `path` is one of the paths that this pattern stands for.
    pub fn matches(&self, path: &Path) -> bool {
        self.0.len() == path.keys().len()
            && self.0.iter().zip(path.keys()).all(|(pattern, key)| match (pattern, key) {
                (PatternKey::Name(a), PathKey::Name(b)) => a == b,
                (PatternKey::Index(a), PathKey::Index(b)) => a == b,
                (PatternKey::AnyIndex, PathKey::Index(_)) => true,
                (PatternKey::AnyName, PathKey::Name(_)) => true,
                _ => false,
            })
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
    /// listing does not go round again.
    ///
    /// ```
    /// use nnx_core::{Module, Param};
    ///
    /// let variables: Vec<String> =
    ///     <Vec<(Param, u8)>>::SCHEMA.variables().map(|v| v.to_string()).collect();
    /// assert_eq!(variables, ["[*][0]: Param"]);
    /// ```
    pub fn variables(&self) -> impl Iterator<Item = VariablePattern> {
        let mut found = Vec::new();
        collect(self, &mut PathPattern::default(), &mut found);
        found.into_iter()
    }
}

fn collect(schema: &Schema, at: &mut PathPattern, found: &mut Vec<VariablePattern>) {
    let mut below = |key, schema| {
        at.0.push(key);
        collect(schema, at, found);
        at.0.pop();
    };
    match schema {
        Schema::Variable(kind) => {
            let variable = VariablePattern { path: at.clone(), kind };
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
        Schema::Array | Schema::Static(_) | Schema::Skipped | Schema::Recursive(_) => {}
    }
}

impl Field {
    /// The step of a path that leads to this field: tuple fields are called by their index.
    pub fn key(&self) -> PatternKey {
        match self.name.parse() {
            Ok(index) => PatternKey::Index(index),
            Err(_) => PatternKey::Name(self.name),
        }
    }
}
