//! The builder that lowering rules write instructions with.

use super::{Body, Graph, Value};
use crate::lower::{Attr, AttrName, Block, Func, Id, Ids, Instr, Lowering, Opcode, ints};
use crate::value::{Aval, DType};
use crate::xla::{CALLBACK_ID, CALLBACK_TARGET, Callback, Dialect};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// The compiler that a program is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) dialect: Dialect,
    /// Whether it is known to compile for CPUs.
    pub(crate) cpu: bool,
    /// The platform's name; nothing if it is not known.
    pub(crate) platform: &'static str,
}

/// Collects instructions.
pub(crate) struct Builder {
    target: Target,
    pub(crate) avals: Vec<Aval>,
    block: Block,
    functions: Vec<Func>,
    /// The source of each function: its name and program.
    sources: FxHashMap<(Arc<str>, Body), usize>,
    /// The callbacks that it calls.
    callbacks: Vec<Arc<Callback>>,
}

impl Builder {
    fn new(target: Target) -> Self {
        let (avals, functions, sources) = (vec![], vec![], FxHashMap::default());
        let callbacks = Vec::new();
        Builder { target, avals, block: Block::default(), functions, sources, callbacks }
    }

    /// Whether the program's dialect has an instruction for this operation.
    pub(crate) fn has(&self, opcode: Opcode) -> bool {
        match self.target.dialect {
            Dialect::StableHlo => true,
            Dialect::Hlo => opcode.is_in_hlo(),
        }
    }

    /// The program's dialect.
    pub(crate) fn dialect(&self) -> Dialect {
        self.target.dialect
    }

    /// Whether the program is for CPUs.
    pub(crate) fn is_for_cpu(&self) -> bool {
        self.target.cpu
    }

