//! Which axes of a mesh an array is split along.

use std::fmt;

/// For each axis of an array, the axes of a mesh along which it is split: none, one, or several, the last one
/// fastest. Axes of the array after the last entry are whole. `jax.sharding.PartitionSpec`.
///
/// ```
/// use nnx::sharding::PartitionSpec;
///
/// let rows = PartitionSpec::from(("data", None));
/// assert_eq!(rows, PartitionSpec::from(["data"])); // what is whole need not be said at the end
/// assert_eq!(PartitionSpec::from((None, ["data", "model"])).to_string(), "(None, (data, model))");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PartitionSpec(Vec<Vec<Box<str>>>);

/// One entry of a [`PartitionSpec`] as it is written: `None`, a name, or a list of names.
pub trait SpecAxes {
    /// The axes of the mesh.
    fn axes(self) -> Vec<Box<str>>;
}

impl SpecAxes for &str {
    fn axes(self) -> Vec<Box<str>> {
        vec![self.into()]
    }
}

impl SpecAxes for Option<&str> {
    fn axes(self) -> Vec<Box<str>> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<const N: usize> SpecAxes for [&str; N] {
    fn axes(self) -> Vec<Box<str>> {
        self.into_iter().map(Into::into).collect()
    }
}

impl SpecAxes for Vec<Box<str>> {
    fn axes(self) -> Vec<Box<str>> {
        self
    }
}

impl PartitionSpec {
    /// Nothing is split.
    pub const fn new() -> Self {
        PartitionSpec(Vec::new())
    }

    /// A spec of these entries.
    ///
    /// ```
    /// use nnx::sharding::PartitionSpec;
    ///
    /// let names = [Some("data"), None, Some("model")];
    /// assert_eq!(PartitionSpec::of(names).to_string(), "(data, None, model)");
    /// ```
    pub fn of<A: SpecAxes>(entries: impl IntoIterator<Item = A>) -> Self {
        let mut all: Vec<Vec<Box<str>>> = entries.into_iter().map(SpecAxes::axes).collect();
        while all.last().is_some_and(Vec::is_empty) {
            all.pop();
        }
        PartitionSpec(all)
    }

    /// The axes of the mesh along which each axis of an array is split, up to the last one that is.
    pub fn entries(&self) -> &[Vec<Box<str>>] {
        &self.0
    }

    /// The axes along which axis `axis` of an array is split.
    pub(crate) fn along(&self, axis: usize) -> &[Box<str>] {
        self.0.get(axis).map_or(&[], Vec::as_slice)
    }
}

impl From<()> for PartitionSpec {
    fn from((): ()) -> Self {
        PartitionSpec::new()
    }
}

impl<A: SpecAxes, const N: usize> From<[A; N]> for PartitionSpec {
    fn from(entries: [A; N]) -> Self {
        PartitionSpec::of(entries)
    }
}

macro_rules! from_tuples {
    ($(($($entry:ident),+))+) => {$(
        impl<$($entry: SpecAxes),+> From<($($entry,)+)> for PartitionSpec {
            #[allow(non_snake_case)]
            fn from(($($entry,)+): ($($entry,)+)) -> Self {
                PartitionSpec::of([$($entry.axes()),+])
            }
        }
    )+};
}
from_tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }

impl fmt::Display for PartitionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = |axes: &Vec<Box<str>>| match &axes[..] {
            [] => "None".to_string(),
            [axis] => axis.to_string(),
            axes => format!("({})", axes.join(", ")),
        };
        write!(f, "({})", self.0.iter().map(entry).collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Debug for PartitionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
