//! Dtypes, single elements, and the shape and dtype of an array.

mod aval;
mod dtype;
mod float8;
mod promote;
mod scalar;
pub(crate) mod sharding;

pub use aval::Aval;
pub(crate) use aval::{MAX_BYTES, saturating_product};
pub use dtype::{DType, Element};
pub(crate) use float8::small_float;
pub use float8::{
    F8E3M4, F8E4M3, F8E4M3B11FNUZ, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0FNU,
};
pub use promote::PromotionKind;
pub(crate) use promote::{promote, promote_dtypes};
pub(crate) use scalar::{format_element, highest, int_scalar_bytes, lowest, scalar_bytes};
pub(crate) use sharding::{Mesh, NamedSharding, PartitionSpec};
