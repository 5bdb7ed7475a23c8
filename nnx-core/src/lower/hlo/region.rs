//! Loops and branches. Their computations take one tuple, in which travels what StableHLO's
//! regions see of the block around them.

use crate::error::Result;
use crate::lower::hlo::attributes::unexpected;
use crate::lower::hlo::body::{Computation, element};
use crate::lower::hlo::{Writer, body};
use crate::lower::{Block, Id, Instr, Opcode};

impl Writer {
    pub(super) fn while_loop(&mut self, outer: &mut Computation<'_>, instr: &Instr) -> Result<()> {
        let [condition, step] = &instr.regions[..] else {
            return Err(unexpected(instr, "the number of regions"));
        };
        let mut test = Computation::new(outer.avals, condition);
        let mut next = Computation::returning_tuple(outer.avals);
        for (body, block) in [(&mut test, condition), (&mut next, step)] {
            block.params.iter().for_each(|&id| body.know(id));
            self.block(body, block)?;
        }
        test.return_results(condition, &[]);
        // Results may come from outside as well.
        step.results.iter().for_each(|&id| drop(next.operand(id)));
        let mut captures = next.captures.clone();
        captures.extend(test.captures.iter().filter(|id| !next.captures.contains(id)));
        next.return_results(step, &captures);

        let names = [self.fresh("condition"), self.fresh("body")];
        for ((name, body), block) in names.iter().zip([&test, &next]).zip([condition, step]) {
            let members: Vec<Id> = block.params.iter().chain(&captures).copied().collect();
            self.over_tuple(name, body, &members);
        }
        let carry: Vec<Id> = instr.operands.iter().chain(&captures).copied().collect();
        let all: Vec<Id> = instr.outs.iter().chain(&captures).copied().collect();
        let tuple = outer.tuple(&carry);
        let tail = format!(", condition={}, body={}", names[0], names[1]);
        outer.apply_tuple(&instr.outs, &all, "while", &[tuple], &tail);
        Ok(())
    }

    pub(super) fn branch(&mut self, outer: &mut Computation<'_>, instr: &Instr) -> Result<()> {
        let mut operands = vec![outer.operand(instr.operands[0])];
        let mut names = Vec::with_capacity(instr.regions.len());
        for region in &instr.regions {
            let (name, captures) = self.region(outer, region)?;
            operands.push(outer.tuple(&captures));
            names.push(name);
        }
        let tail = if instr.opcode == Opcode::If {
            let [yes, no] = &names[..] else {
                return Err(unexpected(instr, "the number of regions"));
            };
            format!(", true_computation={yes}, false_computation={no}")
        } else {
            format!(", branch_computations={{{}}}", names.join(", "))
        };
        outer.apply_tuple(&instr.outs, &instr.outs, "conditional", &operands, &tail);
        Ok(())
    }

    /// A region without parameters as a computation from a tuple of what it takes from outside to
    /// a tuple of its results.
    fn region(&mut self, outer: &Computation<'_>, region: &Block) -> Result<(String, Vec<Id>)> {
        let mut body = Computation::returning_tuple(outer.avals);
        self.block(&mut body, region)?;
        body.return_results(region, &[]);
        let (name, captures) = (self.fresh("branch"), body.captures.clone());
        self.over_tuple(&name, &body, &captures);
        Ok((name, captures))
    }

    /// The computation of these lines, whose values `members` are the elements of its parameter.
    fn over_tuple(&mut self, name: &str, body: &body::Computation<'_>, members: &[Id]) {
        let mut head = format!("  p = {} parameter(0)\n", body.tuple_shape(members));
        for (i, &id) in members.iter().enumerate() {
            head.push_str(&body.line(id, &element("p", i)));
        }
        self.finish(name, &[&head, &body.text]);
    }
}
