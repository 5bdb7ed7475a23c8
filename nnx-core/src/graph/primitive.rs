//! An operation of the traced program, and what its rules see.

use super::{Array, Arrays, Avals, AxisName, Batch, Batched, Builder, Checker, Fault, Graph, Op};
use crate::lower::{Id, Ids};
use crate::value::{Aval, Mesh};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::OnceCell;
use std::hash::{Hash, Hasher};

/// A tangent or cotangent; `None` is a zero that needs no array.
pub(crate) type Tangent = Option<Array>;
pub(crate) type Tangents = SmallVec<[Tangent; 2]>;

/// An operation of the traced program.
pub(crate) trait Primitive: DynOp + Send + Sync + 'static {
    /// Its name in printed graphs and messages.
    fn name(&self) -> &'static str;

    /// Its parameters, as a printed graph shows them.
    fn params(&self) -> String {
        String::new()
    }

    /// Shapes and dtypes of the results, or which rule the operands break.
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String>;

    /// Writes it as StableHLO instructions.
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids;

    /// An estimate of the floating-point operations of one application.
    fn flops(&self, _ins: &[&Aval], outs: &[&Aval]) -> u64 {
        outs.iter().filter(|aval| aval.dtype().is_float()).map(|aval| aval.size() as u64).sum()
    }

    /// Values and tangents of the results. Called only when some input has a tangent and some result
    /// is differentiable. An error says why there is no derivative.
    fn jvp(&self, _cx: &Jvp<'_>) -> Result<Dual, String> {
        Err("there is no rule for it".into())
    }

    /// The results for every element of a batch. Called only when some input has one.
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String>;

    /// The axis of a batch whose elements it combines, if it does.
    fn axis_name(&self) -> Option<&AxisName> {
        None
    }

    /// The mesh over which it lays its result.
    fn mesh(&self) -> Option<&Mesh> {
        None
    }

    /// The programs that it holds.
    fn bodies(&self) -> Vec<&Graph> {
        vec![]
    }

    /// Whether it stands for tangents that only reverse mode can use.
    fn is_reverse_only(&self) -> bool {
        false
    }

    /// Whether it has a side effect, so that it stays if nothing uses its results.
    fn is_effect(&self) -> bool {
        self.is_check()
    }

    /// Whether two of it with the same operands have to stay two.
    fn is_barrier(&self) -> bool {
        false
    }

    /// Whether it says something of its operands, which are its results, to `checkify` alone.
    fn is_check(&self) -> bool {
        false
    }

    /// For an effect that compiled programs have: the same operation with a scalar, the turn, as its last operand and
    /// its last result. It goes from each effect to the next, so that their order is that of the program.
    fn in_order(&self) -> Option<Op> {
        None
    }

    /// For an operation of the host: its results, outside of a trace.
    fn on_host(&self, _ins: &[&Array]) -> Option<crate::error::Result<Arrays>> {
        None
    }

    /// The possible mistake in its operands, if there is one.
    fn fault(&self) -> Option<Fault<'_>> {
        None
    }

    /// For an operation that holds programs: its results with checked programs in their place, and
    /// the code after it in place of the one before.
    fn checked(
        &self,
        _checker: &mut dyn Checker,
        _ins: &[Array],
        _code: &mut Array,
    ) -> Option<Arrays> {
        None
    }

    /// The kind of product, if it is one: remat policies may keep the results of products.
    fn product(&self) -> Option<Product> {
        None
    }

    /// For an operation that is linear in the inputs marked [`Lin::Linear`]: their cotangents from
    /// the results' cotangents.
    fn transpose(&self, _cx: &Backward<'_>) -> Result<Tangents, String> {
        Err("it is not linear".into())
    }
}

/// The purpose of tangents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are wanted themselves.
    Forward,
    /// They are transposed, so values must not be computed together with them.
    Reverse,
}

/// Values of the results, and their tangents.
pub(crate) type Dual = (Arrays, Tangents);

/// The arguments of a `jvp` rule.
pub(crate) struct Jvp<'a> {
    pub(crate) op: &'a Op,
    pub(crate) primals: &'a [Array],
    pub(crate) tangents: &'a [Tangent],
    pub(crate) mode: Mode,
    /// The results, once a rule asked for them.
    pub(crate) outs: OnceCell<Arrays>,
}

impl<'a> Jvp<'a> {
    pub(crate) fn new(
        op: &'a Op,
        primals: &'a [Array],
        tangents: &'a [Tangent],
        mode: Mode,
    ) -> Self {
        Jvp { op, primals, tangents, mode, outs: OnceCell::new() }
    }

    /// The same arguments, but with other inputs and the results for those inputs.
    pub(crate) fn of<'b>(
        &self,
        primals: &'b [Array],
        tangents: &'b [Tangent],
        outs: Arrays,
    ) -> Jvp<'b>
    where
        'a: 'b,
    {
        Jvp { op: self.op, primals, tangents, mode: self.mode, outs: outs.into() }
    }

    /// The tangent of input `i`.
    pub(crate) fn tangent(&self, i: usize) -> Option<&'a Array> {
        self.tangents[i].as_ref()
    }
}

/// Products, which are dear to compute again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Dot { has_batch: bool },
    Convolution,
}

/// An input of an operation that is being transposed.
pub(crate) enum Lin {
    /// A value of the forward pass.
    Known(Array),
    /// An input that the operation is linear in.
    Linear(Aval),
}

/// The arguments of a `transpose` rule.
pub(crate) struct Backward<'a> {
    pub(crate) ins: &'a [Lin],
    /// Cotangents of the results; at least one is there.
    pub(crate) cts: &'a [Tangent],
}

impl Backward<'_> {
    /// The cotangent of the only result.
    pub(crate) fn ct(&self) -> &Array {
        match &self.cts[0] {
            Some(ct) => ct,
            None => unreachable!("a transpose rule is called with a cotangent"),
        }
    }

    /// Input `i` as a known value, if it is one.
    pub(crate) fn known(&self, i: usize) -> Option<&Array> {
        match &self.ins[i] {
            Lin::Known(array) => Some(array),
            Lin::Linear(_) => None,
        }
    }

    /// Shape and dtype of input `i`.
    pub(crate) fn aval(&self, i: usize) -> &Aval {
        match &self.ins[i] {
            Lin::Known(array) => array.aval(),
            Lin::Linear(aval) => aval,
        }
    }

    pub(crate) fn is_linear(&self, i: usize) -> bool {
        matches!(self.ins[i], Lin::Linear(_))
    }
}

/// One cotangent.
pub(crate) fn one(cotangent: Tangent) -> Result<Tangents, String> {
    Ok(SmallVec::from_iter([cotangent]))
}

/// Equality and hashing of operations behind `dyn`.
pub(crate) trait DynOp: Any {
    fn eq_op(&self, other: &dyn Primitive) -> bool;
    fn hash_op(&self, hasher: &mut dyn Hasher);
    fn as_any(&self) -> &dyn Any;
}

impl<T: Primitive + Eq + Hash> DynOp for T {
    fn eq_op(&self, other: &dyn Primitive) -> bool {
        other.as_any().downcast_ref::<T>() == Some(self)
    }
    fn hash_op(&self, mut hasher: &mut dyn Hasher) {
        self.name().hash(&mut hasher);
        self.hash(&mut hasher);
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
