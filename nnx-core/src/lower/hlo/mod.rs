//! Lowering programs as HLO text, for the backend that takes no StableHLO.
//!
//! HLO says nearly the same as StableHLO; `table` holds the differences in names. Those in
//! structure: a computation sees nothing of the one around it, so what a region takes from outside
//! travels in the tuple that is its parameter (`region`); several results are a tuple.

mod attributes;
mod body;
mod literal;
mod region;
mod table;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::lower::stablehlo::symbol;
use crate::lower::{Attr, AttrName, Block, Instr, Lowering, Opcode};
use crate::value::Aval;
use attributes::unexpected;
use body::Computation;
use literal::shape;
use std::fmt::Write;
use table::{AttrForm, Form};

impl Opcode {
    /// Whether HLO has an instruction for the operation.
    pub(crate) const fn is_in_hlo(self) -> bool {
        !matches!(table::form(self).0, Form::Missing)
    }
}

/// The text of a module whose entry is the program. `aliases` pairs an input with the output that
/// may take over its buffer.
///
/// PJRT gives the elements of a tuple as separate buffers. So the entry returns a tuple, except
/// for exactly one result, which stands for itself as in the programs that JAX makes.
///
/// Aliases are `may-alias`: an argument that the caller gives away is reused, and one that it keeps
/// is copied, where `must-alias` would refuse to run.
///
/// # Errors
/// Returns an error if an operation cannot be expressed in HLO, which is a mistake of this
/// library.
pub(crate) fn text(name: &str, program: &Lowering, aliases: &[(usize, usize)]) -> Result<String> {
    let mut out = format!("HloModule {}", symbol(&format!("jit_{name}")));
    if !aliases.is_empty() {
        let one = program.main.results.len() == 1;
        let pairs: Vec<String> = (aliases.iter())
            .map(|(input, output)| {
                let output = if one { String::new() } else { output.to_string() };
                format!("{{{output}}}: ({input}, {{}}, may-alias)")
            })
            .collect();
        let _ = write!(out, ", input_output_alias={{ {} }}", pairs.join(", "));
    }
    out.push_str("\n\n");
    let mut writer = Writer { done: out, regions: 0 };
    // Whatever a function calls was lowered before it.
    for function in &program.functions {
        writer.function(&symbol(&function.name), &function.block, &program.avals)?;
    }
    writer.function("ENTRY main", &program.main, &program.avals)?;
    Ok(writer.done)
}

/// Writes computations, those that others need first.
struct Writer {
    done: String,
    regions: usize,
}

impl Writer {
    /// A name for a computation that no function has: theirs are without dots.
    fn fresh(&mut self, kind: &str) -> String {
        self.regions += 1;
        format!("{kind}.{}", self.regions)
    }

    /// Adds a computation with `head` before its brace.
    fn finish(&mut self, head: &str, lines: &[&str]) {
        let _ = writeln!(self.done, "{head} {{");
        lines.iter().for_each(|lines| self.done.push_str(lines));
        self.done.push_str("}\n\n");
    }

    /// A computation whose parameters are those of `block`.
    fn function(&mut self, head: &str, block: &Block, avals: &[Aval]) -> Result<()> {
        let mut body = Computation::new(avals, block);
        for (i, &id) in block.params.iter().enumerate() {
            body.define(id, &format!("parameter({i})"));
        }
        self.block(&mut body, block)?;
        body.return_results(block, &[]);
        if let Some(id) = body.captures.first() {
            // Regions that are applied to elements have no operand that could carry it.
            return Err(Error::Invalid(format!(
                "HLO: `{head}` uses v{}, which is computed outside of it; please report it",
                id.0
            )));
        }
        self.finish(head, &[&body.text]);
        Ok(())
    }

    fn block(&mut self, body: &mut Computation<'_>, block: &Block) -> Result<()> {
        block.instrs.iter().try_for_each(|instr| self.instr(body, instr))
    }

