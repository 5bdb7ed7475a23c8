//! A compiled program as text, from XLA's serialized form: the messages of `xla/service/hlo.proto` and
//! `xla/xla_data.proto`, by the numbers of their fields.

use super::parameters::{Fields, WireField, primitive_type, varint};
use crate::value::DType;
use rustc_hash::FxHashMap;
use std::fmt::Write;

/// The text of a serialized `HloModuleProto`, in HLO's notation, if it can be read. Of attributes there are those
/// that tell which numbers an instruction takes: dimensions, slices, positions in tuples, called computations, targets.
pub(super) fn text(module: &[u8]) -> Option<String> {
    let (mut name, mut entry, mut computations) = (String::new(), 0, Vec::new());
    for field in Fields(module) {
        match field? {
            (1, WireField::Bytes(bytes)) => name = string(bytes),
            (6, WireField::Number(id)) => entry = id,
            (3, WireField::Bytes(bytes)) => computations.push(CompiledComputation::parse(bytes)?),
            _ => {}
        }
    }
    let names: FxHashMap<u64, &str> =
        computations.iter().map(|computation| (computation.id, &*computation.name)).collect();
    let mut text = format!("HloModule {name}\n");
    for computation in &computations {
        computation.write(&names, computation.id == entry, &mut text)?;
    }
    Some(text)
}

#[derive(Default)]
struct CompiledComputation {
    name: String,
    id: u64,
    root: u64,
    instructions: Vec<Instruction>,
}

impl CompiledComputation {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut computation = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, WireField::Bytes(name)) => computation.name = string(name),
                (2, WireField::Bytes(bytes)) => {
                    computation.instructions.push(Instruction::parse(bytes)?);
                }
                (5, WireField::Number(id)) => computation.id = id,
                (6, WireField::Number(id)) => computation.root = id,
                _ => {}
            }
        }
        Some(computation)
    }

    fn write(&self, names: &FxHashMap<u64, &str>, is_entry: bool, text: &mut String) -> Option<()> {
        let entry = if is_entry { "ENTRY " } else { "" };
        writeln!(text, "\n{entry}{} {{", self.name).ok()?;
        let here: FxHashMap<u64, &str> =
            self.instructions.iter().map(|made| (made.id, &*made.name)).collect();
        for instruction in &self.instructions {
            let root = if instruction.id == self.root { "ROOT " } else { "" };
            let Instruction { name, shape, opcode, .. } = instruction;
            let of = |ids: &[u64], names: &FxHashMap<u64, &str>| {
                let names: Vec<&str> =
                    ids.iter().map(|id| names.get(id).copied().unwrap_or("?")).collect();
                names.join(", ")
            };
            let operands = match instruction.parameter {
                Some(number) if opcode == "parameter" => number.to_string(),
                _ => of(&instruction.operands, &here),
            };
            write!(text, "  {root}{name} = {shape} {opcode}({operands})").ok()?;
            for attribute in &instruction.attributes {
                write!(text, ", {attribute}").ok()?;
            }
            if !instruction.called.is_empty() {
                write!(text, ", calls={{{}}}", of(&instruction.called, names)).ok()?;
            }
            if let Some(source) = &instruction.source {
                write!(text, ", op_name={source:?}").ok()?;
            }
            text.push('\n');
        }
        text.push_str("}\n");
        Some(())
    }
}

#[derive(Default)]
struct Instruction {
    id: u64,
    name: String,
    opcode: String,
    shape: String,
    parameter: Option<u64>,
    operands: Vec<u64>,
    called: Vec<u64>,
    attributes: Vec<String>,
    source: Option<String>,
}

