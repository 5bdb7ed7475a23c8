//! Instructions between the graph and a compiler's text: StableHLO's operations with typed
//! attributes. Each dialect next to this file writes them in its own words.

use super::{AttrName, Case, Opcode};
use crate::value::Aval;
use smallvec::SmallVec;

/// The values that an instruction or a function gives.
pub(crate) type Ids = SmallVec<[Id; 1]>;

/// A value of a [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id(pub(crate) u32);

impl Id {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A typed attribute of an instruction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attr {
    Int(i64),
    Int32(i32),
    Bool(bool),
    /// A list of dimensions, strides or sizes.
    Ints(Vec<i64>),
    Bools(Vec<bool>),
    /// Low and high padding per dimension.
    Pairs(Vec<(i64, i64)>),
    /// A dense literal of the result's type: little-endian bytes.
    Dense(std::sync::Arc<[u8]>),
    /// A case of an enum.
    Case(Case),
    Dot(DotDims),
    Conv(ConvDims),
    Gather(GatherDims),
    Scatter(ScatterDims),
    /// The name of a function of the program.
    Function(String),
    /// A named integer in a dictionary.
    Named(&'static str, i64),
    /// Dense layouts, the last dimension fastest, of arrays of these ranks.
    Layouts(Vec<usize>),
    /// The axes of the mesh along which each dimension is split; `None` leaves it to the compiler.
    Sharding(Vec<Option<Vec<Box<str>>>>),
    /// A word that the compiler knows: letters, digits and underscores.
    Text(&'static str),
    /// How exactly both operands of a product are taken: `HIGH` or `HIGHEST`.
    Precision(&'static str),
    /// A word of the user's: letters, digits, underscores and dots.
    Word(std::sync::Arc<str>),
}

/// Which dimensions `dot_general` batches and contracts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DotDims {
    pub(crate) lhs_batch: Vec<usize>,
    pub(crate) rhs_batch: Vec<usize>,
    pub(crate) lhs_contract: Vec<usize>,
    pub(crate) rhs_contract: Vec<usize>,
}

/// Which dimension of a convolution's operands is what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ConvDims {
    /// Batch, feature, then the spatial dimensions of the input.
    pub(crate) lhs: Vec<usize>,
    /// Output feature, input feature, then the spatial dimensions of the kernel.
    pub(crate) rhs: Vec<usize>,
    /// Batch, feature, then the spatial dimensions of the result.
    pub(crate) out: Vec<usize>,
}

/// Dimension numbers of `gather`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct GatherDims {
    pub(crate) offset_dims: Vec<usize>,
    pub(crate) collapsed_slice_dims: Vec<usize>,
    pub(crate) operand_batching_dims: Vec<usize>,
    pub(crate) start_indices_batching_dims: Vec<usize>,
    pub(crate) start_index_map: Vec<usize>,
    pub(crate) index_vector_dim: usize,
}

/// Dimension numbers of `scatter`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ScatterDims {
    pub(crate) update_window_dims: Vec<usize>,
    pub(crate) inserted_window_dims: Vec<usize>,
    pub(crate) input_batching_dims: Vec<usize>,
    pub(crate) scatter_indices_batching_dims: Vec<usize>,
    pub(crate) scatter_dims_to_operand_dims: Vec<usize>,
    pub(crate) index_vector_dim: usize,
}

/// One instruction.
#[derive(Debug, Clone)]
pub(crate) struct Instr {
    pub(crate) opcode: Opcode,
    pub(crate) operands: SmallVec<[Id; 3]>,
    pub(crate) outs: SmallVec<[Id; 1]>,
    pub(crate) attrs: Vec<(AttrName, Attr)>,
    pub(crate) regions: Vec<Block>,
}

/// A list of instructions with parameters and results: a function or a region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    pub(crate) params: Vec<Id>,
    pub(crate) instrs: Vec<Instr>,
    pub(crate) results: Vec<Id>,
}

/// A function besides the main one.
pub(crate) struct Func {
    pub(crate) name: String,
    pub(crate) block: Block,
}

/// A lowered program: the main function and the types of all its values.
pub(crate) struct Lowering {
    pub(crate) main: Block,
    pub(crate) functions: Vec<Func>,
    pub(crate) avals: Vec<Aval>,
    /// Results that `main` does not have, by their places among all: they have no elements.
    pub(crate) left_out: Vec<usize>,
}

impl Lowering {
    /// Pairs of an input and an output, which is counted among those that `main` has.
    pub(crate) fn aliases(&self, aliases: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let is_there = |&&(_, output): &&(usize, usize)| !self.left_out.contains(&output);
        let before = |output| self.left_out.iter().filter(|&&out| out < output).count();
        let among = |&(input, output)| (input, output - before(output));
        aliases.iter().filter(is_there).map(among).collect()
    }
}

/// Dimensions as the integers of an attribute.
pub(crate) fn ints(dims: &[usize]) -> Attr {
    Attr::Ints(dims.iter().map(|&d| d as i64).collect())
}
