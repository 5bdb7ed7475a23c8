//! The hash behind random numbers.

use super::Attr;
use super::binary::same;
use super::emit::ints;
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
/// From how many elements on the rounds are a loop of the program.
const LOOP_FROM: usize = 256;
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
        if outs[0].size() >= LOOP_FROM {
            return words.rolled(b, ins);
        }
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
    /// Five groups of four rounds as a loop, whose result XLA computes once and keeps; it would
    /// compile straight-line rounds into every loop that uses them.
    fn rolled(&self, b: &mut Builder, ins: &[Id]) -> Ids {
        let (index, scalar) = (Aval::scalar(DType::I32), Aval::scalar(DType::U32));
        let quad = Aval::new(DType::U32, &[4]);
        let parity = self.literal(b, PARITY);
        let mixed = self.op(b, "stablehlo.xor", ins[0], ins[1]);
        let third = self.op(b, "stablehlo.xor", mixed, parity);
        let x = self.op(b, "stablehlo.add", ins[2], ins[0]);
        let y = self.op(b, "stablehlo.add", ins[3], ins[1]);
        let zero = b.literal(index, &int_scalar_bytes(DType::I32, 0));
        let rotations: Vec<Id> = ROTATIONS
            .iter()
            .map(|r| {
                let bytes: Vec<u8> = r.iter().flat_map(|n| n.to_le_bytes()).collect();
                b.literal(quad, &bytes)
            })
            .collect();
        let carried = [zero, x, y, ins[1], third, ins[0], rotations[0], rotations[1]];
        let avals = [index, self.shape, self.shape, self.shape, self.shape, self.shape, quad, quad];
        let cond = b.region(&avals, |b, p| {
            let five = b.literal(index, &int_scalar_bytes(DType::I32, 5));
            let attrs = vec![
                ("comparison_direction", Attr::Enum("comparison_direction", "LT")),
                ("compare_type", Attr::Enum("comparison_type", "SIGNED")),
            ];
            smallvec![b.op("stablehlo.compare", &[p[0], five], Aval::scalar(DType::Bool), attrs)]
        });
        let body = b.region(&avals, |b, p| {
            let [i, mut x, mut y, k0, k1, k2, now, next] =
                [p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]];
            let one = b.literal(index, &int_scalar_bytes(DType::I32, 1));
            let i = b.op("stablehlo.add", &[i, one], index, vec![]);
            for round in 0..4 {
                let attrs = vec![
                    ("start_indices", Attr::Ints(vec![round])),
                    ("limit_indices", Attr::Ints(vec![round + 1])),
                    ("strides", Attr::Ints(vec![1])),
                ];
                let by = b.op("stablehlo.slice", &[now], Aval::new(DType::U32, &[1]), attrs);
                let by = b.op("stablehlo.reshape", &[by], scalar, vec![]);
                let width = b.literal(scalar, &int_scalar_bytes(DType::U32, 32));
                let rest = b.op("stablehlo.subtract", &[width, by], scalar, vec![]);
                x = self.op(b, "stablehlo.add", x, y);
                let (by, rest) = (self.splat(b, by), self.splat(b, rest));
                let high = self.op(b, "stablehlo.shift_left", y, by);
                let low = self.op(b, "stablehlo.shift_right_logical", y, rest);
                y = self.op(b, "stablehlo.or", high, low);
                y = self.op(b, "stablehlo.xor", x, y);
            }
            x = self.op(b, "stablehlo.add", x, k0);
            y = self.op(b, "stablehlo.add", y, k1);
            let count = b.op("stablehlo.convert", &[i], scalar, vec![]);
            let count = self.splat(b, count);
            y = self.op(b, "stablehlo.add", y, count);
            smallvec![i, x, y, k1, k2, k0, next, now]
        });
        let outs = b.op_with_regions("stablehlo.while", &carried, &avals, vec![], vec![cond, body]);
        smallvec![outs[1], outs[2]]
    }

    fn splat(&self, b: &mut Builder, scalar: Id) -> Id {
        let attrs = vec![("broadcast_dimensions", ints(&[]))];
        b.op("stablehlo.broadcast_in_dim", &[scalar], self.shape, attrs)
    }

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
