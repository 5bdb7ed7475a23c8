//! Elementwise operations of two operands of equal shape and dtype.

use super::complex::extreme_of;
use super::expansion;
use super::unary::Takes;
use crate::graph::{
    Avals, Backward, Batch, Batched, Builder, Checks, Dual, Fault, Jvp, Primitive, Tangents,
};
use crate::lower::{Chlo, Id, Ids, Opcode};
use crate::rewrite::add_tangents;
use crate::run::bind1;
use crate::value::Aval;
use smallvec::{SmallVec, smallvec};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    Max,
    Min,
    Atan2,
    NextAfter,
    /// Derivative of order m of digamma, plus one: operands m and x.
    Polygamma,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRightLogical,
    ShiftRightArithmetic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Binary(pub(crate) BinaryOp);

impl BinaryOp {
    fn info(self) -> (&'static str, Opcode, Takes) {
        use BinaryOp::*;
        match self {
            Add => ("add", Opcode::Add, Takes::Any),
            Sub => ("sub", Opcode::Subtract, Takes::Numbers),
            Mul => ("mul", Opcode::Multiply, Takes::Any),
            Div => ("div", Opcode::Divide, Takes::Numbers),
            // XLA's CPU compiler ends the process at complex operands.
            Rem => ("rem", Opcode::Remainder, Takes::RealNumbers),
            Pow => ("pow", Opcode::Power, Takes::Numbers),
            Max => ("max", Opcode::Maximum, Takes::Any),
            Min => ("min", Opcode::Minimum, Takes::Any),
            Atan2 => ("atan2", Opcode::Atan2, Takes::Floats),
            NextAfter => ("nextafter", Opcode::Chlo(Chlo::NextAfter), Takes::Floats),
            Polygamma => ("polygamma", Opcode::Chlo(Chlo::Polygamma), Takes::Floats),
            And => ("and", Opcode::And, Takes::BoolOrInts),
            Or => ("or", Opcode::Or, Takes::BoolOrInts),
            Xor => ("xor", Opcode::Xor, Takes::BoolOrInts),
            ShiftLeft => ("shift_left", Opcode::ShiftLeft, Takes::Ints),
            ShiftRightLogical => ("shift_right_logical", Opcode::ShiftRightLogical, Takes::Ints),
            ShiftRightArithmetic => {
                ("shift_right_arithmetic", Opcode::ShiftRightArithmetic, Takes::Ints)
            }
        }
    }
}

/// The angle of the point (x, y).
///
/// Where x is the constant 1, XLA's CPU plugin of jaxlib 0.11.2 computes something else for arrays
/// of some 50 elements and more: whole lanes of its vectors hold garbage. So x is multiplied by a 1
/// that only a run can tell to be one.
pub(super) fn atan2(b: &mut Builder, y: Id, x: Id, out: &Aval) -> Id {
    let mut number = |x: f64| b.splat(out, &crate::value::scalar_bytes(out.dtype(), x));
    let [low, high, zero] = [number(-1.0), number(1.0), number(0.0)];
    let finite = b.op(Opcode::Clamp, &[low, y, high], out, vec![]);
    let nothing = b.op(Opcode::Multiply, &[finite, zero], out, vec![]);
    let one = b.op(Opcode::Add, &[nothing, high], out, vec![]);
    let x = b.op(Opcode::Multiply, &[x, one], out, vec![]);
    b.op(Opcode::Atan2, &[y, x], out, vec![])
}

/// The common shape rule of elementwise operations.
pub(super) fn same(ins: &[&Aval]) -> Result<Aval, String> {
    if ins.iter().all(|aval| *aval == ins[0]) {
        Ok(ins[0].clone())
    } else {
        let ins: Vec<String> = ins.iter().map(|aval| aval.to_string()).collect();
        Err(format!("needs operands of one shape and dtype, got {}", ins.join(" and ")))
    }
}

