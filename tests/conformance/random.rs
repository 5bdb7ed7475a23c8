//! Random programs: compositions of operations, the same ones for a seed on every machine. Each is
//! run jitted and one operation at a time, and in f64, which is the truth for floats.

use super::compare::{Distance, distance, distance_beside};
use nnx::array::{concatenate, keepdims};
use nnx::random::{key, normal, randint};
use nnx::{Array, DType};

pub(crate) const DTYPES: [DType; 6] =
    [DType::F32, DType::BF16, DType::F16, DType::I32, DType::I8, DType::U8];

/// Shapes of arguments: sizes on both sides of the widths of vectors, and of the number of elements
/// from which loops are split. Few, for each operation is compiled for each.
const SHAPES: [[usize; 3]; 6] =
    [[1, 3, 7], [5, 16, 17], [1, 31, 33], [2, 64, 65], [5, 65, 130], [2, 130, 64]];

/// Numbers for choices; not `nnx::random`, so that a program is not what is tested.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// The shape that a seed's program is run with.
fn shape(seed: u64) -> [usize; 3] {
    SHAPES[(seed % SHAPES.len() as u64) as usize]
}

/// Arguments whose values every dtype holds exactly.
fn arguments(seed: u64, dtype: DType) -> Vec<Array> {
    let [b, m, n] = shape(seed);
    [vec![b, m, n], vec![b, m, n], vec![n, n], vec![n]]
        .iter()
        .enumerate()
        .map(|(i, shape)| {
            let key = key(seed * 4 + i as u64);
            if dtype.is_float() {
                (normal(&key, shape, DType::F32) * 0.5).astype(DType::BF16).astype(dtype)
            } else {
                randint(&key, shape, 0, 100, DType::I32).astype(dtype)
            }
        })
        .collect()
}

/// 5 to 30 operations on the arguments. Values stay near 1, so that no dtype overflows.
fn program(seed: u64, x: &[Array]) -> Array {
    let mut choose = Choices(seed ^ 0x5eed);
    let float = x[0].dtype().is_float();
    let (matrix, row) = (&x[2], &x[3]);
    let mut values = vec![x[0].clone(), x[1].clone()];
    let constants = [0.0, 0.5, 1.0, 2.0];
    for _ in 0..5 + choose.below(26) {
        let recent = values.len() - values.len().min(4);
        let y = &values[recent + choose.below(values.len() - recent)];
        let other = &values[choose.below(values.len())];
        let constant = constants[choose.below(constants.len())];
        let axis = choose.below(3);
        let next = match choose.below(if float { 18 } else { 10 }) {
            0 if float => (y + other) * 0.5,
            0 => y + other,
            1 => y.maximum(other) - y.minimum(other),
            2 => y.maximum(other),
            3 if float => y.maximum(constant),
            3 => y.maximum(3),
            4 => y.minimum(other),
            5 if float => (y + row) * 0.5,
            5 => y + row,
            6 => y.flip([axis as i32]),
            7 => concatenate([y, other], axis as isize).split(2, axis as isize)[1].clone(),
            8 => y.roll(3, axis as isize),
            9 if float => y * constant,
            9 => y * 3,
            10 => (y * other).tanh(),
            11 => y - y.mean(keepdims([axis as i32])),
            12 => y * (y.square().mean(keepdims([1, 2])) + 1.0).rsqrt(),
            13 => y.matmul(matrix).tanh(),
            14 => nnx::nn::sigmoid(y),
            15 => y.tanh().exp(),
            16 => {
                let [b, _, n] = shape(seed);
                let square = y.mean(keepdims([1, 2]));
                (y.matmul(square.broadcast_to([b, n, n])) * y).tanh()
            }
            _ => nnx::nn::softmax(y, -1),
        };
        values.push(next);
    }
    let last = &values[values.len() - 1];
    match choose.below(4) {
        0 => last.clone(),
        1 => last.max([0, 1]),
        2 if float => last.mean([0, 1]),
        2 => last.min([2]),
        _ => last.sum([1]),
    }
}

#[nnx::jit(graph = false)]
fn jitted(x: &Vec<Array>, seed: u64) -> Array {
    program(seed, x)
}

/// How far the program of a seed is from what it should give.
pub(crate) fn check(seed: u64, dtype: DType) -> Distance {
    let x = arguments(seed, dtype);
    let (one, eager) = (jitted(&x, seed), program(seed, &x));
    if !dtype.is_float() {
        return distance(&one, &eager);
    }
    let wide: Vec<Array> = x.iter().map(|x| x.astype(DType::F64)).collect();
    // Rounded between operations or not: the jitted program may be no worse than several times the
    // operations one at a time.
    distance_beside(&one, &program(seed, &wide), &eager)
}
