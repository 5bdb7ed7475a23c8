//! The input of compilers: instructions, and a dialect for each compiler to write them in.

mod cases;
mod empty;
pub(crate) mod hlo;
mod instructions;
mod opcode;
mod shardings;
pub(crate) mod stablehlo;

pub(crate) use cases::{Case, ComparisonType, Direction, FftKind, Transposition};
pub(crate) use instructions::{
    Attr, Block, ConvDims, DotDims, Func, GatherDims, Id, Ids, Instr, Lowering, ScatterDims, ints,
};
pub(crate) use opcode::{AttrName, Chlo, Opcode};
pub(crate) use shardings::Shardings;