    fn instr(&mut self, body: &mut Computation<'_>, instr: &Instr) -> Result<()> {
        let (form, parts) = table::form(instr.opcode);
        let operands: Vec<Aval> = instr.operands.iter().map(|&id| body.aval(id).clone()).collect();
        match form {
            Form::Op(name) => {
                // HLO has no empty list of paddings; a scalar has nothing to pad.
                if name == "pad" && operands[0].rank() == 0 {
                    body.apply(&instr.outs, "reshape", &instr.operands[..1], "");
                    return Ok(());
                }
                let tail = self.attributes(instr, parts, &operands, body.avals)?;
                body.apply(&instr.outs, name, &instr.operands, &tail);
            }
            Form::Constant => constant(body, instr)?,
            Form::Broadcast => broadcast(body, instr)?,
            Form::Barrier => {
                let tuple = body.tuple(&instr.operands);
                body.apply_tuple(&instr.outs, &instr.outs, "opt-barrier", &[tuple], "");
            }
            Form::Call => {
                let [(_, Attr::Function(name))] = &instr.attrs[..] else {
                    return Err(unexpected(instr, "the function"));
                };
                let tail = format!(", to_apply={}", symbol(name));
                body.apply(&instr.outs, "call", &instr.operands, &tail);
            }
            Form::Missing => return Err(unexpected(instr, "the operation")),
            Form::While => self.while_loop(body, instr)?,
            Form::Branch => self.branch(body, instr)?,
        }
        Ok(())
    }

    /// Attributes and regions, as they follow the operands.
    fn attributes(
        &mut self,
        instr: &Instr,
        parts: &[AttrForm],
        operands: &[Aval],
        avals: &[Aval],
    ) -> Result<String> {
        let read = |name: &AttrName| parts.iter().any(|part| part.reads().contains(name));
        if let Some((name, _)) = instr.attrs.iter().find(|(name, _)| !read(name)) {
            return Err(unexpected(instr, &format!("the attribute {}", name.text())));
        }
        let mut tail = String::new();
        for part in parts {
            if let AttrForm::Region(index, name) = *part {
                let Some(region) = instr.regions.get(index) else {
                    return Err(unexpected(instr, "a missing region"));
                };
                let computation = self.fresh("apply");
                self.function(&computation, region, avals)?;
                let _ = write!(tail, ", {name}={computation}");
            } else if let Some(text) = attributes::text(part, instr, operands)? {
                let _ = write!(tail, ", {text}");
            }
        }
        Ok(tail)
    }
}

fn constant(body: &mut Computation<'_>, instr: &Instr) -> Result<()> {
    let [(_, Attr::Dense(bytes))] = &instr.attrs[..] else {
        return Err(unexpected(instr, "the value"));
    };
    let (out, aval) = (instr.outs[0], body.aval(instr.outs[0]));
    let size = aval.dtype().size();
    let equal = bytes.chunks_exact(size).all(|element| element == &bytes[..size]);
    if aval.rank() == 0 || !equal {
        body.define(out, &format!("constant({})", literal::array(aval, bytes)));
        return Ok(());
    }
    // One element for all; any for none.
    let zeros = vec![0; size];
    let element = if bytes.is_empty() { &zeros } else { &bytes[..size] };
    let scalar = Aval::scalar(aval.dtype());
    let value = format!("constant({})", literal::array(&scalar, element));
    let scalar = body.temporary(&shape(&scalar), &value);
    body.define(out, &format!("broadcast({scalar}), dimensions={{}}"));
    Ok(())
}

fn broadcast(body: &mut Computation<'_>, instr: &Instr) -> Result<()> {
    let [(_, Attr::Ints(dims))] = &instr.attrs[..] else {
        return Err(unexpected(instr, "the dimensions"));
    };
    let (operand, out) = (body.aval(instr.operands[0]), body.aval(instr.outs[0]));
    let mut source = body.operand(instr.operands[0]);
    let (sizes, dims): (Vec<usize>, Vec<i64>) =
        (operand.shape().iter().zip(dims)).filter(|&(&n, &d)| n == out.shape()[d as usize]).unzip();
    if sizes.len() < operand.rank() {
        let reshaped = operand.with_shape(&sizes);
        source = body.temporary(&shape(&reshaped), &format!("reshape({source})"));
    }
    let text = format!("broadcast({source}), dimensions={{{}}}", literal::list(&dims));
    body.define(instr.outs[0], &text);
    Ok(())
}
