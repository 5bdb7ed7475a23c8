//! The lines of a computation.

use crate::lower::hlo::literal::shape;
use crate::lower::{Block, Id};
use crate::value::Aval;
use rustc_hash::FxHashSet;
use std::fmt::Write;

/// A computation while it is written. Values are called `v` and their number, as everywhere in the
/// program; other lines `t` and a number.
pub(super) struct Computation<'a> {
    pub(super) avals: &'a [Aval],
    pub(super) text: String,
    /// Values that it uses and does not compute.
    pub(super) captures: Vec<Id>,
    known: FxHashSet<Id>,
    temporaries: usize,
    /// The value that is the result, if it is a single one.
    root: Option<Id>,
}

impl<'a> Computation<'a> {
    /// For the lines of `block`, which returns its result plainly if it is a single one.
    pub(super) fn new(avals: &'a [Aval], block: &Block) -> Self {
        let root = match block.results[..] {
            [one] => Some(one),
            _ => None,
        };
        Computation { root, ..Computation::returning_tuple(avals) }
    }

    /// For lines that return a tuple in any case.
    pub(super) fn returning_tuple(avals: &'a [Aval]) -> Self {
        Computation {
            avals,
            text: String::new(),
            captures: vec![],
            known: FxHashSet::default(),
            temporaries: 0,
            root: None,
        }
    }

    pub(super) fn aval(&self, id: Id) -> &'a Aval {
        &self.avals[id.index()]
    }

    /// The name of a value that is used.
    pub(super) fn operand(&mut self, id: Id) -> String {
        if self.known.insert(id) {
            self.captures.push(id);
        }
        format!("v{}", id.0)
    }

    fn operands(&mut self, ids: &[Id]) -> String {
        ids.iter().map(|&id| self.operand(id)).collect::<Vec<_>>().join(", ")
    }

    /// Notes that `id` is computed here.
    pub(super) fn know(&mut self, id: Id) {
        self.known.insert(id);
    }

    /// The line that computes `id`.
    pub(super) fn define(&mut self, id: Id, value: &str) {
        self.know(id);
        let line = self.line(id, value);
        self.text.push_str(&line);
    }

    pub(super) fn line(&self, id: Id, value: &str) -> String {
        let root = if self.root == Some(id) { "ROOT " } else { "" };
        format!("  {root}v{} = {} {value}\n", id.0, shape(self.aval(id)))
    }

    /// A line that computes no value of the program; gives its name.
    pub(super) fn temporary(&mut self, shape: &str, value: &str) -> String {
        let name = format!("t{}", self.temporaries);
        self.temporaries += 1;
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "  {name} = {shape} {value}");
        name
    }

    /// The type of a tuple.
    pub(super) fn tuple_shape(&self, ids: &[Id]) -> String {
        let shapes: Vec<String> = ids.iter().map(|&id| shape(self.aval(id))).collect();
        format!("({})", shapes.join(", "))
    }

    /// A tuple of values; gives its name.
    pub(super) fn tuple(&mut self, ids: &[Id]) -> String {
        let (shape, operands) = (self.tuple_shape(ids), self.operands(ids));
        self.temporary(&shape, &format!("tuple({operands})"))
    }

    /// An instruction whose results are a tuple unless there is exactly one.
    pub(super) fn apply(&mut self, outs: &[Id], name: &str, ins: &[Id], tail: &str) {
        let operands = self.operands(ins);
        if let [out] = *outs {
            self.define(out, &format!("{name}({operands}){tail}"));
        } else {
            self.apply_tuple(outs, outs, name, &[operands], tail);
        }
    }

    /// An instruction whose result is a tuple like `all`, of which `outs` are the first.
    pub(super) fn apply_tuple(
        &mut self,
        outs: &[Id],
        all: &[Id],
        name: &str,
        operands: &[String],
        tail: &str,
    ) {
        let (shape, operands) = (self.tuple_shape(all), operands.join(", "));
        let tuple = self.temporary(&shape, &format!("{name}({operands}){tail}"));
        for (i, &out) in outs.iter().enumerate() {
            self.define(out, &element(&tuple, i));
        }
    }

    /// The last line, which returns the results and `more` as a tuple; none if the result is a
    /// single one, whose own line is the root.
    pub(super) fn return_results(&mut self, block: &Block, more: &[Id]) {
        let ids: Vec<Id> = block.results.iter().chain(more).copied().collect();
        let operands = self.operands(&ids);
        if self.root.is_none() {
            let shape = self.tuple_shape(&ids);
            let _ = writeln!(self.text, "  ROOT out = {shape} tuple({operands})");
        }
    }
}

/// The instruction that gives an element of a tuple.
pub(super) fn element(tuple: &str, index: usize) -> String {
    format!("get-tuple-element({tuple}), index={index}")
}
