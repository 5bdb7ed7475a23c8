//! Dtypes, single elements, and the shape and dtype of an array.

mod aval;
mod dtype;
mod promote;
mod scalar;
pub(crate) mod sharding;

pub use aval::Aval;
pub(crate) use aval::{MAX_BYTES, saturating_product};
pub use dtype::{DType, Element};
pub use promote::PromotionKind;
pub(crate) use promote::{promote, promote_dtypes};
pub(crate) use scalar::{format_element, highest, int_scalar_bytes, lowest, scalar_bytes};
pub(crate) use sharding::{Mesh, NamedSharding, PartitionSpec};
