//! The traced program.

mod aval;

pub use aval::Aval;

/// A value of a graph, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub(crate) u32);

/// Which trace a value belongs to.
#[derive(Debug)]
pub(crate) struct TraceInfo {
    pub(crate) id: u64,
    pub(crate) name: String,
}
