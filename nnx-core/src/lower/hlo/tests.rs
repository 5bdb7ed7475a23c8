//! Programs with every kind of attribute and region are written as
//! XLA's C++ library has taken them.

use crate::array::{
    ConvOptions, Padding, WindowOptions, conv_general_dilated, fft, linalg, reduce_window_max,
    reduce_window_sum, select, sort_multi,
};
use crate::graph::{Array, Target, lower, trace};
use crate::lower::hlo::text;
use crate::lower::{Attr, AttrName};
use crate::ops::{CallGraph, OptimizationBarrier, Threefry2x32};
use crate::run::bind;
use crate::value::{Aval, DType};
use crate::xla::Dialect;

/// The text of the program that `body` records.
fn hlo(
    inputs: &[Aval],
    aliases: &[(usize, usize)],
    body: impl FnOnce(&[Array]) -> Vec<Array>,
) -> String {
    let (closed, ()) = trace("test", inputs, |args| (body(args), ()));
    assert!(closed.captures.is_empty());
    text(
        "test",
        &lower(&closed.graph, Target { dialect: Dialect::Hlo, cpu: false, platform: "" }).0,
        aliases,
    )
    .unwrap()
}

fn f32s(dims: &[usize]) -> Aval {
    Aval::new(DType::F32, dims)
}

#[track_caller]
fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn results_and_aliases() {
    let x = [f32s(&[2])];
    let one = hlo(&x, &[(0, 0)], |args| vec![&args[0] + 1.0]);
    assert!(one.contains("input_output_alias={ {}: (0, {}, may-alias) }"), "{one}");
    assert!(one.contains("ROOT v3 = f32[2] add(v0, v2)"), "{one}");

    let none = hlo(&x, &[], |_| vec![]);
    assert!(none.contains("ROOT out = () tuple()"), "{none}");

    let itself = hlo(&x, &[], |args| vec![args[0].clone()]);
    assert!(itself.contains("ROOT v0 = f32[2] parameter(0)"), "{itself}");

    let two = hlo(&vec![f32s(&[2]); 2], &[(0, 1), (1, 0)], |args| vec![-&args[1], -&args[0]]);
    snapshot("aliases", &two);
}

#[test]
fn constants() {
    let text = hlo(&[], &[], |_| {
        let constant = |dtype: DType, dims: &[usize], bytes: Vec<u8>| {
            Array::constant(Aval::new(dtype, dims), bytes)
        };
        let f32s = [0.1_f32, f32::from_bits(1), f32::NAN, -f32::NAN, -0.0, f32::INFINITY];
        let f64s = [0.1, 5e-324, f64::MIN, f64::MAX, f64::NEG_INFINITY, 1.0 / 3.0];
        let halves = [half::f16::MIN_POSITIVE_SUBNORMAL, half::f16::MAX];
        let brains = [half::bf16::from_f32(0.1), half::bf16::MAX];
        let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        vec![
            constant(DType::F32, &[2, 3], bytes(&f32s)),
            constant(DType::F64, &[6], f64s.iter().flat_map(|x| x.to_le_bytes()).collect()),
            constant(DType::F16, &[2], halves.iter().flat_map(|x| x.to_le_bytes()).collect()),
            constant(DType::BF16, &[2], brains.iter().flat_map(|x| x.to_le_bytes()).collect()),
            constant(DType::C64, &[1, 2], bytes(&[1.0, -2.0, 0.5, f32::INFINITY])),
            constant(DType::Bool, &[3], vec![1, 0, 1]),
            constant(DType::I64, &[], i64::MIN.to_le_bytes().to_vec()),
            constant(
                DType::U64,
                &[2],
                [u64::MAX, 1].iter().flat_map(|x| x.to_le_bytes()).collect(),
            ),
            constant(DType::I8, &[2, 2, 1], vec![255, 128, 127, 0]),
            // Equal elements, and none.
            constant(DType::U16, &[100, 100], [7_u16.to_le_bytes(); 10_000].concat()),
            constant(DType::I32, &[2, 0], vec![]),
        ]
    });
    snapshot("constants", &text);
}