impl Instruction {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut made = Self::default();
        let (mut dimensions, mut slices, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for field in Fields(bytes) {
            let (number, field) = field?;
            match (number, field) {
                (1, WireField::Bytes(name)) => made.name = string(name),
                (2, WireField::Bytes(opcode)) => made.opcode = string(opcode),
                (3, WireField::Bytes(bytes)) => made.shape = shape(bytes)?,
                (7, WireField::Bytes(metadata)) => made.source = op_name(metadata),
                (9, WireField::Number(number)) => made.parameter = Some(number),
                (11, WireField::Bytes(kind)) if !kind.is_empty() => {
                    made.attributes.push(format!("kind={}", string(kind)));
                }
                (13, WireField::Number(index)) => made.attributes.push(format!("index={index}")),
                (14, field) => numbers(field, &mut dimensions)?,
                (17, WireField::Bytes(bytes)) => slices.push(slice(bytes)?),
                (20, field) => numbers(field, &mut sizes)?,
                (28, WireField::Bytes(target)) if !target.is_empty() => {
                    made.attributes.push(format!("custom_call_target={:?}", string(target)));
                }
                (30, WireField::Bytes(bytes)) => made.attributes.extend(contracted(bytes)?),
                (35, WireField::Number(id)) => made.id = id,
                (36, field) => numbers(field, &mut made.operands)?,
                (38, field) => numbers(field, &mut made.called)?,
                (63, WireField::Bytes(direction)) if !direction.is_empty() => {
                    made.attributes.push(format!("direction={}", string(direction)));
                }
                _ => {}
            }
        }
        // An element of a tuple is told by its number, which is left out if it is the first.
        if made.opcode == "get-tuple-element" && made.attributes.is_empty() {
            made.attributes.push("index=0".into());
        }
        if made.opcode == "parameter" && made.parameter.is_none() {
            made.parameter = Some(0);
        }
        let mut list = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                made.attributes.push(format!("{name}={{{}}}", values.join(",")));
            }
        };
        list("dimensions", texts(&dimensions));
        list("slice", slices);
        list("dynamic_slice_sizes", texts(&sizes));
        Some(made)
    }
}

fn texts(numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(u64::to_string).collect()
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The numbers of a repeated field, one by one or packed.
fn numbers(field: WireField<'_>, all: &mut Vec<u64>) -> Option<()> {
    match field {
        WireField::Number(number) => all.push(number),
        WireField::Bytes(mut packed) => {
            while !packed.is_empty() {
                all.push(varint(&mut packed)?);
            }
        }
    }
    Some(())
}

/// `OpMetadata`'s name of the operation.
fn op_name(metadata: &[u8]) -> Option<String> {
    let name = super::parameters::message(metadata, 2)?;
    (!name.is_empty()).then(|| string(name))
}

/// A slice of one axis: its start, limit and stride.
fn slice(bytes: &[u8]) -> Option<String> {
    let (mut start, mut limit, mut stride) = (0, 0, 0);
    for field in Fields(bytes) {
        match field? {
            (1, WireField::Number(n)) => start = n,
            (2, WireField::Number(n)) => limit = n,
            (3, WireField::Number(n)) => stride = n,
            _ => {}
        }
    }
    Some(format!("[{start}:{limit}:{stride}]"))
}

/// The axes of a product: those that are summed over, and those that both operands keep.
fn contracted(bytes: &[u8]) -> Option<Vec<String>> {
    let mut axes: [Vec<u64>; 4] = Default::default();
    for field in Fields(bytes) {
        let (number, field) = field?;
        if let Some(axes) = (1..=4).contains(&number).then(|| &mut axes[number as usize - 1]) {
            numbers(field, axes)?;
        }
    }
    let names =
        ["lhs_contracting_dims", "rhs_contracting_dims", "lhs_batch_dims", "rhs_batch_dims"];
    let named = names.iter().zip(&axes).filter(|(_, axes)| !axes.is_empty());
    Some(named.map(|(name, axes)| format!("{name}={{{}}}", texts(axes).join(","))).collect())
}

/// A `ShapeProto`: `f32[2,3]{1,0}`, or a tuple of such.
fn shape(bytes: &[u8]) -> Option<String> {
    const TUPLE: u64 = 13;
    let (mut element_type, mut dims) = (0, Vec::new());
    let (mut parts, mut layout) = (Vec::new(), Vec::new());
    for field in Fields(bytes) {
        match field? {
            (2, WireField::Number(number)) => element_type = number,
            (3, field) => numbers(field, &mut dims)?,
            (4, WireField::Bytes(part)) => parts.push(shape(part)?),
            (5, WireField::Bytes(bytes)) => {
                for field in Fields(bytes) {
                    if let (1, field) = field? {
                        numbers(field, &mut layout)?;
                    }
                }
            }
            _ => {}
        }
    }
    if element_type == TUPLE {
        return Some(format!("({})", parts.join(", ")));
    }
    let mut all = DType::ALL.iter().chain(&DType::SMALL);
    let dtype = all.find(|&&dtype| primitive_type(dtype) == element_type);
    let dtype = match dtype {
        Some(DType::Bool) => "pred".into(),
        Some(dtype) => hlo_name(*dtype),
        None if element_type == 17 => "token".into(),
        None => format!("type{element_type}"),
    };
    let layout = match layout.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", texts(&layout).join(",")),
    };
    Some(format!("{dtype}[{}]{layout}", texts(&dims).join(",")))
}

/// HLO writes integers as `s32`, where this library writes `i32`.
fn hlo_name(dtype: DType) -> String {
    let name = dtype.to_string();
    name.strip_prefix('i').map_or(name.clone(), |bits| format!("s{bits}"))
}
