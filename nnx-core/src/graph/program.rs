//! A program in static single assignment form.

use super::trace::Scope;
use super::{Array, Primitive};
use crate::value::{Aval, Mesh};
use rustc_hash::FxHasher;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;

/// A value of a graph, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub(crate) u32);

impl Value {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

pub(crate) type Avals = SmallVec<[Aval; 2]>;
pub(crate) type Op = Arc<dyn Primitive>;

/// One application of a primitive.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) ins: SmallVec<[Value; 3]>,
    pub(crate) outs: SmallVec<[Value; 1]>,
    /// The user's line.
    pub(crate) location: &'static Location<'static>,
}

impl Node {
    /// Whether it, or a program inside of it, has a side effect.
    pub(crate) fn has_effect(&self) -> bool {
        self.op.is_effect() || self.op.bodies().iter().any(|b| b.contains(&|op| op.is_effect()))
    }

    /// Whether it is there for its effect alone.
    pub(crate) fn is_only_effect(&self) -> bool {
        self.outs.is_empty() && self.op.is_effect()
    }

    /// Whether an output depends on it, or it has a side effect.
    fn is_kept(&self, live: &[bool]) -> bool {
        // Nearly always the results decide, and looking for effects takes longer.
        self.outs.iter().any(|v| live[v.index()]) || self.has_effect()
    }

    /// Whether its results are among the marked values. All of them are, or none.
    pub(crate) fn makes(&self, marked: &[bool]) -> bool {
        match self.outs.first() {
            Some(v) => marked[v.index()],
            // An effect without results belongs to its operands.
            None => self.ins.iter().any(|v| marked[v.index()]),
        }
    }
}

/// A traced program: inputs, nodes in order of execution, outputs.
///
/// `Display` prints it in the style of a jaxpr.
///
/// ```
/// use nnx::{Array, DType, make_graph};
///
/// let graph = make_graph(|x: &Array| (x * 2.0).sum(..), &Array::shape_only([3], DType::F32));
/// assert_eq!(graph.input_avals()[0].to_string(), "f32[3]");
/// assert_eq!(graph.output_avals()[0].to_string(), "f32[]");
/// assert!(graph.to_string().contains("reduce_sum"));
/// ```
#[derive(Clone, Default)]
pub struct Graph {
    pub(crate) avals: Vec<Aval>,
    pub(crate) inputs: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Vec<Value>,
}

/// A graph whose last inputs are bound to arrays from outside: what its body captured.
pub(crate) struct Closed {
    pub(crate) graph: Graph,
    pub(crate) captures: Vec<Array>,
    /// The trace that recorded it.
    pub(crate) scope: Scope,
}

impl Graph {
    /// A new value, not yet defined by anything.
    pub(crate) fn value(&mut self, aval: &Aval) -> Value {
        let value = Value(self.avals.len() as u32);
        self.avals.push(aval.clone());
        value
    }

    /// A new input.
    pub(crate) fn input(&mut self, aval: &Aval) -> Value {
        let value = self.value(aval);
        self.inputs.push(value);
        value
    }

    pub(crate) fn aval(&self, value: Value) -> &Aval {
        &self.avals[value.index()]
    }

    pub(crate) fn avals_of(&self, values: &[Value]) -> SmallVec<[&Aval; 2]> {
        values.iter().map(|&v| self.aval(v)).collect()
    }

    /// Shapes and dtypes of the inputs.
    ///
    /// ```
    /// use nnx::{Array, DType, array::ones, make_graph};
    ///
    /// let outside = ones([3], DType::F32);
    /// let graph = make_graph(|x: &Array| x + &outside, &Array::shape_only([2, 3], DType::F32));
    /// // The argument's, then those of what the function takes from outside.
    /// let avals: Vec<String> = graph.input_avals().iter().map(|aval| aval.to_string()).collect();
    /// assert_eq!(avals, ["f32[2, 3]", "f32[3]"]);
    /// ```
    pub fn input_avals(&self) -> Vec<Aval> {
        self.inputs.iter().map(|&v| self.aval(v).clone()).collect()
    }

    /// Shapes and dtypes of the outputs.
    ///
    /// ```
    /// use nnx::{Array, DType, make_graph};
    ///
    /// let x = Array::shape_only([3], DType::F32);
    /// let graph = make_graph(|x: &Array| (x.max(0), x.argmax(0)), &x);
    /// let avals: Vec<String> = graph.output_avals().iter().map(|aval| aval.to_string()).collect();
    /// assert_eq!(avals, ["f32[]", "i32[]"]);
    /// ```
    pub fn output_avals(&self) -> Vec<Aval> {
        self.outputs.iter().map(|&v| self.aval(v).clone()).collect()
    }

    /// Number of operations.
    ///
    /// ```
    /// use nnx::{Array, DType, make_graph};
    ///
    /// let x = Array::shape_only([3], DType::F32);
    /// assert_eq!(make_graph(|x: &Array| x.sin(), &x).len(), 1);
    /// assert_eq!(make_graph(|x: &Array| x.sin().cos(), &x).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no operations.
    ///
    /// ```
    /// use nnx::{Array, DType, make_graph};
    ///
    /// let same = make_graph(|x: &Array| x.clone(), &Array::shape_only([3], DType::F32));
    /// assert!(same.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// An estimate of the floating-point operations of one run: two per multiply-add of products
    /// and convolutions, one per element that a sum takes in, one per element of the result of any other operation
    /// on floats, none for those that only move elements.
    ///
    /// ```
    /// use nnx::{Array, DType, make_graph};
    ///
    /// let x = Array::shape_only([8, 4], DType::F32);
    /// let graph = make_graph(|x: &Array| x.matmul(x.t()), &x); // 8 · 8 sums of 4 products
    /// assert_eq!(graph.flops(), 2 * 8 * 8 * 4);
    /// ```
    pub fn flops(&self) -> u64 {
        self.nodes
            .iter()
            .map(|node| node.op.flops(&self.avals_of(&node.ins), &self.avals_of(&node.outs)))
            .sum()
    }

