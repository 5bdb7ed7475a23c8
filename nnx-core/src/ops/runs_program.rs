//! Operations that run one program, once.

use crate::graph::{
    Array, Arrays, Avals, Backward, Batch, Batched, Body, Builder, Checker, Dual, DynOp, Graph,
    Jvp, Primitive, Tangents,
};
use crate::lower::{Id, Ids};
use crate::ops::rules::bind_checked;
use crate::rewrite::interpret_jvp;
use crate::value::Aval;

/// An operation that runs a program. Its rules are those of the program unless it has others.
pub(crate) trait RunsProgram: DynOp + Clone + Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// The program that it runs.
    fn program(&self) -> &Body;

    /// The same of another program.
    fn of(&self, program: Body) -> Self;

    fn params(&self) -> String {
        self.program().to_string()
    }

    fn lower(&self, b: &mut Builder, ins: &[Id], _outs: &[&Aval]) -> Ids {
        b.inline(self.program(), ins)
    }

    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        let (outs, tangents) = interpret_jvp(self.program(), cx.primals, cx.tangents, cx.mode);
        Ok((outs.into(), tangents.into()))
    }

    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        self.program().batch(cx, |program| self.of(program))
    }

    fn transpose(&self, _cx: &Backward<'_>) -> Result<Tangents, String> {
        Err("its derivative is that of its program".into())
    }

    /// The same of a checked program, which takes and gives the code first.
    fn checked(&self, checker: &mut dyn Checker) -> Self {
        self.of(checker.program(self.program(), 0, 0).into())
    }
}

impl<T: RunsProgram> Primitive for T {
    fn name(&self) -> &'static str {
        RunsProgram::name(self)
    }
    fn params(&self) -> String {
        RunsProgram::params(self)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let program = self.program();
        let expected = program.avals_of(&program.inputs);
        if expected[..] != *ins {
            return Err(format!("its program takes {expected:?}, got {ins:?}"));
        }
        Ok(program.output_avals().into())
    }
    fn bodies(&self) -> Vec<&Graph> {
        vec![self.program()]
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        RunsProgram::lower(self, b, ins, outs)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        self.program().flops()
    }
    fn jvp(&self, cx: &Jvp<'_>) -> Result<Dual, String> {
        RunsProgram::jvp(self, cx)
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        RunsProgram::batch(self, cx)
    }
    fn transpose(&self, cx: &Backward<'_>) -> Result<Tangents, String> {
        RunsProgram::transpose(self, cx)
    }
    fn checked(
        &self,
        checker: &mut dyn Checker,
        ins: &[Array],
        code: &mut Array,
    ) -> Option<Arrays> {
        let op = RunsProgram::checked(self, checker);
        Some(bind_checked(op, ins, [0, 0], code))
    }
}
