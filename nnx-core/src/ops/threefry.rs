//! The hash behind random numbers.

use super::binary::same;
use super::{Builder, Id, Ids, Jvp, Primitive, Tangents, zero};
use crate::array::{DType, int_scalar_bytes};
use crate::graph::{Aval, Avals};
use smallvec::smallvec;

/// Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// 2011), elementwise: two key words and two counter words to two words, all u32 of one shape.
///
/// The rounds are unrolled: XLA's CPU compiler fuses them into one loop, which compiles faster and
/// runs several times faster than a loop over rounds that keeps the words in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Threefry2x32;

/// By how much each round rotates, for even and odd groups of four rounds.
const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
/// What makes the third key word from the first two.
const PARITY: u32 = 0x1BD1_1BDA;

impl Primitive for Threefry2x32 {
    fn name(&self) -> &'static str {
        "threefry2x32"
    }

    fn infer(&self, ins: &[Aval]) -> Result<Avals, String> {
        let out = same(ins)?;
        if ins.len() != 4 || out.dtype() != DType::U32 {
            return Err(format!("needs two key and two counter words of u32, got {out}"));
        }
        Ok(smallvec![out, out])
    }

    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[Aval]) -> Ids {
        let words = Words { shape: outs[0] };
        let parity = words.literal(b, PARITY);
        let mixed = words.op(b, "stablehlo.xor", ins[0], ins[1]);
        let keys = [ins[0], ins[1], words.op(b, "stablehlo.xor", mixed, parity)];
        let mut x = words.op(b, "stablehlo.add", ins[2], keys[0]);
        let mut y = words.op(b, "stablehlo.add", ins[3], keys[1]);
        for group in 0..5 {
            for rotation in ROTATIONS[group % 2] {
                x = words.op(b, "stablehlo.add", x, y);
                y = words.rotate_left(b, y, rotation);
                y = words.op(b, "stablehlo.xor", x, y);
            }
            let counter = words.literal(b, group as u32 + 1);
            x = words.op(b, "stablehlo.add", x, keys[(group + 1) % 3]);
            y = words.op(b, "stablehlo.add", y, keys[(group + 2) % 3]);
            y = words.op(b, "stablehlo.add", y, counter);
        }
        smallvec![x, y]
    }

    fn jvp(&self, _: &Jvp<'_>) -> Result<Tangents, String> {
        zero()
    }
}

/// Writes instructions over u32 arrays of one shape.
struct Words {
    shape: Aval,
}

impl Words {
    fn op(&self, b: &mut Builder, opcode: &'static str, x: Id, y: Id) -> Id {
        b.op(opcode, &[x, y], self.shape, vec![])
    }

    fn literal(&self, b: &mut Builder, value: u32) -> Id {
        b.splat(self.shape, &int_scalar_bytes(DType::U32, value.into()))
    }

    fn rotate_left(&self, b: &mut Builder, x: Id, by: u32) -> Id {
        let (left, right) = (self.literal(b, by), self.literal(b, u32::BITS - by));
        let high = self.op(b, "stablehlo.shift_left", x, left);
        let low = self.op(b, "stablehlo.shift_right_logical", x, right);
        self.op(b, "stablehlo.or", high, low)
    }
}
