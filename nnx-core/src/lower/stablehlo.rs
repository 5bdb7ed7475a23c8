//! Lowering programs as StableHLO text, in MLIR's generic form.

use super::shardings::tensor_sharding;
use super::{Attr, Block, Id, Instr, Lowering, Shardings};
use crate::value::{Aval, DType};
use std::fmt::Write;

/// The text of a module whose public function `main` is the program. `aliases` pairs an input
/// with the output that may take over its buffer.
pub(crate) fn text(
    name: &str,
    program: &Lowering,
    aliases: &[(usize, usize)],
    shardings: Option<&Shardings<'_>>,
) -> String {
    let mut out = String::with_capacity(128 * program.main.instrs.len() + 256);
    let printer = Printer { avals: &program.avals };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "module @{} {{", symbol(&format!("jit_{name}")));
    if let Some(shardings) = shardings {
        out.push_str(&shardings.definition());
    }
    printer.function(&mut out, "public @main", &program.main, aliases, shardings);
    for function in &program.functions {
        let name = format!("private @{}", symbol(&function.name));
        printer.function(&mut out, &name, &function.block, &[], None);
    }
    out.push_str("}\n");
    out
}

/// A name with nothing in it that MLIR would stumble over.
pub(super) fn symbol(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

struct Printer<'a> {
    avals: &'a [Aval],
}

