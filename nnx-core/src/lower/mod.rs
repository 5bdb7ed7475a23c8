//! The input of compilers: instructions, and a dialect for each compiler to write them in.

pub(crate) mod hlo;
mod instructions;
mod opcode;
pub(crate) mod stablehlo;

pub(crate) use instructions::{
    Attr, Block, ConvDims, DotDims, Func, GatherDims, Id, Ids, Instr, Lowering, ScatterDims, ints,
};
pub(crate) use opcode::{AttrName, Chlo, Opcode};