#[test]
fn moving_elements() {
    let text = hlo(&[f32s(&[3, 1]), f32s(&[])], &[], |args| {
        let (x, scalar) = (&args[0], &args[1]);
        let wide = x.broadcast_to([2, 3, 4]);
        vec![
            wide.transpose([2, 0, 1]).flip(1),
            wide.slice_dim(1, 1, 3).pad(&[(1, 0), (-1, 0), (0, 2)], scalar),
            scalar.pad(&[], 0.0),
            crate::array::concatenate([&wide, &wide], 2),
            crate::array::iota([2, 3], DType::I32, 1),
        ]
    });
    snapshot("moving_elements", &text);
}

#[test]
fn products() {
    let text = hlo(&[f32s(&[2, 5, 3]), f32s(&[2, 3, 4]), f32s(&[1, 6, 6, 4])], &[], |args| {
        let kernel = args[1].sum(0).reshape([1, 3, 2, 2]);
        let options = ConvOptions {
            strides: vec![2, 1],
            padding: Padding::Explicit(vec![(1, 0), (-1, 2)]),
            lhs_dilation: vec![1, 2],
            rhs_dilation: vec![2, 1],
            feature_group_count: 2,
            ..Default::default()
        };
        vec![args[0].matmul(&args[1]), conv_general_dilated(&args[2], &kernel, &options)]
    });
    snapshot("products", &text);
}

#[test]
fn windows_and_reductions() {
    let text = hlo(&[f32s(&[4, 6])], &[], |args| {
        let x = &args[0];
        let options = WindowOptions {
            strides: vec![2, 2],
            padding: Padding::Explicit(vec![(0, 0), (1, 1)]),
            ..Default::default()
        };
        // Its derivatives need a reduction of pairs, and select-and-scatter.
        let pool = |x: &Array| reduce_window_max(x, &[2, 3], &options);
        let (_, slopes) = crate::transform::jvp(pool, x, x);
        let back = crate::transform::grad(|x: &Array| pool(x).sum(..), x);
        vec![reduce_window_sum(x, &[2, 3], &options), slopes, back, x.argmax(1)]
    });
    snapshot("windows_and_reductions", &text);
}

#[test]
fn sorting_and_indexing() {
    let indices = Aval::new(DType::I32, &[2]);
    let text = hlo(&[f32s(&[5, 3]), indices], &[], |args| {
        let sorted = sort_multi([&args[0], &args[0]], 0, 1);
        let (values, places) = args[0].top_k(2);
        let rows = args[0].take(&args[1], 0);
        let added = args[0].at(&args[1]).add(1.0);
        vec![sorted[1].clone(), values, places, rows, added]
    });
    snapshot("sorting_and_indexing", &text);
}

#[test]
fn matrices() {
    let text = hlo(&[f32s(&[3, 3]), f32s(&[3, 2])], &[], |args| {
        let l = linalg::cholesky(&args[0]);
        let (q, _) = linalg::qr(&args[1]);
        vec![
            linalg::solve_triangular(&l, &args[1], true),
            q,
            fft::rfft(&args[0], None, 1, fft::Norm::Backward),
        ]
    });
    snapshot("matrices", &text);
}

#[test]
fn loops_and_branches() {
    let text = hlo(&[f32s(&[]), f32s(&[])], &[], |args| {
        // The bound travels with the loop; the branches see both arrays.
        let (x, bound) = (&args[0], &args[1]);
        let counted =
            crate::transform::while_loop(|x: &Array| x.lt(bound), |x| x + bound, x.clone());
        let chosen = crate::transform::cond(
            x.lt(0.0),
            |(x, y): (&Array, &Array)| x * y,
            |(x, _): (&Array, &Array)| crate::transform::cond(x.gt(1.0), |x| -x, |x| x.sin(), x),
            (x, bound),
        );
        vec![counted, chosen]
    });
    snapshot("loops_and_branches", &text);
}

