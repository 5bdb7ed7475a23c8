//! Complex numbers from their parts and back. All linear.

use super::Compare;
use super::binary::same;
use crate::graph::{Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one};
use crate::lower::{Block, Direction, Id, Ids, Opcode};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::{SmallVec, smallvec};

/// `re + i im` from two arrays of f32 or f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Complex;

impl Primitive for Complex {
    fn name(&self) -> &'static str {
        "complex"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let parts = same(ins)?;
        match parts.dtype() {
            DType::F32 | DType::F64 => Ok(smallvec![parts.with_dtype(parts.dtype().complex())]),
            other => Err(format!("needs parts of f32 or f64, got {other}")),
        }
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        smallvec![b.op(Opcode::Complex, ins, outs[0], vec![])]
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let mut out: Tangents = SmallVec::from_elem(None, 2);
        out[0] = cx.is_linear(0).then(|| cx.ct().real());
        out[1] = cx.is_linear(1).then(|| -cx.ct().imag());
        Ok(out)
    }
}

/// The real or the imaginary part of complex numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ComplexPart {
    Real,
    Imag,
}

impl Primitive for ComplexPart {
    fn name(&self) -> &'static str {
        match self {
            ComplexPart::Real => "real",
            ComplexPart::Imag => "imag",
        }
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if !ins[0].dtype().is_complex() {
            return Err(format!("needs a complex dtype, got {}", ins[0]));
        }
        Ok(smallvec![ins[0].with_dtype(ins[0].dtype().real())])
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let opcode = match self {
            ComplexPart::Real => Opcode::Real,
            ComplexPart::Imag => Opcode::Imag,
        };
        smallvec![b.op(opcode, ins, outs[0], vec![])]
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.linear()
    }
    /// Cotangents of complex numbers pair with tangents without conjugation, as in JAX.
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let (ct, zeros) = (cx.ct(), cx.ct().zeros_like());
        one(Some(match self {
            ComplexPart::Real => bind1(Complex, &[ct, &zeros]),
            ComplexPart::Imag => bind1(Complex, &[&zeros, &-ct]),
        }))
    }
}

/// A part of complex numbers of a program.
pub(super) fn part(b: &mut Builder, part: ComplexPart, z: Id) -> Id {
    let aval = b.aval(z);
    let opcode = if part == ComplexPart::Real { Opcode::Real } else { Opcode::Imag };
    b.op(opcode, &[z], &aval.with_dtype(aval.dtype().real()), vec![])
}

/// Compares by the real parts, and where these are equal by the imaginary ones, as NumPy and JAX order complex
/// numbers.
pub(super) fn lexicographic(b: &mut Builder, direction: Direction, x: Id, y: Id) -> Id {
    let parts = |b: &mut Builder, which| [part(b, which, x), part(b, which, y)];
    let (real, imaginary) = (parts(b, ComplexPart::Real), parts(b, ComplexPart::Imag));
    let aval = b.aval(real[0]);
    let flag = aval.with_dtype(DType::Bool);
    let mut compare = |direction, operands: [Id; 2]| {
        b.op(Opcode::Compare, &operands, &flag, Compare(direction).attrs(aval.dtype()))
    };
    let tie = compare(Direction::Eq, real);
    let (by_imaginary, by_real) = (compare(direction, imaginary), compare(direction, real));
    b.op(Opcode::Select, &[tie, by_imaginary, by_real], &flag, vec![])
}

/// The larger or the smaller one of complex numbers in their lexicographic order; `y` where an order is
/// undefined because of NaN.
pub(super) fn extreme_of(b: &mut Builder, max: bool, x: Id, y: Id) -> Id {
    let wins = lexicographic(b, if max { Direction::Gt } else { Direction::Lt }, x, y);
    let aval = b.aval(x);
    b.op(Opcode::Select, &[wins, x, y], &aval, vec![])
}

/// A region that combines two scalars of `dtype` as `opcode` does.
pub(super) fn combining_region(b: &mut Builder, opcode: Opcode, dtype: DType) -> Block {
    if !dtype.is_complex() || !matches!(opcode, Opcode::Maximum | Opcode::Minimum) {
        return b.binary_region(opcode, dtype);
    }
    let scalar = &Aval::scalar(dtype);
    let max = opcode == Opcode::Maximum;
    b.region(&[scalar, scalar], |b, p| smallvec![extreme_of(b, max, p[0], p[1])])
}
