//! Elementwise operations of one operand.

use super::{Binary, BinaryOp, expansion};
use crate::array::select;
use crate::graph::{Avals, Backward, Batch, Batched, Builder, Dual, Jvp, Primitive, Tangents, one};
use crate::lower::{Chlo, Id, Ids, Opcode};
use crate::run::bind1;
use crate::value::{Aval, DType};
use smallvec::smallvec;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum UnaryOp {
    Neg,
    Abs,
    Sign,
    Square,
    Floor,
    Ceil,
    RoundNearestEven,
    Exp,
    Expm1,
    Log,
    Log1p,
    Sqrt,
    Rsqrt,
    Cbrt,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Asinh,
    Acosh,
    Atanh,
    Tanh,
    Logistic,
    Erf,
    Erfc,
    ErfInv,
    Lgamma,
    Digamma,
    Not,
    IsFinite,
    PopulationCount,
    CountLeadingZeros,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Unary(pub(crate) UnaryOp);

/// Which dtypes an elementwise operation takes.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    Floats,
    Inexact,
    Ordered,
    Numbers,
    RealNumbers,
    SignedNumbers,
    BoolOrInts,
    Ints,
    /// All but small floats, in which nothing is computed.
    Any,
}

impl Takes {
    pub(super) fn check(self, dtype: DType) -> Result<(), String> {
        if dtype.is_small_float() {
            return Err(format!(
                "nothing is computed in {dtype}: convert with `.astype(DType::F32)`, and back where it is kept"
            ));
        }
        let (ok, what) = match self {
            Takes::Floats => (dtype.is_float(), "a float dtype"),
            Takes::Inexact => (dtype.is_inexact(), "a float or complex dtype"),
            Takes::Ordered => (!dtype.is_complex(), "a dtype with an order"),
            Takes::Numbers => (dtype != DType::Bool, "a number dtype"),
            Takes::RealNumbers => (dtype.is_int() || dtype.is_float(), "an integer or float dtype"),
            Takes::SignedNumbers => {
                (dtype.is_inexact() || dtype.is_signed_int(), "a float or signed integer dtype")
            }
            Takes::BoolOrInts => (!dtype.is_inexact(), "bool or an integer dtype"),
            Takes::Ints => (dtype.is_int(), "an integer dtype"),
            Takes::Any => (true, ""),
        };
        if ok {
            Ok(())
        } else {
            Err(format!("needs {what}, got {dtype}; convert with `.astype(…)`"))
        }
    }
}

impl UnaryOp {
    fn info(self) -> (&'static str, Opcode, Takes) {
        use Takes::*;
        use UnaryOp::*;
        match self {
            Neg => ("neg", Opcode::Negate, Numbers),
            Abs => ("abs", Opcode::Abs, SignedNumbers),
            Sign => ("sign", Opcode::Sign, SignedNumbers),
            // Without an operation of its own in StableHLO: x times x.
            Square => ("square", Opcode::Multiply, Numbers),
            Floor => ("floor", Opcode::Floor, Floats),
            Ceil => ("ceil", Opcode::Ceil, Floats),
            RoundNearestEven => ("round", Opcode::RoundNearestEven, Floats),
            Exp => ("exp", Opcode::Exponential, Inexact),
            Expm1 => ("expm1", Opcode::ExponentialMinusOne, Inexact),
            Log => ("log", Opcode::Log, Inexact),
            Log1p => ("log1p", Opcode::LogPlusOne, Inexact),
            Sqrt => ("sqrt", Opcode::Sqrt, Inexact),
            Rsqrt => ("rsqrt", Opcode::Rsqrt, Inexact),
            Cbrt => ("cbrt", Opcode::Cbrt, Floats),
            Sin => ("sin", Opcode::Sine, Inexact),
            Cos => ("cos", Opcode::Cosine, Inexact),
            Tan => ("tan", Opcode::Tan, Inexact),
            Asin => ("asin", Opcode::Chlo(Chlo::Asin), Inexact),
            Acos => ("acos", Opcode::Chlo(Chlo::Acos), Inexact),
            // The angle of (1, x).
            Atan => ("atan", Opcode::Atan2, Inexact),
            Sinh => ("sinh", Opcode::Chlo(Chlo::Sinh), Inexact),
            Cosh => ("cosh", Opcode::Chlo(Chlo::Cosh), Inexact),
            Asinh => ("asinh", Opcode::Chlo(Chlo::Asinh), Inexact),
            Acosh => ("acosh", Opcode::Chlo(Chlo::Acosh), Inexact),
            Atanh => ("atanh", Opcode::Chlo(Chlo::Atanh), Inexact),
            Tanh => ("tanh", Opcode::Tanh, Inexact),
            Logistic => ("logistic", Opcode::Logistic, Inexact),
            Erf => ("erf", Opcode::Erf, Floats),
            Erfc => ("erfc", Opcode::Chlo(Chlo::Erfc), Floats),
            ErfInv => ("erf_inv", Opcode::Chlo(Chlo::ErfInv), Floats),
            Lgamma => ("lgamma", Opcode::Chlo(Chlo::Lgamma), Floats),
            Digamma => ("digamma", Opcode::Chlo(Chlo::Digamma), Floats),
            Not => ("not", Opcode::Not, BoolOrInts),
            IsFinite => ("is_finite", Opcode::IsFinite, Floats),
            PopulationCount => ("population_count", Opcode::Popcnt, Ints),
            CountLeadingZeros => ("clz", Opcode::CountLeadingZeros, Ints),
        }
    }
}

