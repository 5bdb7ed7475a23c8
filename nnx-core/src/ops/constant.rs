//! Values that need no operand.

use super::unary::Takes;
use crate::graph::{Avals, Batch, Batched, Builder, Primitive};
use crate::lower::{Attr, AttrName, Id, Ids, Opcode};
use crate::value::Aval;
use smallvec::smallvec;
use std::sync::Arc;

/// A literal array.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Constant {
    pub(crate) aval: Aval,
    /// Little-endian elements in row-major order.
    pub(crate) bytes: Arc<[u8]>,
}

impl Primitive for Constant {
    fn name(&self) -> &'static str {
        "constant"
    }
    fn params(&self) -> String {
        if self.aval.size() == 1 {
            crate::value::format_element(self.aval.dtype(), &self.bytes)
        } else {
            format!("{} bytes", self.bytes.len())
        }
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, _: &[&Aval]) -> Result<Avals, String> {
        if self.bytes.len() != self.aval.byte_size() {
            return Err(format!(
                "{} needs {} bytes, got {}",
                self.aval,
                self.aval.byte_size(),
                self.bytes.len()
            ));
        }
        Ok(smallvec![self.aval.clone()])
    }
    fn lower(&self, b: &mut Builder, _: &[Id], _: &[&Aval]) -> Ids {
        smallvec![b.literal(&self.aval, &self.bytes)]
    }
    fn batch(&self, _: &Batch<'_>) -> Result<Batched, String> {
        Err("it has no operand".into())
    }
}

/// 0, 1, 2, … along one dimension.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Iota {
    pub(crate) aval: Aval,
    pub(crate) dimension: usize,
}

impl Primitive for Iota {
    fn name(&self) -> &'static str {
        "iota"
    }
    fn params(&self) -> String {
        format!("dimension={}", self.dimension)
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn infer(&self, _: &[&Aval]) -> Result<Avals, String> {
        Takes::Numbers.check(self.aval.dtype())?;
        if self.dimension >= self.aval.rank() {
            return Err(format!("{} has no dimension {}", self.aval, self.dimension));
        }
        Ok(smallvec![self.aval.clone()])
    }
    fn lower(&self, b: &mut Builder, _: &[Id], outs: &[&Aval]) -> Ids {
        let attrs = vec![(AttrName::IotaDimension, Attr::Int(self.dimension as i64))];
        smallvec![b.op(Opcode::Iota, &[], outs[0], attrs)]
    }
    fn batch(&self, _: &Batch<'_>) -> Result<Batched, String> {
        Err("it has no operand".into())
    }
}