impl Printer<'_> {
    fn ty(&self, id: Id) -> String {
        tensor(&self.avals[id.index()])
    }

    fn types(&self, ids: &[Id]) -> String {
        ids.iter().map(|&id| self.ty(id)).collect::<Vec<_>>().join(", ")
    }

    fn function(
        &self,
        out: &mut String,
        head: &str,
        block: &Block,
        aliases: &[(usize, usize)],
        shardings: Option<&Shardings<'_>>,
    ) {
        let rank = |id: &Id| self.avals[id.index()].rank();
        let params: Vec<String> = block
            .params
            .iter()
            .enumerate()
            .map(|(i, id)| {
                let alias = aliases.iter().find(|(input, _)| *input == i);
                let alias = alias.map(|(_, output)| format!("tf.aliasing_output = {output} : i32"));
                let sharding = shardings.and_then(|s| s.inputs.get(i));
                let sharding = sharding.map(|&s| Shardings::attribute(s, rank(id)));
                format!(
                    "%{}: {}{}",
                    id.0,
                    self.ty(*id),
                    dictionary(alias.into_iter().chain(sharding))
                )
            })
            .collect();
        let results: Vec<String> = block
            .results
            .iter()
            .enumerate()
            .map(|(i, id)| {
                let sharding = shardings.and_then(|s| s.outputs.get(i));
                let sharding = sharding.map(|&s| Shardings::attribute(s, rank(id)));
                format!("{}{}", self.ty(*id), dictionary(sharding.into_iter()))
            })
            .collect();
        let (params, results) = (params.join(", "), results.join(", "));
        let _ = writeln!(out, "  func.func {head}({params}) -> ({results}) {{");
        for instr in &block.instrs {
            self.instr(out, instr, 2);
        }
        self.terminator(out, "func.return", block, 2);
        out.push_str("  }\n");
    }

    fn instr(&self, out: &mut String, instr: &Instr, depth: usize) {
        let indent = "  ".repeat(depth);
        let outs = names(&instr.outs);
        let _ =
            write!(out, "{indent}{outs} = \"{}\"({})", instr.opcode.text(), names(&instr.operands));
        if !instr.regions.is_empty() {
            out.push_str(" (");
            for (i, region) in instr.regions.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                self.region(out, region, depth + 1);
            }
            out.push(')');
        }
        if !instr.attrs.is_empty() {
            let attrs: Vec<String> = instr
                .attrs
                .iter()
                .map(|(name, attr)| format!("{} = {}", name.text(), self.attr(attr, instr)))
                .collect();
            let _ = write!(out, " {{{}}}", attrs.join(", "));
        }
        let result = self.types(&instr.outs);
        let _ = writeln!(out, " : ({}) -> ({result})", self.types(&instr.operands));
    }

    fn region(&self, out: &mut String, block: &Block, depth: usize) {
        let params: Vec<String> =
            block.params.iter().map(|&id| format!("%{}: {}", id.0, self.ty(id))).collect();
        out.push_str("{\n");
        if !params.is_empty() {
            let _ = writeln!(out, "{}^bb0({}):", "  ".repeat(depth), params.join(", "));
        }
        for instr in &block.instrs {
            self.instr(out, instr, depth + 1);
        }
        self.terminator(out, "stablehlo.return", block, depth + 1);
        let _ = write!(out, "{}}}", "  ".repeat(depth));
    }

    fn terminator(&self, out: &mut String, opcode: &str, block: &Block, depth: usize) {
        let indent = "  ".repeat(depth);
        let (ids, types) = (names(&block.results), self.types(&block.results));
        let _ = writeln!(out, "{indent}\"{opcode}\"({ids}) : ({types}) -> ()");
    }

    fn attr(&self, attr: &Attr, instr: &Instr) -> String {
        match attr {
            Attr::Int(i) => format!("{i} : i64"),
            Attr::Int32(i) => format!("{i} : i32"),
            Attr::Bool(b) => b.to_string(),
            Attr::Ints(ints) => format!("array<i64{}>", list(ints)),
            Attr::Bools(bools) => format!("array<i1{}>", list(bools)),
            Attr::Pairs(pairs) => {
                let rows: Vec<String> = pairs.iter().map(|(a, b)| format!("[{a}, {b}]")).collect();
                let body = rows.join(", ");
                // An empty list has no nested brackets to tell its shape.
                if pairs.is_empty() {
                    "dense<> : tensor<0x2xi64>".into()
                } else {
                    format!("dense<[{body}]> : tensor<{}x2xi64>", pairs.len())
                }
            }
            Attr::Dense(bytes) => {
                let aval = &self.avals[instr.outs[0].index()];
                format!("dense<{}> : {}", dense(aval, bytes), tensor(aval))
            }
            Attr::Case(case) => format!("#stablehlo<{} {}>", case.of(), case.text()),
            Attr::Dot(d) => {
                let mut parts = Vec::new();
                if !d.lhs_batch.is_empty() {
                    parts.push(format!("lhs_batching_dimensions = {:?}", d.lhs_batch));
                    parts.push(format!("rhs_batching_dimensions = {:?}", d.rhs_batch));
                }
                parts.push(format!("lhs_contracting_dimensions = {:?}", d.lhs_contract));
                parts.push(format!("rhs_contracting_dimensions = {:?}", d.rhs_contract));
                format!("#stablehlo.dot<{}>", parts.join(", "))
            }
            Attr::Conv(d) => {
                let lhs = conv_dims(&d.lhs, "b", "f");
                let rhs = conv_dims(&d.rhs, "o", "i");
                let out = conv_dims(&d.out, "b", "f");
                format!("#stablehlo.conv<[{lhs}]x[{rhs}]->[{out}]>")
            }
            Attr::Gather(d) => named(
                "gather",
                &[
                    ("offset_dims", &d.offset_dims),
                    ("collapsed_slice_dims", &d.collapsed_slice_dims),
                    ("operand_batching_dims", &d.operand_batching_dims),
                    ("start_indices_batching_dims", &d.start_indices_batching_dims),
                    ("start_index_map", &d.start_index_map),
                ],
                d.index_vector_dim,
            ),
            Attr::Scatter(d) => named(
                "scatter",
                &[
                    ("update_window_dims", &d.update_window_dims),
                    ("inserted_window_dims", &d.inserted_window_dims),
                    ("input_batching_dims", &d.input_batching_dims),
                    ("scatter_indices_batching_dims", &d.scatter_indices_batching_dims),
                    ("scatter_dims_to_operand_dims", &d.scatter_dims_to_operand_dims),
                ],
                d.index_vector_dim,
            ),
            Attr::Named(name, value) => format!("{{{name} = {value} : i64}}"),
            Attr::Layouts(ranks) => {
                let layout = |&rank: &usize| match rank {
                    0 => "dense<> : tensor<0xindex>".to_string(),
                    _ => {
                        let order: Vec<usize> = (0..rank).rev().collect();
                        format!("dense<{order:?}> : tensor<{rank}xindex>")
                    }
                };
                format!("[{}]", ranks.iter().map(layout).collect::<Vec<_>>().join(", "))
            }
            Attr::Text(text) => format!("\"{text}\""),
            Attr::Precision(level) => {
                let one = format!("#stablehlo<precision {level}>");
                format!("[{one}, {one}]")
            }
            Attr::Word(word) => format!("\"{word}\""),
            Attr::Sharding(dims) => tensor_sharding(dims),
            Attr::Function(name) => format!("@{}", symbol(name)),
        }
    }
}