impl Primitive for Binary {
    fn name(&self) -> &'static str {
        self.0.info().0
    }

    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let out = same(ins)?;
        self.0.info().2.check(out.dtype())?;
        Ok(smallvec![out])
    }

    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if self.0 == BinaryOp::Atan2 {
            return smallvec![atan2(b, ins[0], ins[1], outs[0])];
        }
        if outs[0].dtype().is_complex() && matches!(self.0, BinaryOp::Max | BinaryOp::Min) {
            return smallvec![extreme_of(b, self.0 == BinaryOp::Max, ins[0], ins[1])];
        }
        expansion::lower(b, self.0.info().1, ins, outs[0])
    }

    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        use BinaryOp::*;
        let (x, y, out) = (&cx.primals[0], &cx.primals[1], cx.out());
        let (tx, ty) = (cx.tangent(0), cx.tangent(1));
        let sum = |a, b| cx.one(add_tangents(a, b));
        match self.0 {
            Add => sum(tx.cloned(), ty.cloned()),
            Sub => match (tx, ty) {
                (Some(a), Some(b)) => cx.one(Some(a - b)),
                (a, b) => cx.one(a.cloned().or(b.map(|b| -b))),
            },
            Mul => sum(tx.map(|t| t * y), ty.map(|t| x * t)),
            // Not by the quotient, which may overflow where the slope beyond it is 0, or vanish beside y.
            Div => sum(tx.map(|t| t / y), ty.map(|t| -(t / y * x / y))),
            Rem => sum(tx.cloned(), ty.map(|t| -(t * (x / y).trunc()))),
            Pow => {
                // d/dx = y x^(y-1), with the exponent guarded where y = 0; d/dy = ln(x) x^y, with
                // the logarithm guarded where x = 0.
                let dx = tx.map(|t| {
                    let zero = y.eq(0.0);
                    let exponent = crate::array::select(&zero, y.ones_like(), &(y - 1.0));
                    t * (y * x.pow(&exponent))
                });
                let dy = ty.map(|t| {
                    let zero = x.eq(0.0);
                    let base = crate::array::select(&zero, x.ones_like(), x);
                    t * (base.log() * out)
                });
                sum(dx, dy)
            }
            Max | Min => {
                // The gradient goes to the chosen operand, half to each where they are equal.
                let pick = |a: &crate::graph::Array, b: &crate::graph::Array| {
                    let chosen = if self.0 == Max { a.gt(b) } else { a.lt(b) };
                    let (full, none) = (a.ones_like(), a.zeros_like());
                    let half = crate::array::select(a.eq(b), a.full_like(0.5), &none);
                    crate::array::select(&chosen, &full, &half)
                };
                sum(tx.map(|t| t * pick(x, y)), ty.map(|t| t * pick(y, x)))
            }
            Atan2 => {
                let norm = x * x + y * y;
                sum(tx.map(|t| t * (y / &norm)), ty.map(|t| t * (-x / &norm)))
            }
            Polygamma if tx.is_some() => Err("there is none with respect to the order".into()),
            Polygamma => cx.one(ty.map(|t| t * bind1(*self, &[&(x + 1.0), y]))),
            NextAfter | And | Or | Xor | ShiftLeft | ShiftRightLogical | ShiftRightArithmetic => {
                cx.zero()
            }
        }
    }

    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        let ct = cx.ct();
        let mut out: Tangents = SmallVec::from_elem(None, 2);
        match self.0 {
            BinaryOp::Add | BinaryOp::Sub => {
                if cx.is_linear(0) {
                    out[0] = Some(ct.clone());
                }
                if cx.is_linear(1) {
                    out[1] = Some(if self.0 == BinaryOp::Sub { -ct } else { ct.clone() });
                }
            }
            BinaryOp::Mul => match (cx.known(0), cx.known(1)) {
                (None, Some(y)) => out[0] = Some(ct * y),
                (Some(x), None) => out[1] = Some(x * ct),
                _ => return Err("it is linear in one operand at a time".into()),
            },
            BinaryOp::Div => match cx.known(1) {
                Some(y) => out[0] = Some(ct / y),
                None => return Err("it is not linear in the divisor".into()),
            },
            _ => return Err("it is not linear".into()),
        }
        Ok(out)
    }

    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }

    fn fault(&self) -> Option<Fault<'_>> {
        match self.0 {
            BinaryOp::Div | BinaryOp::Rem => Fault::new(Checks::DIV, "division by zero", |ins| {
                Some(ins[1].eq(ins[1].zeros_like()))
            }),
            _ => None,
        }
    }
}