#[test]
fn a_branch_of_a_large_hash() {
    let words = vec![Aval::new(DType::U32, &[300]); 4];
    let text = hlo(&words, &[], |args| {
        bind(Threefry2x32 { combine: true }, &args.iter().collect::<Vec<_>>()).to_vec()
    });
    assert!(text.contains("true_computation=branch.1, false_computation=branch."), "{text}");
    // The values that both need from outside are in a tuple of each.
    assert!(text.contains("p = (u32[300], u32[300], u32[300], u32[300]) parameter(0)"), "{text}");
}

#[test]
fn functions_formulas_and_barriers() {
    let text = hlo(&[f32s(&[2]), f32s(&[3])], &[], |args| {
        let (body, ()) = trace("body", &[f32s(&[2])], |args| (vec![args[0].acos(), -&args[0]], ()));
        let call = CallGraph { name: "f'".into(), graph: body.graph.into() };
        let once = bind(call.clone(), &[&args[0]]);
        let twice = bind(call, &[&once[0]]);
        let kept = bind(OptimizationBarrier, &[&twice[0], &twice[1]]);
        vec![kept[0].clone(), kept[1].clone(), args[1].acos(), args[1].acos()]
    });
    snapshot("functions", &text);
    // One computation per formula and shape, one per function.
    assert_eq!(text.matches("\nacos_").count(), 2, "{text}");
    assert_eq!(text.matches("\nf_").count(), 1, "{text}");
}

#[test]
fn the_length_is_linear() {
    let chain = |n: usize| {
        hlo(&[f32s(&[])], &[], |args| vec![(0..n).fold(args[0].clone(), |x, _| x.sin())]).len()
    };
    let (short, long) = (chain(1000), chain(10_000));
    assert!(long < 12 * short, "{short} characters for 1000 operations, {long} for 10,000");
}

#[test]
fn nothing_is_left_out_silently() {
    let lowered = |dialect, body: fn(&Array) -> Array| {
        let (closed, ()) = trace("test", &[f32s(&[2])], |args| (vec![body(&args[0])], ()));
        lower(&closed.graph, Target { dialect, cpu: false, platform: "" }).0
    };
    let mut program = lowered(Dialect::Hlo, |x| x.flip(0));
    program.main.instrs[0].attrs.push((AttrName::Lower, Attr::Bool(true)));
    let message = text("test", &program, &[]).unwrap_err().to_string();
    assert!(message.contains("the attribute lower of `stablehlo.reverse`"), "{message}");

    let program = lowered(Dialect::StableHlo, Array::acos);
    let message = text("test", &program, &[]).unwrap_err().to_string();
    assert!(message.contains("chlo.acos"), "{message}");
}

#[test]
fn empty_rows_are_never_written() {
    let empty = f32s(&[20_000, 0]);
    let text = hlo(&[empty, f32s(&[])], &[], |args| {
        let sum = args[0].sum(0).sum(..);
        let carry = (args[0].clone(), &args[1] + sum);
        let step = |_, (e, x): (Array, Array)| (&e + 1.0, x + e.sum(..));
        let (e, x) = crate::transform::fori_loop(0, 3, step, carry);
        vec![e, x]
    });
    // The argument alone, which nothing uses.
    assert_eq!(text.matches("20000").count(), 1, "{text}");
    assert!(text.contains("f32[20000,0] parameter(0)"), "{text}");
    assert!(!text.contains("reduce"), "{text}");
}

#[test]
fn select_is_elementwise() {
    let text = hlo(&[f32s(&[2])], &[], |args| vec![select(args[0].lt(0.0), &args[0], &-&args[0])]);
    assert!(text.contains("compare(v0, v2), direction=LT, type=FLOAT"), "{text}");
}
