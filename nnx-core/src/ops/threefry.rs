//! The hash behind random numbers.

use super::binary::same;
use crate::graph::{Avals, Batch, Batched, Builder, Primitive};
use crate::lower::{Attr, AttrName, ComparisonType, Direction, Id, Ids, Opcode, ints};
use crate::value::{Aval, DType, int_scalar_bytes};
use smallvec::smallvec;

/// Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// 2011), elementwise: two key words and two counter words to two words or one, all u32 of one shape.
///
/// The rounds are unrolled: XLA's CPU compiler fuses them into one loop, which compiles faster and
/// runs several times faster than a loop over rounds that keeps the words in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Threefry2x32 {
    /// Whether the result is one word: the exclusive or of both.
    pub(crate) combine: bool,
}

/// By how much each round rotates, for even and odd groups of four rounds.
const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
/// From how many elements on the combined words are kept.
const KEPT_FROM: usize = 16;
/// The constant that makes the third key word from the first two.
const PARITY: u32 = 0x1BD1_1BDA;

impl Primitive for Threefry2x32 {
    fn name(&self) -> &'static str {
        "threefry2x32"
    }

    fn infer(&self, ins: &[&Aval]) -> Result<Avals, String> {
        let out = same(ins)?;
        if ins.len() != 4 || out.dtype() != DType::U32 {
            return Err(format!("needs two key and two counter words of u32, got {out}"));
        }
        Ok(if self.combine { smallvec![out] } else { smallvec![out; 2] })
    }

    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let words = Words { shape: outs[0] };
        if self.combine && outs[0].size() >= KEPT_FROM {
            return smallvec![words.kept(b, ins)];
        }
        let [x, y] = words.hash(b, ins);
        if self.combine {
            return smallvec![words.op(b, Opcode::Xor, x, y)];
        }
        smallvec![x, y]
    }

    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(*self)
    }
}

/// Writes instructions over u32 arrays of one shape.
struct Words<'a> {
    shape: &'a Aval,
}

impl Words<'_> {
    /// The two words of the hash.
    fn hash(&self, b: &mut Builder, ins: &[Id]) -> [Id; 2] {
        let parity = self.literal(b, PARITY);
        let mixed = self.op(b, Opcode::Xor, ins[0], ins[1]);
        let keys = [ins[0], ins[1], self.op(b, Opcode::Xor, mixed, parity)];
        let mut x = self.op(b, Opcode::Add, ins[2], keys[0]);
        let mut y = self.op(b, Opcode::Add, ins[3], keys[1]);
        for group in 0..5 {
            for rotation in ROTATIONS[group % 2] {
                x = self.op(b, Opcode::Add, x, y);
                y = self.rotate_left(b, y, rotation);
                y = self.op(b, Opcode::Xor, x, y);
            }
            let counter = self.literal(b, group as u32 + 1);
            x = self.op(b, Opcode::Add, x, keys[(group + 1) % 3]);
            y = self.op(b, Opcode::Add, y, keys[(group + 2) % 3]);
            y = self.op(b, Opcode::Add, y, counter);
        }
        [x, y]
    }

    /// Both words in one, which XLA computes once and keeps: otherwise it compiles the rounds into
    /// every loop that uses them, and a dropout mask is hashed four times in a training step.
    ///
    /// XLA does not take a branch apart. Which branch is taken depends on the key, as far as
    /// XLA can tell: n (n + 1) is even for every n.
    fn kept(&self, b: &mut Builder, ins: &[Id]) -> Id {
        let scalar = Words { shape: &Aval::scalar(DType::U32) };
        let n = self.first(b, ins[0]);
        let one = scalar.literal(b, 1);
        let next = scalar.op(b, Opcode::Add, n, one);
        let product = scalar.op(b, Opcode::Multiply, n, next);
        let odd = scalar.op(b, Opcode::And, product, one);
        let zero = scalar.literal(b, 0);
        let even = compare(b, Direction::Eq, [odd, zero]);
        let hash = b.region(&[], |b, _| {
            let [x, y] = self.hash(b, ins);
            smallvec![self.op(b, Opcode::Xor, x, y)]
        });
        let never = b.region(&[], |b, _| smallvec![self.costly(b, n, next)]);
        b.op_with_regions(Opcode::If, &[even], &[self.shape], vec![], vec![hash, never])[0]
    }

    /// The lesser of two numbers everywhere, by a sort: XLA takes that for costly and keeps the
    /// branch, where it would compute two cheap branches both and select.
    fn costly(&self, b: &mut Builder, n: Id, m: Id) -> Id {
        let (one, two) = (Aval::new(DType::U32, &[1]), Aval::new(DType::U32, &[2]));
        let scalar = Aval::scalar(DType::U32);
        let parts = [n, m].map(|id| b.op(Opcode::Reshape, &[id], &one, vec![]));
        let dimension = || (AttrName::Dimension, Attr::Int(0));
        let both = b.op(Opcode::Concatenate, &parts, &two, vec![dimension()]);
        let less =
            b.region(&[&scalar; 2], |b, p| smallvec![compare(b, Direction::Lt, [p[0], p[1]])]);
        let attrs = vec![dimension(), (AttrName::IsStable, Attr::Bool(false))];
        let sorted = b.op_with_regions(Opcode::Sort, &[both], &[&two], attrs, vec![less])[0];
        let least = Words { shape: &two }.first(b, sorted);
        self.splat(b, least)
    }

    /// The first element.
    fn first(&self, b: &mut Builder, x: Id) -> Id {
        let rank = self.shape.rank();
        if rank == 0 {
            return x;
        }
        let attrs = vec![
            (AttrName::StartIndices, Attr::Ints(vec![0; rank])),
            (AttrName::LimitIndices, Attr::Ints(vec![1; rank])),
            (AttrName::Strides, Attr::Ints(vec![1; rank])),
        ];
        let part = b.op(Opcode::Slice, &[x], &self.shape.with_shape(&vec![1; rank]), attrs);
        b.op(Opcode::Reshape, &[part], &Aval::scalar(DType::U32), vec![])
    }

    fn op(&self, b: &mut Builder, opcode: Opcode, x: Id, y: Id) -> Id {
        b.op(opcode, &[x, y], self.shape, vec![])
    }

    fn literal(&self, b: &mut Builder, value: u32) -> Id {
        let bytes = int_scalar_bytes(DType::U32, value.into());
        let scalar = b.literal(&Aval::scalar(DType::U32), &bytes);
        self.splat(b, scalar)
    }

    fn splat(&self, b: &mut Builder, scalar: Id) -> Id {
        if self.shape.rank() == 0 {
            return scalar;
        }
        let attrs = vec![(AttrName::BroadcastDimensions, ints(&[]))];
        b.op(Opcode::BroadcastInDim, &[scalar], self.shape, attrs)
    }

    fn rotate_left(&self, b: &mut Builder, x: Id, by: u32) -> Id {
        let (left, right) = (self.literal(b, by), self.literal(b, u32::BITS - by));
        let high = self.op(b, Opcode::ShiftLeft, x, left);
        let low = self.op(b, Opcode::ShiftRightLogical, x, right);
        self.op(b, Opcode::Or, high, low)
    }
}

/// Compares two unsigned scalars.
fn compare(b: &mut Builder, direction: Direction, operands: [Id; 2]) -> Id {
    let attrs = vec![
        (AttrName::ComparisonDirection, Attr::Case(direction.into())),
        (AttrName::CompareType, Attr::Case(ComparisonType::Unsigned.into())),
    ];
    b.op(Opcode::Compare, &operands, &Aval::scalar(DType::Bool), attrs)
}
