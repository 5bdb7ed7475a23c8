//! Methods that derivative rules share.

use crate::graph::{Array, Arrays, Dual, Jvp, Primitive, Tangent, Tangents};
use crate::run::{bind, bind_op};
use smallvec::SmallVec;

impl Jvp<'_> {
    /// The results, computed when they are first asked for.
    #[track_caller]
    pub(crate) fn outs(&self) -> &Arrays {
        // No closure, which would hide the user's line.
        match self.outs.get() {
            Some(outs) => outs,
            None => {
                let outs = self.apply(self.primals.iter());
                self.outs.get_or_init(|| outs)
            }
        }
    }

    /// The first result.
    #[track_caller]
    pub(crate) fn out(&self) -> &Array {
        &self.outs()[0]
    }

    /// The operation of other inputs.
    #[track_caller]
    fn apply<'i>(&self, ins: impl Iterator<Item = &'i Array>) -> Arrays {
        bind_op(self.op.clone(), &ins.collect::<SmallVec<[&Array; 3]>>())
    }

    /// The tangent of input `i`, zeros if there is none.
    pub(crate) fn or_zeros(&self, i: usize) -> Array {
        self.tangent(i).cloned().unwrap_or_else(|| self.primals[i].zeros_like())
    }

    /// The results with these tangents.
    #[track_caller]
    pub(crate) fn with(&self, tangents: Tangents) -> Result<Dual, String> {
        Ok((self.outs().clone(), tangents))
    }

    /// The only result with this tangent.
    #[track_caller]
    pub(crate) fn one(&self, tangent: Tangent) -> Result<Dual, String> {
        self.with(SmallVec::from_iter([tangent]))
    }

    /// The results, which do not change with the inputs.
    #[track_caller]
    pub(crate) fn zero(&self) -> Result<Dual, String> {
        self.with(SmallVec::from_elem(None, self.outs().len()))
    }

    /// The rule of an operation that is linear in all inputs together.
    #[track_caller]
    pub(crate) fn linear(&self) -> Result<Dual, String> {
        self.linear_in(&Vec::from_iter(0..self.primals.len()))
    }

    /// The rule of an operation that is linear in these inputs together.
    #[track_caller]
    pub(crate) fn linear_in(&self, inputs: &[usize]) -> Result<Dual, String> {
        if inputs.iter().all(|&i| self.tangents[i].is_none()) {
            return self.zero();
        }
        let outs = self.outs().clone();
        let mut ins = self.primals.to_vec();
        for &i in inputs {
            ins[i] = self.or_zeros(i);
        }
        Ok((outs, self.apply(ins.iter()).into_iter().map(Some).collect()))
    }

    /// The rule of an operation with one result that is linear in either of two inputs.
    #[track_caller]
    pub(crate) fn bilinear(&self) -> Result<Dual, String> {
        let out = self.outs().clone();
        let [x, y] = self.primals else { return Err("it has not two operands".into()) };
        let part = |ins: [&Array; 2]| self.apply(ins.into_iter()).pop();
        let left = self.tangent(0).and_then(|t| part([t, y]));
        let right = self.tangent(1).and_then(|t| part([x, t]));
        let sum = crate::rewrite::add_tangents(left, right);
        Ok((out, SmallVec::from_iter([sum])))
    }
}

/// Applies an operation that `checkify` gave a further operand and result: the code, at these two
/// positions.
pub(super) fn bind_checked(
    op: impl Primitive,
    ins: &[Array],
    [operand, result]: [usize; 2],
    code: &mut Array,
) -> Arrays {
    let mut ins: Vec<&Array> = ins.iter().collect();
    ins.insert(operand, code);
    let mut outs = bind(op, &ins);
    *code = outs.remove(result);
    outs
}