    /// Which values the outputs depend on.
    pub(crate) fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.avals.len()];
        for output in &self.outputs {
            live[output.index()] = true;
        }
        for node in self.nodes.iter().rev() {
            if node.is_kept(&live) {
                for v in &node.ins {
                    live[v.index()] = true;
                }
            }
        }
        live
    }

    /// Drops the nodes that no output depends on.
    pub(crate) fn eliminate_dead_code(&mut self) {
        let live = self.live();
        self.nodes.retain(|node| node.is_kept(&live));
    }

    /// Whether an operation of it, or of a program inside, is one that is looked for.
    pub(crate) fn contains(&self, wanted: &dyn Fn(&dyn Primitive) -> bool) -> bool {
        self.nodes.iter().any(|node| {
            wanted(&*node.op) || node.op.bodies().iter().any(|body| body.contains(wanted))
        })
    }

    /// The mesh that an operation in it names.
    pub(crate) fn mesh(&self) -> Option<Mesh> {
        self.nodes.iter().find_map(|node| {
            let bodies = || node.op.bodies().into_iter().find_map(Graph::mesh);
            node.op.mesh().cloned().or_else(bodies)
        })
    }

    /// Whether an operation takes a value, or it is an output.
    pub(crate) fn uses(&self, v: Value) -> bool {
        self.outputs.contains(&v) || self.nodes.iter().any(|node| node.ins.contains(&v))
    }

    /// The part that computes `outputs` from `inputs`, which may be any values; renumbered.
    pub(crate) fn part(&self, inputs: &[Value], outputs: &[Value]) -> Graph {
        self.part_that(inputs, outputs, false)
    }

    /// [`part`](Graph::part), with the operations that are there for what they do, if `effects`.
    pub(crate) fn part_that(&self, inputs: &[Value], outputs: &[Value], effects: bool) -> Graph {
        let mut needed = vec![false; self.avals.len()];
        let mut is_input = vec![false; self.avals.len()];
        outputs.iter().for_each(|v| needed[v.index()] = true);
        // An effect on what is not part of it, such as a tangent, is not either.
        let known = if effects { self.known(inputs) } else { Vec::new() };
        let is_known = |v: &Value| known[v.index()];
        inputs.iter().for_each(|v| is_input[v.index()] = true);
        let mut nodes = Vec::new();
        for node in self.nodes.iter().rev() {
            let used = node.outs.iter().any(|v| needed[v.index()] && !is_input[v.index()]);
            if used || (effects && node.has_effect() && node.ins.iter().all(is_known)) {
                node.ins.iter().for_each(|v| needed[v.index()] = true);
                nodes.push(node);
            }
        }
        let mut part = Graph::default();
        let mut map: Vec<Option<Value>> = vec![None; self.avals.len()];
        for &v in inputs {
            map[v.index()] = Some(part.input(self.aval(v)));
        }
        let of = |map: &[Option<Value>], v: &Value| match map[v.index()] {
            Some(value) => value,
            None => unreachable!("a graph defines its values before their use"),
        };
        for node in nodes.into_iter().rev() {
            let ins = node.ins.iter().map(|v| of(&map, v)).collect();
            let outs: SmallVec<[Value; 1]> =
                node.outs.iter().map(|&v| part.value(self.aval(v))).collect();
            for (old, &new) in node.outs.iter().zip(&outs) {
                map[old.index()].get_or_insert(new);
            }
            part.nodes.push(Node { op: node.op.clone(), ins, outs, location: node.location });
        }
        part.outputs = outputs.iter().map(|v| of(&map, v)).collect();
        part
    }

    /// Which values can be computed from `inputs`.
    fn known(&self, inputs: &[Value]) -> Vec<bool> {
        let mut known = vec![false; self.avals.len()];
        inputs.iter().for_each(|v| known[v.index()] = true);
        for node in &self.nodes {
            if node.ins.iter().all(|v| known[v.index()]) {
                node.outs.iter().for_each(|v| known[v.index()] = true);
            }
        }
        known
    }

    /// A hash of the program: equal programs have equal hashes.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.avals.hash(&mut hasher);
        self.inputs.hash(&mut hasher);
        self.outputs.hash(&mut hasher);
        for node in &self.nodes {
            node.op.hash_op(&mut hasher);
            node.ins.hash(&mut hasher);
            node.outs.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Whether both are the same program, value by value; source lines do not count.
    pub(crate) fn same_program(&self, other: &Graph) -> bool {
        self.avals == other.avals
            && self.inputs == other.inputs
            && self.outputs == other.outputs
            && self.nodes.len() == other.nodes.len()
            && self
                .nodes
                .iter()
                .zip(&other.nodes)
                .all(|(a, b)| a.ins == b.ins && a.outs == b.outs && a.op.eq_op(&*b.op))
    }
}