impl Primitive for Unary {
    fn name(&self) -> &'static str {
        self.0.info().0
    }

    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        self.0.info().2.check(ins[0].dtype())?;
        let out = match self.0 {
            UnaryOp::IsFinite => ins[0].with_dtype(DType::Bool),
            UnaryOp::Abs => ins[0].with_dtype(ins[0].dtype().real()),
            _ => ins[0].clone(),
        };
        Ok(smallvec![out])
    }

    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        if self.0 == UnaryOp::Logistic {
            return smallvec![logistic(b, ins[0])];
        }
        if self.0 == UnaryOp::Atan && outs[0].dtype().is_complex() {
            return expansion::complex_atan(b, ins[0], outs[0]);
        }
        if self.0 == UnaryOp::Atan {
            let one = b.splat(outs[0], &crate::value::scalar_bytes(outs[0].dtype(), 1.0));
            return smallvec![super::binary::atan2(b, ins[0], one, outs[0])];
        }
        let opcode = self.0.info().1;
        let operands = if self.0 == UnaryOp::Square { &[ins[0], ins[0]] } else { ins };
        expansion::lower(b, opcode, operands, outs[0])
    }

    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        use UnaryOp::*;
        let (x, y) = (&cx.primals[0], cx.out());
        let Some(t) = cx.tangent(0) else { return cx.zero() };
        // d/dx of each, times t; formulas as in JAX's `lax` rules.
        let two_over_sqrt_pi = std::f64::consts::FRAC_2_SQRT_PI;
        let tangent = match self.0 {
            Neg => -t,
            Abs if x.dtype().is_complex() => {
                let safe = select(y.eq(0.0), y.ones_like(), y);
                (t * (x.conj() / safe.astype(x.dtype()))).real()
            }
            // At 0 the slope is 1, as in JAX.
            Abs => select(x.ge(0), t, &-t),
            Square => t * (2.0 * x),
            Exp => t * y,
            Expm1 => t * (y + 1.0),
            Log => t / x,
            Log1p => t / (x + 1.0),
            Sqrt => t * (0.5 / y),
            Rsqrt => t * (-0.5 * (y / x)),
            Cbrt => t * ((1.0 / 3.0) * (1.0 / (y * y))),
            Sin => t * x.cos(),
            Cos => -(t * x.sin()),
            Tan => t * (1.0 + y * y),
            Asin => t * (1.0 - x * x).rsqrt(),
            Acos => -(t * (1.0 - x * x).rsqrt()),
            Atan => t / (1.0 + x * x),
            Sinh => t * x.cosh(),
            Cosh => t * x.sinh(),
            Asinh => t * (x * x + 1.0).rsqrt(),
            // Two factors, so that the slope has the branch of the value.
            Acosh => t * ((x - 1.0) * (x + 1.0)).rsqrt(),
            Atanh => (1.0 / (1.0 + x)) * (t / (1.0 - x)),
            // Not t (1 - y²), which loses digits where y is near 1.
            Tanh => (t + t * y) * (1.0 - y),
            Logistic => t * (y * (1.0 - y)),
            Erf => two_over_sqrt_pi * (t * (-(x * x)).exp()),
            Erfc => -two_over_sqrt_pi * (t * (-(x * x)).exp()),
            ErfInv => (1.0 / two_over_sqrt_pi) * (t * (y * y).exp()),
            Lgamma => t * x.digamma(),
            Digamma => t * bind1(Binary(BinaryOp::Polygamma), &[&x.ones_like(), x]),
            Sign | Floor | Ceil | RoundNearestEven | Not | IsFinite | PopulationCount
            | CountLeadingZeros => return cx.zero(),
        };
        cx.one(Some(tangent))
    }

    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        match self.0 {
            UnaryOp::Neg => one(Some(-cx.ct())),
            _ => Err("it is not linear".into()),
        }
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}

/// 1 / (1 + e⁻ˣ) by these operations, as JAX lowers it: XLA's own `logistic` may differ in the last
/// bits.
fn logistic(b: &mut Builder, x: Id) -> Id {
    let aval = b.aval(x);
    let one = b.splat(&aval, &crate::value::scalar_bytes(aval.dtype(), 1.0));
    let negated = b.op(Opcode::Negate, &[x], &aval, vec![]);
    let exp = expansion::lower(b, Opcode::Exponential, &[negated], &aval)[0];
    let sum = b.op(Opcode::Add, &[one, exp], &aval, vec![]);
    b.op(Opcode::Divide, &[one, sum], &aval, vec![])
}

/// The identity, through which no derivative flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StopGradient;

impl Primitive for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        Ok(smallvec![ins[0].clone()])
    }
    fn lower(&self, _: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        ins.into()
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        cx.zero()
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}
