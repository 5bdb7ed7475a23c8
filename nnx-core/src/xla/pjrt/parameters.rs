//! The parameters of a compiled program, by its own account: a plugin does not compare arguments with them.

use super::ffi::Functions;
use super::{element_type, ffi};
use crate::value::{Aval, DType};
use std::ptr::NonNull;

/// Type and dimensions of a parameter or a result, in XLA's numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ParameterType {
    element_type: u64,
    dims: Vec<u64>,
}

/// The parameters of a compiled program, if the plugin tells.
pub(super) fn told(
    functions: &Functions,
    executable: NonNull<ffi::PjrtExecutable>,
) -> Option<Vec<ParameterType>> {
    parameters(&optimized_program(functions, executable)?)
}

/// How parameters differ from `inputs`, if they do.
pub(super) fn difference(found: &[ParameterType], inputs: &[Aval]) -> Option<String> {
    between(found, inputs, "takes", "argument")
}

/// A parameter of this dtype.
pub(super) fn parameter(dtype: DType, dims: Vec<u64>) -> ParameterType {
    ParameterType { element_type: primitive_type(dtype), dims }
}

/// How a serialized `HloModuleProto` differs from a program with these inputs and outputs, if it does and can be
/// read.
#[cfg(feature = "xla-rs")]
pub(in crate::xla) fn difference_in(
    module: &[u8],
    inputs: &[Aval],
    outputs: &[Aval],
) -> Option<String> {
    let found = parameters(module).and_then(|found| difference(&found, inputs));
    found.or_else(|| between(&results(module)?, outputs, "returns", "output"))
}

/// How tensors of a program differ from those that it is said to have.
fn between(found: &[ParameterType], expected: &[Aval], verb: &str, noun: &str) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{verb} {} {noun}s, not the {}", found.len(), expected.len()));
    }
    found.iter().zip(expected).enumerate().find_map(|(i, (found, expected))| {
        let dims = expected.shape().iter().map(|&n| n as u64).collect();
        let wanted = parameter(expected.dtype(), dims);
        let same = *found == wanted;
        (!same).then(|| {
            let kind = match found.element_type == wanted.element_type {
                true => "the same dtype",
                false => "another dtype",
            };
            format!("{verb} {kind} and shape {:?} for {noun} {i}, not the {expected}", found.dims)
        })
    })
}

/// XLA's number for a dtype in serialized programs and calls of the host, which is not PJRT's for all of them.
pub(super) fn primitive_type(dtype: DType) -> u64 {
    match dtype {
        DType::C64 => 15,
        DType::BF16 => 16,
        DType::C128 => 18,
        DType::F8E5M2 => 19,
        DType::F8E4M3FN => 20,
        DType::F8E4M3B11FNUZ => 23,
        DType::F8E5M2FNUZ => 24,
        DType::F8E4M3FNUZ => 25,
        DType::F8E4M3 => 28,
        DType::F8E3M4 => 29,
        DType::F8E8M0FNU => 33,
        other => element_type(other) as u64,
    }
}

/// The compiled program in XLA's serialized form.
pub(super) fn optimized_program(
    functions: &Functions,
    executable: NonNull<ffi::PjrtExecutable>,
) -> Option<Vec<u8>> {
    let optimized = functions.optimized_program?;
    let mut program = ffi::Program::new();
    let mut args = ffi::OptimizedProgramArgs::new();
    args.executable = executable.as_ptr();
    args.program = &mut program;
    // SAFETY: the executable is alive; without memory for the text only its length is given.
    let error = unsafe { optimized(&mut args) };
    functions.check(error, String::new).ok()?;
    // SAFETY: the plugin's text, which is a constant of its.
    let format = unsafe { super::text_from(program.format, program.format_size) };
    let mut text = vec![0_u8; program.code_size];
    program.code = text.as_mut_ptr().cast_const().cast();
    args.program = &mut program;
    // SAFETY: as above; there is room for the text.
    let error = unsafe { optimized(&mut args) };
    functions.check(error, String::new).ok()?;
    match format.as_str() {
        "hlo" => Some(text),
        "hlo_with_config" => message(&text, 1).map(<[u8]>::to_vec),
        _ => None,
    }
}

/// The parameters of a serialized `HloModuleProto`: those (field 1) of its program's shape (4).
fn parameters(module: &[u8]) -> Option<Vec<ParameterType>> {
    let shape = message(module, 4)?;
    let mut found = Vec::new();
    for field in Fields(shape) {
        if let (1, WireField::Bytes(parameter)) = field? {
            found.push(parse_parameter(parameter)?);
        }
    }
    Some(found)
}

/// The results of a serialized `HloModuleProto`: its program's shape (4) has them as field 2, a tuple's parts
/// are field 4 there.
#[cfg(feature = "xla-rs")]
fn results(module: &[u8]) -> Option<Vec<ParameterType>> {
    const TUPLE: u64 = 13;
    let result = message(message(module, 4)?, 2)?;
    let whole = parse_parameter(result)?;
    if whole.element_type != TUPLE {
        return Some(vec![whole]);
    }
    let parts = Fields(result).filter_map(|field| match field {
        Some((4, WireField::Bytes(part))) => Some(parse_parameter(part)),
        Some(_) => None,
        None => Some(None),
    });
    parts.collect()
}

/// A `ShapeProto`: the type is field 2, the dimensions are field 3.
fn parse_parameter(shape: &[u8]) -> Option<ParameterType> {
    let mut parameter = ParameterType { element_type: 0, dims: Vec::new() };
    for field in Fields(shape) {
        match field? {
            (2, WireField::Number(number)) => parameter.element_type = number,
            (3, WireField::Number(size)) => parameter.dims.push(size),
            (3, WireField::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    parameter.dims.push(varint(&mut packed)?);
                }
            }
            _ => {}
        }
    }
    Some(parameter)
}

/// The first field `number` of a message that is itself a message.
pub(super) fn message(bytes: &[u8], number: u64) -> Option<&[u8]> {
    Fields(bytes).map_while(|field| field).find_map(|(found, field)| match field {
        WireField::Bytes(inner) if found == number => Some(inner),
        _ => None,
    })
}

pub(super) enum WireField<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a protocol buffer, or `None` where it cannot be read.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, WireField<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = next_field(&mut self.0);
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn next_field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, WireField<'a>)> {
    let key = varint(bytes)?;
    let length = match key & 7 {
        0 => return Some((key >> 3, WireField::Number(varint(bytes)?))),
        1 => 8,
        2 => usize::try_from(varint(bytes)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (inner, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some((key >> 3, WireField::Bytes(inner)))
}

pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_a_serialized_module() {
        // A name, and a program shape with f32[2, 300] and i32[].
        let shape = b"\x0a\x07\x10\x0b\x1a\x03\x02\xac\x02\x0a\x02\x10\x04\x12\x02\x10\x0b";
        let module = [&b"\x0a\x01m\x22"[..], &[shape.len() as u8], shape].concat();
        let wanted = [
            ParameterType { element_type: 11, dims: vec![2, 300] },
            ParameterType { element_type: 4, dims: vec![] },
        ];
        assert_eq!(parameters(&module).as_deref(), Some(&wanted[..]));
        assert_eq!(parameters(&module[..module.len() - 1]), None);
        assert_eq!(parameters(b""), None);
    }
}
