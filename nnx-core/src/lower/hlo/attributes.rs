//! Attributes as HLO text.

use crate::error::{Error, Result};
use crate::lower::hlo::literal::list;
use crate::lower::hlo::table::AttrForm;
use crate::lower::{Attr, AttrName, Instr};
use crate::value::Aval;

/// An attribute with its name, ready to be put after the operands; `None` where HLO has nothing to
/// say. Regions are written elsewhere. `operands` are the types of the instruction's operands.
pub(super) fn text(part: &AttrForm, instr: &Instr, operands: &[Aval]) -> Result<Option<String>> {
    let written = match *part {
        AttrForm::As(from, to) => match find(instr, from)? {
            Attr::Text(text) => format!("{to}=\"{text}\""),
            attr => format!("{to}={}", value(instr, attr)?),
        },
        AttrForm::One(from, to) => format!("{to}={{{}}}", value(instr, find(instr, from)?)?),
        AttrForm::Numbers(from) => numbers(instr, find(instr, from)?)?,
        AttrForm::Slice => slice(instr)?,
        AttrForm::Padding => padding(instr)?,
        AttrForm::Window => match window(instr, operands)? {
            Some(window) => window,
            None => return Ok(None),
        },
        AttrForm::OperandPrecision => match optional(instr, AttrName::PrecisionConfig) {
            Some(Attr::Precision(level)) => {
                let level = level.to_lowercase();
                format!("operand_precision={{{level},{level}}}")
            }
            _ => return Ok(None),
        },
        AttrForm::Region(..) => return Ok(None),
    };
    Ok(Some(written))
}

/// An instruction that does not look as this backend expects.
pub(super) fn unexpected(instr: &Instr, what: &str) -> Error {
    Error::Invalid(format!(
        "HLO: {what} of `{}` cannot be written; please report it",
        instr.opcode.text()
    ))
}

fn find(instr: &Instr, name: AttrName) -> Result<&Attr> {
    optional(instr, name)
        .ok_or_else(|| unexpected(instr, &format!("the missing attribute {}", name.text())))
}

fn optional(instr: &Instr, name: AttrName) -> Option<&Attr> {
    instr.attrs.iter().find(|(n, _)| *n == name).map(|(_, attr)| attr)
}

fn ints(instr: &Instr, name: AttrName) -> Result<&[i64]> {
    match find(instr, name)? {
        Attr::Ints(ints) => Ok(ints),
        _ => Err(unexpected(instr, &format!("the attribute {}", name.text()))),
    }
}

fn value(instr: &Instr, attr: &Attr) -> Result<String> {
    Ok(match attr {
        Attr::Int(i) => i.to_string(),
        Attr::Int32(i) => i.to_string(),
        Attr::Bool(b) => b.to_string(),
        Attr::Ints(ints) => format!("{{{}}}", list(ints)),
        Attr::Case(case) => case.text().to_owned(),
        other => return Err(unexpected(instr, &format!("the attribute {other:?}"))),
    })
}

fn slice(instr: &Instr) -> Result<String> {
    let starts = ints(instr, AttrName::StartIndices)?;
    let (limits, strides) = (ints(instr, AttrName::LimitIndices)?, ints(instr, AttrName::Strides)?);
    let ranges: Vec<String> = (starts.iter().zip(limits).zip(strides))
        .map(|((start, limit), stride)| format!("[{start}:{limit}:{stride}]"))
        .collect();
    Ok(format!("slice={{{}}}", ranges.join(", ")))
}

fn padding(instr: &Instr) -> Result<String> {
    let low = ints(instr, AttrName::EdgePaddingLow)?;
    let (high, interior) =
        (ints(instr, AttrName::EdgePaddingHigh)?, ints(instr, AttrName::InteriorPadding)?);
    let edges: Vec<String> = (low.iter().zip(high).zip(interior))
        .map(|((low, high), interior)| format!("{low}_{high}_{interior}"))
        .collect();
    Ok(format!("padding={}", edges.join("x")))
}

