//! Instructions between the graph and a compiler's text: StableHLO's operations with typed
//! attributes. Each backend in `xla/` writes them in its own dialect.

use crate::array::DType;
use crate::graph::{Aval, Graph};
use smallvec::SmallVec;

use super::Ids;

/// A value of a [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id(pub(crate) u32);

/// A typed attribute of an instruction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attr {
    Int(i64),
    Bool(bool),
    /// A list of dimensions, strides or sizes.
    Ints(Vec<i64>),
    Bools(Vec<bool>),
    /// Low and high padding per dimension.
    Pairs(Vec<(i64, i64)>),
    /// A dense literal of the result's type: little-endian bytes.
    Dense(std::sync::Arc<[u8]>),
    /// A case of an enumeration: its StableHLO name and the case, as `("comparison_direction", "LT")`.
    Enum(&'static str, &'static str),
    Dot(DotDims),
    Conv(ConvDims),
    Gather(GatherDims),
    Scatter(ScatterDims),
    /// The name of a function of the program.
    Function(String),
    /// A word that the compiler knows: letters and digits.
    Text(&'static str),
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
    /// StableHLO's or CHLO's name with its dialect, as `stablehlo.add`.
    pub(crate) opcode: &'static str,
    pub(crate) operands: SmallVec<[Id; 3]>,
    pub(crate) outs: SmallVec<[Id; 1]>,
    pub(crate) attrs: Vec<(&'static str, Attr)>,
    pub(crate) regions: Vec<Block>,
}

/// A list of instructions with parameters and results: a function or a region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    pub(crate) params: Vec<Id>,
    pub(crate) instrs: Vec<Instr>,
    pub(crate) results: Vec<Id>,
}

/// Collects instructions.
#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) avals: Vec<Aval>,
    block: Block,
    functions: Vec<Function>,
}

/// A function besides the main one, for the graph that it was made from.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) block: Block,
    source: super::CallGraph,
}

impl Builder {
    fn id(&mut self, aval: Aval) -> Id {
        self.avals.push(aval);
        Id(self.avals.len() as u32 - 1)
    }

    pub(crate) fn aval(&self, id: Id) -> Aval {
        self.avals[id.0 as usize]
    }

    /// An instruction with one result.
    pub(crate) fn op(
        &mut self,
        opcode: &'static str,
        operands: &[Id],
        out: Aval,
        attrs: Vec<(&'static str, Attr)>,
    ) -> Id {
        self.op_with_regions(opcode, operands, &[out], attrs, Vec::new())[0]
    }

    /// An instruction with any number of results and regions.
    pub(crate) fn op_with_regions(
        &mut self,
        opcode: &'static str,
        operands: &[Id],
        outs: &[Aval],
        attrs: Vec<(&'static str, Attr)>,
        regions: Vec<Block>,
    ) -> Ids {
        let outs: Ids = outs.iter().map(|&aval| self.id(aval)).collect();
        self.block.instrs.push(Instr {
            opcode,
            operands: operands.into(),
            outs: outs.clone(),
            attrs,
            regions,
        });
        outs
    }

    /// A region whose body is recorded by `body` over parameters of the given types.
    pub(crate) fn region(
        &mut self,
        params: &[Aval],
        body: impl FnOnce(&mut Builder, &[Id]) -> Ids,
    ) -> Block {
        let outer = std::mem::take(&mut self.block);
        let params: Vec<Id> = params.iter().map(|&aval| self.id(aval)).collect();
        let results = body(self, &params);
        let mut block = std::mem::replace(&mut self.block, outer);
        block.params = params;
        block.results = results.to_vec();
        block
    }

    /// A region that combines two scalars of `dtype` by one instruction, as a reducer does.
    pub(crate) fn binary_region(&mut self, opcode: &'static str, dtype: DType) -> Block {
        let scalar = Aval::scalar(dtype);
        self.region(&[scalar, scalar], |b, p| Ids::from_iter([b.op(opcode, p, scalar, vec![])]))
    }

    /// A call of `source`, which becomes one function however often it is called.
    pub(crate) fn call(&mut self, source: &super::CallGraph, ins: &[Id], outs: &[Aval]) -> Ids {
        let name = match self.functions.iter().find(|f| f.source == *source) {
            Some(function) => function.name.clone(),
            None => {
                let inputs = source.graph.input_avals();
                let block = self.region(&inputs, |b, params| b.inline(&source.graph, params));
                // The graph may have called others: its number is known only now.
                let name = format!("{}_{}", source.name, self.functions.len());
                let source = source.clone();
                self.functions.push(Function { name: name.clone(), block, source });
                name
            }
        };
        let attrs = vec![("callee", Attr::Function(name))];
        self.op_with_regions("func.call", ins, outs, attrs, Vec::new())
    }

    /// A literal: `bytes` are the little-endian elements of an array of `aval`.
    pub(crate) fn literal(&mut self, aval: Aval, bytes: &[u8]) -> Id {
        self.op("stablehlo.constant", &[], aval, vec![("value", Attr::Dense(bytes.into()))])
    }

    /// An array of `aval` whose elements all have these little-endian `bytes`.
    pub(crate) fn splat(&mut self, aval: Aval, bytes: &[u8]) -> Id {
        let scalar = self.literal(Aval::scalar(aval.dtype()), bytes);
        if aval.rank() == 0 {
            return scalar;
        }
        let attrs = vec![("broadcast_dimensions", ints(&[]))];
        self.op("stablehlo.broadcast_in_dim", &[scalar], aval, attrs)
    }

    /// The instructions of `graph` with `ins` for its inputs; gives its outputs.
    pub(crate) fn inline(&mut self, graph: &Graph, ins: &[Id]) -> Ids {
        let mut env: Vec<Option<Id>> = vec![None; graph.avals.len()];
        for (input, &id) in graph.inputs.iter().zip(ins) {
            env[input.index()] = Some(id);
        }
        let get = |env: &[Option<Id>], value: crate::graph::Value| match env[value.index()] {
            Some(id) => id,
            None => unreachable!("a graph defines its values before their use"),
        };
        for node in &graph.nodes {
            let ins: SmallVec<[Id; 3]> = node.ins.iter().map(|&v| get(&env, v)).collect();
            let outs = node.op.lower(self, &ins, &graph.avals_of(&node.outs));
            for (value, id) in node.outs.iter().zip(outs) {
                env[value.index()] = Some(id);
            }
        }
        graph.outputs.iter().map(|&v| get(&env, v)).collect()
    }
}

/// A lowered program: the main function and the types of all its values.
pub(crate) struct Lowered {
    pub(crate) main: Block,
    pub(crate) functions: Vec<Function>,
    pub(crate) avals: Vec<Aval>,
}

impl Lowered {
    /// Shapes and dtypes of the program's inputs.
    pub(crate) fn input_avals(&self) -> Vec<Aval> {
        self.main.params.iter().map(|id| self.avals[id.0 as usize]).collect()
    }

    /// Shapes and dtypes of the program's outputs.
    pub(crate) fn output_avals(&self) -> Vec<Aval> {
        self.main.results.iter().map(|id| self.avals[id.0 as usize]).collect()
    }
}

/// Lowers a graph.
pub(crate) fn lower(graph: &Graph) -> Lowered {
    let mut builder = Builder::default();
    let main = builder.region(&graph.input_avals(), |b, params| b.inline(graph, params));
    Lowered { main, functions: builder.functions, avals: builder.avals }
}

/// Dimensions as the integers of an attribute.
pub(crate) fn ints(dims: &[usize]) -> Attr {
    Attr::Ints(dims.iter().map(|&d| d as i64).collect())
}