/// Attributes in braces, after a space; nothing if there are none.
fn dictionary(attributes: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = attributes.collect();
    if all.is_empty() { String::new() } else { format!(" {{{}}}", all.join(", ")) }
}

fn names(ids: &[Id]) -> String {
    ids.iter().map(|id| format!("%{}", id.0)).collect::<Vec<_>>().join(", ")
}

fn list<T: ToString>(items: &[T]) -> String {
    if items.is_empty() {
        return String::new();
    }
    format!(": {}", items.iter().map(T::to_string).collect::<Vec<_>>().join(", "))
}

/// A set of dimension numbers, without the empty lists.
fn named(kind: &str, lists: &[(&str, &Vec<usize>)], index_vector_dim: usize) -> String {
    let mut parts: Vec<String> = lists
        .iter()
        .filter(|(_, dims)| !dims.is_empty())
        .map(|(name, dims)| format!("{name} = {dims:?}"))
        .collect();
    parts.push(format!("index_vector_dim = {index_vector_dim}"));
    format!("#stablehlo.{kind}<{}>", parts.join(", "))
}

/// `[first, second, spatial…]` positions as StableHLO's list of names by position.
fn conv_dims(dims: &[usize], first: &str, second: &str) -> String {
    let mut names = vec![String::new(); dims.len()];
    for (i, &d) in dims.iter().enumerate() {
        names[d] = match i {
            0 => first.to_owned(),
            1 => second.to_owned(),
            i => (i - 2).to_string(),
        };
    }
    names.join(", ")
}

fn element(dtype: DType) -> &'static str {
    use DType::*;
    match dtype {
        Bool => "i1",
        I8 => "i8",
        I16 => "i16",
        I32 => "i32",
        I64 => "i64",
        U8 => "ui8",
        U16 => "ui16",
        U32 => "ui32",
        U64 => "ui64",
        F16 => "f16",
        BF16 => "bf16",
        F32 => "f32",
        F64 => "f64",
        C64 => "complex<f32>",
        C128 => "complex<f64>",
        F8E4M3FN => "f8E4M3FN",
        F8E5M2 => "f8E5M2",
        F8E4M3B11FNUZ => "f8E4M3B11FNUZ",
        F8E4M3FNUZ => "f8E4M3FNUZ",
        F8E5M2FNUZ => "f8E5M2FNUZ",
        F8E3M4 => "f8E3M4",
        F8E4M3 => "f8E4M3",
        F8E8M0FNU => "f8E8M0FNU",
    }
}

fn tensor(aval: &Aval) -> String {
    let mut out = String::from("tensor<");
    for n in aval.shape() {
        let _ = write!(out, "{n}x");
    }
    out.push_str(element(aval.dtype()));
    out.push('>');
    out
}

/// The literal between the angle brackets of `dense<…>`: hexadecimal bytes, so that nothing is
/// lost; one element stands for an array of equal elements.
fn dense(aval: &Aval, bytes: &[u8]) -> String {
    let size = aval.dtype().size();
    if bytes.is_empty() {
        return String::new();
    }
    let splat = bytes.chunks_exact(size).all(|element| element == &bytes[..size]);
    if aval.dtype() == DType::Bool {
        // One bit per element in MLIR's raw form, so bools are spelled out.
        if splat {
            return (bytes[0] != 0).to_string();
        }
        return nested(aval.shape(), bytes);
    }
    let mut out = String::from("\"0x");
    for byte in if splat { &bytes[..size] } else { bytes } {
        let _ = write!(out, "{byte:02X}");
    }
    out.push('"');
    out
}

fn nested(shape: &[usize], bytes: &[u8]) -> String {
    let Some((&n, rest)) = shape.split_first() else { return (bytes[0] != 0).to_string() };
    let items: Vec<String> = bytes.chunks(bytes.len() / n).map(|part| nested(rest, part)).collect();
    format!("[{}]", items.join(", "))
}
