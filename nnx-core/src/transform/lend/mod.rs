//! The arguments lent to a function that is traced, and the changes that come back: the part that
//! `jit` and all transforms have in common.
//!
//! A function never runs on the caller's tree. It gets a twin with traced leaves; afterwards the twin
//! is compared with the argument ([`record()`]), and what was set is written back once the program
//! has run.

mod argument;
mod call;
mod compare;
mod consumed;
mod erased;
mod record;

pub use argument::{Argument, Owned, Role, Static};
pub(crate) use call::{TransformCall, TransformProgram, result_of};
pub(crate) use consumed::{Consumable, consumable, consumed};
pub(crate) use erased::{AnyArgument, AnyBody};
pub use record::Roles;
pub(crate) use record::{
    Allowed, Changes, Lent, OrderedChanges, RebuiltPart, Recorded, SetLeaves, Stopped, Twins,
    Update, held, lent, record,
};
