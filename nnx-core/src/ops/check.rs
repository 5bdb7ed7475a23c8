//! Checks that users put into programs.

use crate::graph::{Avals, Batch, Batched, Builder, Checks, Fault, Primitive};
use crate::lower::{Id, Ids};
use crate::value::{Aval, DType};
use smallvec::smallvec;
use std::sync::Arc;

/// Asserts that all elements of a bool array are true. Only `checkify` gives it a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Check(pub(crate) Arc<str>);

impl Primitive for Check {
    fn name(&self) -> &'static str {
        "check"
    }
    fn params(&self) -> String {
        format!("{:?}", self.0)
    }
    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        if ins[0].dtype() != DType::Bool {
            return Err(format!("needs a bool array, got {}", ins[0]));
        }
        Ok(smallvec![ins[0].clone()])
    }
    fn lower(&self, _: &mut Builder, ins: &[Id], _: &[&Aval]) -> Ids {
        ins.into()
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(self.clone())
    }
    fn is_check(&self) -> bool {
        true
    }
    fn fault(&self) -> Option<Fault<'_>> {
        Fault::new(Checks::USER, &*self.0, |ins| Some(ins[0].logical_not()))
    }
}
