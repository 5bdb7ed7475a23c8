//! placeholder
use crate::graph::Aval;
/// An array on a device.
pub struct Buffer {
    aval: Aval,
}
impl Buffer {
    /// Shape and dtype.
    pub fn aval(&self) -> Aval {
        self.aval
    }
}
