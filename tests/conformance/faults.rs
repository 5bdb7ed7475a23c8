//! The smallest programs that came out wrong on a plugin, each beside the same operations one at a
//! time. The table in docs/backends.md has a row for each, with what is done about it.

use super::compare::{Distance, distance};
use nnx::array::{ConvOptions, Padding, conv_general_dilated};
use nnx::nn::relu;
use nnx::random::{key, normal};
use nnx::{Array, DType};

/// A program that was wrong, and the shapes of its arguments.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    dtypes: &'static [DType],
    shapes: &'static [&'static [&'static [usize]]],
    program: fn(&[Array]) -> Array,
}

impl Fault {
    pub(crate) fn programs(&self) -> usize {
        self.dtypes.len() * self.shapes.len()
    }
}

const FLOATS: &[DType] = &[DType::F32, DType::F64, DType::BF16, DType::F16];

pub(crate) const FAULTS: &[Fault] = &[
    // XLA of jaxlib 0.11.2, bf16, from some 4,000 elements on: a fusion for YNNPACK. Any constant
    // that occurs twice between the argument and the sum will do.
    Fault {
        name: "a constant used twice, then a sum",
        dtypes: FLOATS,
        shapes: &[
            &[&[3, 5]],
            &[&[1024, 4]],
            &[&[1025, 5]],
            &[&[4, 2047]],
            &[&[8192, 4]],
            &[&[2, 16, 16, 32]],
        ],
        program: |x| {
            let axes: Vec<usize> = (0..x[0].rank() - 1).collect();
            relu(&(relu(&x[0]) + 1.0)).sum(&axes)
        },
    },
    // The same plugin, every float dtype: f32 and f64 are as wrong as bf16.
    Fault {
        name: "a product with a broadcast operand, multiplied and summed",
        dtypes: FLOATS,
        shapes: &[
            &[&[2, 3, 3], &[1, 1, 1]],
            &[&[5, 70, 30], &[1, 1, 1]],
            &[&[5, 60, 60], &[5, 1, 1]],
            &[&[8, 32, 32], &[8, 1, 1]],
            &[&[8, 33, 31], &[1, 1, 1]],
        ],
        program: |x| {
            let [b, _, n] = [0, 1, 2].map(|axis| x[0].shape()[axis]);
            (x[0].matmul(x[1].broadcast_to([b, n, n])) * &x[0]).sum([0, 1])
        },
    },
    // The same plugin, as it was found: a block of a network in bf16.
    Fault {
        name: "three convolutions with a normalization and a residual",
        dtypes: FLOATS,
        shapes: &[
            &[&[1, 7, 7, 3], &[3, 3, 3, 8], &[3, 3, 8, 8], &[3, 3, 8, 8]],
            &[&[1, 16, 16, 3], &[3, 3, 3, 32], &[3, 3, 32, 32], &[3, 3, 32, 32]],
            &[&[2, 14, 14, 3], &[3, 3, 3, 17], &[3, 3, 17, 17], &[3, 3, 17, 17]],
        ],
        program: |x| {
            let same = ConvOptions { padding: Padding::Same, ..Default::default() };
            let conv = |x: &Array, kernel: &Array| conv_general_dilated(x, kernel, &same);
            let y = conv(&x[0], &x[1]);
            let scale = (y.var([0, 1, 2]) + 1e-3).rsqrt();
            let y = conv(&relu(&((&y - y.mean([0, 1, 2])) * scale)), &x[2]);
            (conv(&relu(&y), &x[3]) + y).mean([0, 1, 2])
        },
    },
    // XLA of jaxlib 0.10.2: a crash.
    Fault {
        name: "a product of rank 7, summed",
        dtypes: &[DType::F32],
        shapes: &[&[&[3, 1, 2, 2, 8, 8, 8], &[3, 1, 2, 2, 8, 8, 8]]],
        program: |x| (&x[0] * &x[1]).sum([3]),
    },
    // XLA of jaxlib 0.10.2, from 32,769 rows on.
    Fault {
        name: "rows times a matrix, squared and summed",
        dtypes: &[DType::F32, DType::F64],
        shapes: &[&[&[16_385, 3], &[3, 3]], &[&[32_769, 3], &[3, 3]]],
        program: |x| x[0].matmul(&x[1]).square().sum([1]),
    },
    // XLA of jaxlib 0.11.2, from some 50 elements on: whole lanes of vectors are garbage. No fusion
    // is at fault; `atan2` is lowered so that the compiler does not see the constant.
    Fault {
        name: "an arc tangent of a constant quotient",
        dtypes: &[DType::F32, DType::F64],
        shapes: &[&[&[20]], &[&[63]], &[&[100]], &[&[1000]]],
        program: |x| (&x[0] * 10.0).atan2(x[0].ones_like()) + x[0].atan(),
    },
    // On CPUs, with XLA's own defaults.
    Fault {
        name: "a NaN in a maximum",
        dtypes: FLOATS,
        shapes: &[&[&[7]], &[&[64]]],
        program: |x| {
            let nan = &x[0] / x[0].zeros_like() * 0.0;
            nnx::array::where_(nan.maximum(0.0).is_nan(), 1.0, 2.0)
        },
    },
];

#[nnx::jit(graph = false)]
fn jitted(x: &Vec<Array>, fault: usize) -> Array {
    (FAULTS[fault].program)(x)
}

/// How far the program is from its operations one at a time, for each dtype and shape.
pub(crate) fn check(index: usize) -> Vec<(String, Distance)> {
    let fault = &FAULTS[index];
    let mut found = Vec::new();
    for &dtype in fault.dtypes {
        for shapes in fault.shapes {
            let argument = |(i, shape): (usize, &&[usize])| {
                (normal(&key(i as u64), *shape, DType::F32) * 0.5).astype(dtype)
            };
            let x: Vec<Array> = shapes.iter().enumerate().map(argument).collect();
            let distance = distance(&jitted(&x, index), &(fault.program)(&x));
            found.push((format!("{dtype}{:?}", shapes[0]), distance));
        }
    }
    found
}
