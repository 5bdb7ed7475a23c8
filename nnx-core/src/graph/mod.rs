//! The traced program: values, nodes, and the stack of running traces that records them.

mod aval;
mod print;
mod program;
mod trace;

pub use aval::Aval;
pub(crate) use program::{Avals, Closed, Node, Op};
pub use program::{Graph, Value};
pub(crate) use trace::{
    Arrays, TraceInfo, bind, bind_op, bind1, catching, escaped, inherited_name, is_catching,
    is_running, is_tracing, trace, trace_at, user_location, with_location,
};
