//! [`Array`](crate::Array): the numeric API users call. Outside a transform operations run at once,
//! inside they are recorded; the code cannot tell.

mod arith;
mod at;
mod axes;
mod bits;
mod brackets;
mod choose;
mod classify;
mod complex;
mod conv;
mod convert;
mod create;
mod diagonal;
mod einsum;
mod elementwise;
pub mod fft;
mod format;
mod functions;
mod histograms;
mod host;
pub mod image;
mod indexing;
mod insertion;
mod integer;
mod interpolation;
pub mod linalg;
mod masked;
mod math;
mod matmul;
pub mod ndimage;
mod nonzero;
mod operands;
mod padding;
mod pieces;
mod places;
mod polynomials;
mod products;
mod program;
mod quantile;
mod ragged;
mod rearrange;
mod reduce;
mod reshape;
mod rotations;
mod segments;
mod sets;
pub(crate) mod sharding;
pub mod signal;
mod slicing;
mod sort;
mod spaces;
pub mod special;
mod starts;
pub mod stats;
mod window;

pub(crate) use arith::broadcast_shapes;
pub use arith::{select, where_};
pub use at::{At, Ellipsis, IndexItem, IntoIndex, NewAxis};
pub use axes::{Axes, IntoAxes, IntoShape, keepdims};
pub(crate) use axes::{dim, dims, invalid, real_only, shape_of};
pub use bits::BitOrder;
#[doc(hidden)]
pub use brackets::BracketIndex;
pub use choose::{
    bartlett, blackman, choose, hamming, hanning, kaiser, ravel_multi_index, select_first,
    unravel_index,
};
pub use classify::{FloatInfo, Tolerance, finfo, iinfo};
pub use complex::complex;
pub use conv::{
    ConvOptions, ConvTransposeOptions, Padding, conv_general_dilated, conv_general_dilated_local,
    conv_general_dilated_patches, conv_transpose,
};
pub use create::{arange, empty, eye, full, identity, iota, one_hot, ones, zeros};
pub use diagonal::{eye_diagonal, tri, tril_indices, triu_indices};
pub(crate) use einsum::einsum_of;
pub use einsum::{einsum, einsum_with};
pub use functions::{
    Piece, apply_over_axes, diag_indices, ix_, optimization_barrier, piecewise, reduce,
};
pub use histograms::{histogram_bin_edges, histogram2d, histogramdd};
pub use indexing::IndexMode;
pub(crate) use indexing::one_program;
pub use insertion::block;
pub use interpolation::{InterpolationMethod, RegularGridInterpolator, vq};
pub use masked::Masked;
pub use math::logaddexp;
pub use matmul::{
    DotOptions, Precision, dot_general, dot_general_as, dot_general_with, ragged_dot,
};
pub use nonzero::Unique;
pub use operands::{AsArray, AsArrays, Operand, OptionalArray};
pub use padding::PadMode;
pub use pieces::{Trim, append};
pub use places::{
    GatherDimensionNumbers, PlaceOptions, ScatterDimensionNumbers, gather, scatter, scatter_add,
    scatter_apply, scatter_max, scatter_min, scatter_mul, scatter_sub,
};
pub use polynomials::{poly, polyadd, polyder, polydiv, polyfit, polyint, polymul, polysub, roots};
pub use products::{
    ConvolveMode, IntoContraction, convolve, correlate, cross, dot, inner, interp, kron, matvec,
    outer, polyval, tensordot, trapezoid, trapezoid_at, unwrap, vander, vdot, vecdot, vecmat,
};
pub use quantile::{QuantileMethod, logsumexp_signed};
pub use ragged::{RaggedDotDimensionNumbers, ragged_dot_general};
pub(crate) use rearrange::check_parts;
pub use rearrange::{block_diag, broadcast_arrays, column_stack, dstack, hstack, vstack};
pub use reduce::{logsumexp, softmax};
pub use reshape::{concatenate, stack};
pub use rotations::{Rotation, Slerp};
pub use segments::{segment_max, segment_min, segment_prod, segment_sum};
pub use sets::{intersect1d, setdiff1d, setxor1d, union1d};
pub use slicing::SliceSpec;
pub use sort::{lexsort, sort_complex, sort_key_val, sort_multi};
pub use spaces::{
    Indexing, arange_step, geomspace, indices, linspace, linspace_exclusive, logspace, meshgrid,
};
pub use window::{WindowOptions, reduce_window_max, reduce_window_min, reduce_window_sum};
