//! Where a leaf lies in its tree.

use std::fmt;

/// One step of a path while walking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// A field or the key of a map.
    Name(&'a str),
    /// A position in a list, an array or a tuple.
    Index(usize),
}

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKey {
    /// A position in a list, an array or a tuple.
    Index(usize),
    /// A field or the key of a map.
    Name(String),
}

/// Where a leaf lies in its tree; shown as `layers[0].kernel`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<PathKey>);

impl Path {
    /// The path of the tree's root.
    pub fn new() -> Self {
        Self::default()
    }

    /// The steps from the root.
    pub fn keys(&self) -> &[PathKey] {
        &self.0
    }

    /// Goes one step down.
    pub fn push(&mut self, key: Key<'_>) {
        self.0.push(match key {
            Key::Name(name) => PathKey::Name(name.to_owned()),
            Key::Index(index) => PathKey::Index(index),
        });
    }

    /// Goes one step up.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// The form used in files and in Flax: `layers.0.kernel`.
    pub fn dotted(&self) -> String {
        let mut out = String::new();
        for key in &self.0 {
            if !out.is_empty() {
                out.push('.');
            }
            match key {
                PathKey::Name(name) => out.push_str(name),
                PathKey::Index(index) => out.push_str(&index.to_string()),
            }
        }
        out
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            match key {
                PathKey::Name(name) if i == 0 => f.write_str(name)?,
                PathKey::Name(name) => write!(f, ".{name}")?,
                PathKey::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