    /// The name of the platform that the program is for; nothing if it is not known.
    pub(crate) fn platform(&self) -> &'static str {
        if self.target.cpu { "cpu" } else { self.target.platform }
    }

    fn id(&mut self, aval: &Aval) -> Id {
        self.avals.push(aval.clone());
        Id(self.avals.len() as u32 - 1)
    }

    pub(crate) fn aval(&self, id: Id) -> Aval {
        self.avals[id.index()].clone()
    }

    /// An instruction with one result.
    pub(crate) fn op(
        &mut self,
        opcode: Opcode,
        operands: &[Id],
        out: &Aval,
        attrs: Vec<(AttrName, Attr)>,
    ) -> Id {
        self.op_with_regions(opcode, operands, &[out], attrs, Vec::new())[0]
    }

    /// An instruction with any number of results and regions.
    pub(crate) fn op_with_regions(
        &mut self,
        opcode: Opcode,
        operands: &[Id],
        outs: &[&Aval],
        attrs: Vec<(AttrName, Attr)>,
        regions: Vec<Block>,
    ) -> Ids {
        let outs: Ids = outs.iter().map(|aval| self.id(aval)).collect();
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
        params: &[&Aval],
        body: impl FnOnce(&mut Builder, &[Id]) -> Ids,
    ) -> Block {
        let outer = std::mem::take(&mut self.block);
        let params: Vec<Id> = params.iter().map(|aval| self.id(aval)).collect();
        let results = body(self, &params);
        let mut block = std::mem::replace(&mut self.block, outer);
        block.params = params;
        block.results = results.to_vec();
        block
    }

    /// A region that combines two scalars of `dtype` by one instruction, as a reducer does.
    pub(crate) fn binary_region(&mut self, opcode: Opcode, dtype: DType) -> Block {
        let scalar = &Aval::scalar(dtype);
        self.region(&[scalar, scalar], |b, p| Ids::from_iter([b.op(opcode, p, scalar, vec![])]))
    }

    /// A call of `body`, which becomes one function named after `name` however often it is called.
    pub(crate) fn call(&mut self, name: &Arc<str>, body: &Body, ins: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![(AttrName::Callee, self.function(name, body))];
        self.op_with_regions(Opcode::Call, ins, outs, attrs, Vec::new())
    }

    /// An operation that the compiler may know by `name`, and otherwise does as `body`.
    pub(crate) fn composite(
        &mut self,
        name: &Arc<str>,
        version: i32,
        body: &Body,
        ins: &[Id],
        outs: &[&Aval],
    ) -> Ids {
        let own: Arc<str> = name.rsplit('.').next().unwrap_or_default().into();
        if !self.has(Opcode::Composite) {
            return self.call(&own, body, ins, outs);
        }
        let attrs = vec![
            (AttrName::Name, Attr::Word(name.clone())),
            (AttrName::Decomposition, self.function(&own, body)),
            (AttrName::Version, Attr::Int32(version)),
        ];
        self.op_with_regions(Opcode::Composite, ins, outs, attrs, Vec::new())
    }

    /// The function that `body` is, named after `name`.
    fn function(&mut self, name: &Arc<str>, body: &Body) -> Attr {
        let source = (name.clone(), body.clone());
        let function = match self.sources.get(&source) {
            Some(&i) => self.functions[i].name.clone(),
            None => {
                let inputs = body.avals_of(&body.inputs);
                let block = self.region(&inputs, |b, params| b.inline(body, params));
                // The body may have called others: its number is known only now.
                let function = format!("{name}_{}", self.functions.len());
                self.sources.insert(source, self.functions.len());
                self.functions.push(Func { name: function.clone(), block });
                function
            }
        };
        Attr::Function(function)
    }

    /// A call of the host. One with an effect is neither dropped nor repeated by the compiler.
    pub(crate) fn host_call(
        &mut self,
        callback: Arc<Callback>,
        has_effect: bool,
        operands: &[Id],
        outs: &[&Aval],
    ) -> Ids {
        let operand_ranks = operands.iter().map(|&id| self.aval(id).rank()).collect();
        let attrs = vec![
            (AttrName::CallTargetName, Attr::Text(CALLBACK_TARGET)),
            // A typed call of XLA's FFI.
            (AttrName::ApiVersion, Attr::Int32(4)),
            (AttrName::BackendConfig, Attr::Named(CALLBACK_ID, callback.id())),
            (AttrName::HasSideEffect, Attr::Bool(has_effect)),
            (AttrName::OperandLayouts, Attr::Layouts(operand_ranks)),
            (AttrName::ResultLayouts, Attr::Layouts(outs.iter().map(|out| out.rank()).collect())),
        ];
        self.callbacks.push(callback);
        self.op_with_regions(Opcode::HostCall, operands, outs, attrs, Vec::new())
    }

    /// A literal: `bytes` are the little-endian elements of an array of `aval`.
    pub(crate) fn literal(&mut self, aval: &Aval, bytes: &[u8]) -> Id {
        self.op(Opcode::Constant, &[], aval, vec![(AttrName::Value, Attr::Dense(bytes.into()))])
    }

    /// An array of `aval` whose elements all have these little-endian `bytes`.
    pub(crate) fn splat(&mut self, aval: &Aval, bytes: &[u8]) -> Id {
        let scalar = self.literal(&Aval::scalar(aval.dtype()), bytes);
        if aval.rank() == 0 {
            return scalar;
        }
        let attrs = vec![(AttrName::BroadcastDimensions, ints(&[]))];
        self.op(Opcode::BroadcastInDim, &[scalar], aval, attrs)
    }

    /// The instructions of `graph` with `ins` for its inputs; gives its outputs.
    pub(crate) fn inline(&mut self, graph: &Graph, ins: &[Id]) -> Ids {
        let mut env: Vec<Option<Id>> = vec![None; graph.avals.len()];
        for (input, &id) in graph.inputs.iter().zip(ins) {
            env[input.index()] = Some(id);
        }
        let get = |env: &[Option<Id>], value: Value| match env[value.index()] {
            Some(id) => id,
            None => unreachable!("a graph defines its values before their use"),
        };
        for node in &graph.nodes {
            let avals = graph.avals_of(&node.outs);
            let outs = if avals.iter().all(|aval| aval.size() == 0) && !node.has_effect() {
                // Rules need not think of it: there is nothing to compute.
                avals.iter().map(|aval| self.literal(aval, &[])).collect()
            } else {
                let ins: SmallVec<[Id; 3]> = node.ins.iter().map(|&v| get(&env, v)).collect();
                node.op.lower(self, &ins, &avals)
            };
            for (value, id) in node.outs.iter().zip(outs) {
                env[value.index()] = Some(id);
            }
        }
        graph.outputs.iter().map(|&v| get(&env, v)).collect()
    }
}

/// Lowers a graph to what `target` has instructions for, and gives what it calls on the host.
pub(crate) fn lower(graph: &Graph, target: Target) -> (Lowering, Vec<Arc<Callback>>) {
    let mut builder = Builder::new(target);
    let main = builder.region(&graph.avals_of(&graph.inputs), |b, params| b.inline(graph, params));
    (Lowering::new(main, builder.functions, builder.avals), builder.callbacks)
}