/// A window over all dimensions, or over the spatial ones of a convolution. `None` if there are no
/// dimensions.
fn window(instr: &Instr, operands: &[Aval]) -> Result<Option<String>> {
    let sizes: Vec<i64> = match optional(instr, AttrName::DimensionNumbers) {
        Some(Attr::Conv(dims)) => {
            dims.rhs[2..].iter().map(|&d| operands[1].shape()[d] as i64).collect()
        }
        _ => ints(instr, AttrName::WindowDimensions)?.to_vec(),
    };
    if sizes.is_empty() {
        return Ok(None);
    }
    let by = |items: Vec<String>| items.join("x");
    let numbers = |list: &[i64]| by(list.iter().map(i64::to_string).collect());
    let mut parts = vec![format!("size={}", numbers(&sizes))];
    let lists = [
        ("stride", AttrName::WindowStrides),
        ("lhs_dilate", AttrName::BaseDilations),
        ("lhs_dilate", AttrName::LhsDilation),
        ("rhs_dilate", AttrName::WindowDilations),
        ("rhs_dilate", AttrName::RhsDilation),
    ];
    for (to, from) in lists {
        if optional(instr, from).is_some() {
            parts.push(format!("{to}={}", numbers(ints(instr, from)?)));
        }
    }
    if let Some(Attr::Pairs(pairs)) = optional(instr, AttrName::Padding) {
        parts.push(format!(
            "pad={}",
            by(pairs.iter().map(|(low, high)| format!("{low}_{high}")).collect())
        ));
    }
    if let Some(Attr::Bools(reversal)) = optional(instr, AttrName::WindowReversal) {
        let flags = reversal.iter().map(|&b| u8::from(b).to_string()).collect();
        parts.push(format!("rhs_reversal={}", by(flags)));
    }
    Ok(Some(format!("window={{{}}}", parts.join(" "))))
}

fn numbers(instr: &Instr, attr: &Attr) -> Result<String> {
    let dims = |lists: &[(&str, &Vec<usize>)]| {
        let parts: Vec<String> =
            lists.iter().map(|(name, dims)| format!("{name}={{{}}}", list(dims))).collect();
        parts.join(", ")
    };
    Ok(match attr {
        Attr::Dot(d) => dims(&[
            ("lhs_batch_dims", &d.lhs_batch),
            ("lhs_contracting_dims", &d.lhs_contract),
            ("rhs_batch_dims", &d.rhs_batch),
            ("rhs_contracting_dims", &d.rhs_contract),
        ]),
        Attr::Conv(d) => format!(
            "dim_labels={}_{}->{}",
            labels(&d.lhs, 'b', 'f'),
            labels(&d.rhs, 'o', 'i'),
            labels(&d.out, 'b', 'f')
        ),
        Attr::Gather(d) => {
            let lists = dims(&[
                ("offset_dims", &d.offset_dims),
                ("collapsed_slice_dims", &d.collapsed_slice_dims),
                ("operand_batching_dims", &d.operand_batching_dims),
                ("start_indices_batching_dims", &d.start_indices_batching_dims),
                ("start_index_map", &d.start_index_map),
            ]);
            format!("{lists}, index_vector_dim={}", d.index_vector_dim)
        }
        Attr::Scatter(d) => {
            let lists = dims(&[
                ("update_window_dims", &d.update_window_dims),
                ("inserted_window_dims", &d.inserted_window_dims),
                ("input_batching_dims", &d.input_batching_dims),
                ("scatter_indices_batching_dims", &d.scatter_indices_batching_dims),
                ("scatter_dims_to_operand_dims", &d.scatter_dims_to_operand_dims),
            ]);
            format!("{lists}, index_vector_dim={}", d.index_vector_dim)
        }
        other => return Err(unexpected(instr, &format!("the attribute {other:?}"))),
    })
}

/// `[first, second, spatial…]` positions as a letter or digit per position.
fn labels(dims: &[usize], first: char, second: char) -> String {
    let mut labels = vec![' '; dims.len()];
    for (i, &d) in dims.iter().enumerate() {
        labels[d] = match i {
            0 => first,
            1 => second,
            i => char::from(b'0' + (i - 2) as u8),
        };
    }
    labels.into_iter().collect()
}
