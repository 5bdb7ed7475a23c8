//! Where a leaf lies in its tree.

use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// One step of a path while walking.
///
/// ```
/// use nnx::module::{KeyRef, Path};
///
/// let mut path = Path::new();
/// path.push(KeyRef::Name("layers"));
/// path.push(KeyRef::Index(0));
/// path.push("kernel".into());
/// assert_eq!(path.to_string(), "layers[0].kernel");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRef<'a> {
    /// A field or the key of a map.
    Name(&'a str),
    /// A position in a list, an array or a tuple.
    Index(usize),
}

/// One step of a [`Path`].
///
/// ```
/// use nnx::module::{Path, PathKey};
///
/// let path: Path = "layers[0].kernel".parse().unwrap();
/// assert_eq!(path.keys()[1], PathKey::Index(0));
/// assert_eq!(path.keys()[2], PathKey::from("kernel"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKey {
    /// A position in a list, an array or a tuple.
    Index(usize),
    /// A field or the key of a map.
    Name(String),
}

impl From<usize> for KeyRef<'_> {
    fn from(index: usize) -> Self {
        KeyRef::Index(index)
    }
}

impl<'a> From<&'a str> for KeyRef<'a> {
    fn from(name: &'a str) -> Self {
        KeyRef::Name(name)
    }
}

impl<'a> From<&'a PathKey> for KeyRef<'a> {
    fn from(key: &'a PathKey) -> Self {
        match key {
            PathKey::Name(name) => KeyRef::Name(name),
            PathKey::Index(index) => KeyRef::Index(*index),
        }
    }
}

impl From<usize> for PathKey {
    fn from(index: usize) -> Self {
        PathKey::Index(index)
    }
}

impl From<&str> for PathKey {
    fn from(name: &str) -> Self {
        PathKey::Name(name.to_owned())
    }
}

impl From<String> for PathKey {
    fn from(name: String) -> Self {
        PathKey::Name(name)
    }
}

impl From<KeyRef<'_>> for PathKey {
    fn from(key: KeyRef<'_>) -> Self {
        match key {
            KeyRef::Name(name) => name.into(),
            KeyRef::Index(index) => index.into(),
        }
    }
}

/// Where a leaf lies in its tree; shown as `layers[0].kernel`.
///
/// ```
/// use nnx::module::Path;
/// use nnx::{nn::Linear, random::Rngs, state};
///
/// let leaves = state(&vec![Linear::new(3, 4, &mut Rngs::new(0))]);
/// let path: Path = "[0].kernel".parse().unwrap();
/// assert_eq!(leaves.get(&path).unwrap().value.shape(), [3, 4]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<PathKey>);

impl Path {
    /// The path of the tree's root.
    ///
    /// ```
    /// use nnx::module::Path;
    ///
    /// assert!(Path::new().keys().is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The steps from the root.
    ///
    /// ```
    /// use nnx::module::{Path, PathKey};
    ///
    /// let path: Path = "layers[0].kernel".parse().unwrap();
    /// assert_eq!(path.keys().last(), Some(&PathKey::from("kernel")));
    /// ```
    pub fn keys(&self) -> &[PathKey] {
        &self.0
    }

    /// Goes one step down.
    ///
    /// ```
    /// use nnx::module::Path;
    ///
    /// let mut path: Path = "layers".parse().unwrap();
    /// path.push(2.into());
    /// path.push("bias".into());
    /// assert_eq!(path.to_string(), "layers[2].bias");
    /// ```
    pub fn push(&mut self, key: KeyRef<'_>) {
        self.0.push(key.into());
    }

    pub(crate) fn push_key(&mut self, key: PathKey) {
        self.0.push(key);
    }

    /// Goes one step up.
    ///
    /// ```
    /// use nnx::module::Path;
    ///
    /// let mut path: Path = "layers[2].bias".parse().unwrap();
    /// path.pop();
    /// assert_eq!(path.to_string(), "layers[2]");
    /// ```
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// The path as seen from the first step down.
    pub(crate) fn below_first(&self) -> Path {
        Path(self.0.get(1..).unwrap_or_default().to_vec())
    }

    /// The form used in files and in Flax: `layers.0.kernel`.
    ///
    /// ```
    /// use nnx::module::Path;
    ///
    /// let path: Path = "layers[0].kernel".parse().unwrap();
    /// assert_eq!(path.dotted(), "layers.0.kernel");
    /// ```
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

/// Reads the form that is shown: `layers[0].kernel`.
///
/// ```
/// use nnx::module::Path;
/// let path: Path = "layers[0].kernel".parse()?;
/// assert_eq!(path.to_string(), "layers[0].kernel");
/// assert!("layers[one]".parse::<Path>().is_err());
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// Returns an error if a bracket holds no index or is not closed, or a name is empty.
impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: &str| Error::Invalid(format!("`{text}` is not a path: {what}"));
        let mut path = Path::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let (index, after) =
                    after.split_once(']').ok_or_else(|| bad("a bracket is not closed"))?;
                let index = index.parse().map_err(|_| bad("a bracket holds no index"))?;
                path.push(KeyRef::Index(index));
                rest = after;
            } else {
                let name = match path.0.is_empty() {
                    true => rest,
                    false => rest.strip_prefix('.').ok_or_else(|| bad("a dot is missing"))?,
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 {
                    return Err(bad("a name is empty"));
                }
                path.push(KeyRef::Name(&name[..end]));
                rest = &name[end..];
            }
        }
        Ok(path)
    }
}
