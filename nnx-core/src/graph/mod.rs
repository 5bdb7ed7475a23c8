//! The traced program: arrays as handles, operations and what their rules see, graphs, and the stack
//! of running traces that records them. Nothing is run here.

mod array;
mod axis;
mod batch;
mod body;
mod builder;
mod check;
mod primitive;
mod print;
mod program;
mod trace;

pub use array::Array;
pub(crate) use array::{Identity, Repr, Traced};
pub(crate) use axis::{AxisName, BatchAxis};
pub(crate) use batch::{Batch, Batched, batched, prepend, shifted};
pub(crate) use body::{Body, Rule};
pub(crate) use builder::{Builder, Target, lower};
pub use check::Checks;
pub(crate) use check::{Checker, Fault};
pub(crate) use primitive::{
    Backward, Dual, DynOp, Jvp, Lin, Mode, Primitive, Product, Tangent, Tangents, one,
};
pub(crate) use program::{Avals, Closed, Node, Op};
pub use program::{Graph, Value};
pub(crate) use trace::{
    Arrays, Scope, TraceInfo, current_trace, escaped, infer, is_running, is_tracing, note_set,
    record, recorded_part, trace, trace_at, user_location, with_location,
};
