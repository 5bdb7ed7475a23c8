//! The primitives. A file per family holds everything about its operations: the shape rule, the
//! lowering, the derivative (`jvp`, and `transpose` for the linear ones).

mod barrier;
mod batch;
mod binary;
mod call;
mod callback;
mod check;
mod collective;
mod compare;
mod complex;
mod composite;
mod constant;
mod control;
mod conv;
mod convert;
mod cumulative;
mod custom_jvp;
mod custom_vjp;
mod dot;
mod expansion;
mod fft;
mod gather;
mod gcd;
mod implicit;
mod inner_loop;
mod linalg;
mod prefixes;
mod reduce;
mod remat;
mod rules;
mod runs_program;
mod scatter;
mod shape;
mod sharding;
mod slice;
mod sort;
mod special;
#[cfg(test)]
mod tests;
mod threefry;
mod unary;
mod vectorized;
mod window;

pub(crate) use barrier::OptimizationBarrier;
pub(crate) use binary::{Binary, BinaryOp};
pub(crate) use call::CallGraph;
pub(crate) use callback::{CallbackKind, HostCall, HostFunction};
pub(crate) use check::Check;
pub(crate) use collective::{Collective, CollectiveOp};
pub(crate) use compare::{Compare, Select};
pub(crate) use complex::{Complex, ComplexPart};
pub(crate) use composite::{Composite, PlatformIndex};
pub(crate) use constant::{Constant, Iota};
pub(crate) use control::{Cond, Scan, While};
pub(crate) use conv::{ConvGeneralDilated, dilated};
pub(crate) use convert::{Bitcast, Convert, ReducePrecision};
pub(crate) use cumulative::Cumulative;
pub(crate) use custom_jvp::{CustomJvp, JvpRule, WithRule, custom_jvp};
pub(crate) use custom_vjp::{ArrayFn, CustomVjp, VjpRule};
pub(crate) use dot::DotGeneral;
pub(crate) use expansion::{LANCZOS, LANCZOS_FIRST, LANCZOS_G, erfcx, polynomial};
pub(crate) use fft::Fft;
pub(crate) use gather::{Gather, IndexFlags, OutOfBounds, gather_along};
pub(crate) use gcd::Gcd;
pub(crate) use implicit::{CapturingPart, ImplicitRoot, LinearSolve};
pub(crate) use inner_loop::{inner_for, inner_while};
pub(crate) use linalg::{
    Cholesky, Eig, Eigh, Geqrf, Hessenberg, HouseholderProduct, Lu, LuSolve, Qr, Schur, Svd,
    Sylvester, TriangularSolve, TridiagonalSolve, adjoint, complex_schur, matrix, permute_rows,
    square,
};
pub(crate) use prefixes::prefixes;
pub(crate) use reduce::{ArgReduce, Reduce, Reducer};
pub(crate) use remat::Remat;
pub use remat::SavePolicy;
pub(crate) use runs_program::RunsProgram;
pub(crate) use scatter::{Scatter, ScatterKind};
pub(crate) use shape::{BroadcastInDim, Reshape, Reverse, Transpose};
pub(crate) use sharding::ShardingConstraint;
pub(crate) use slice::{Concatenate, DynamicSlice, DynamicUpdateSlice, Pad, Slice};
pub(crate) use sort::{Sort, TopK};
pub(crate) use special::Special;
pub(crate) use threefry::Threefry2x32;
pub(crate) use unary::{StopGradient, Unary, UnaryOp};
pub(crate) use window::{ReduceWindow, Window};
