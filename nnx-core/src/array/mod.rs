//! [`Array`]: the numeric API users call. Outside a transform operations run at once, inside they
//! are recorded; the code cannot tell.

mod arith;
mod at;
mod axes;
mod conv;
mod create;
mod dtype;
mod host;
mod indexing;
mod linalg;
mod promote;
mod reduce;
mod reshape;
mod scalar;
mod slicing;
mod sort;
mod value;
mod window;

pub(crate) use arith::broadcast_shapes;
pub use arith::{Operand, select, where_};
pub use at::{At, Ellipsis, IndexItem, IntoIndex};
pub use axes::{Axes, IntoAxes, IntoShape, keepdims};
pub(crate) use axes::{dim, invalid, shape_of};
pub use conv::{ConvOptions, ConvTransposeOptions, Padding, conv_general_dilated, conv_transpose};
pub use create::{arange, eye, full, iota, one_hot, ones, zeros};
pub use dtype::{DType, Element};
pub use indexing::IndexMode;
pub(crate) use indexing::one_program;
pub use linalg::{dot_general, einsum};
pub(crate) use promote::{Kind, promote_dtypes};
pub use reduce::{logsumexp, softmax};
pub use reshape::{concatenate, stack};
pub(crate) use scalar::{format_element, highest, int_scalar_bytes, lowest, scalar_bytes};
pub use slicing::SliceSpec;
pub use sort::{sort_key_val, sort_multi};
pub use value::Array;
pub(crate) use value::{Identity, Repr, Traced};
pub use window::{WindowOptions, reduce_window_max, reduce_window_min, reduce_window_sum};
