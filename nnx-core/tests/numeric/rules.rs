//! Derivatives, batches and refusals of the functions that are made of others.

use crate::check::*;
use crate::values::*;
use nnx_core::array::*;
use nnx_core::{Array, DType, special, vmap};
use std::collections::BTreeMap;

/// Differentiable functions of a [3, 4] and a [4, 3] array.
const SMOOTH: &[(&str, Function<'static>)] = &[
    ("log2 log10 exp2", &|a| a[0].log2() * a[0].log10() + a[0].exp2()),
    ("sinc", &|a| (&a[0] - 1.0).sinc()),
    ("hypot", &|a| a[0].hypot(a[1].t())),
    ("logaddexp2", &|a| a[0].logaddexp2(a[1].t())),
    ("float_power", &|a| a[0].float_power(a[1].t())),
    ("linspace", &|a| linspace(a[0].square(), a[1].t(), 4, DType::F64)),
    ("geomspace", &|a| geomspace(&a[0], &a[0].square() + 2.0, 3, DType::F64)),
    ("meshgrid", &|a| {
        meshgrid([&a[0].flatten().square(), &a[1].flatten()], Indexing::Xy).remove(0)
    }),
    ("tril", &|a| a[0].square().tril(1)),
    ("triu", &|a| a[0].square().triu(-1)),
    ("diag", &|a| a[0].flatten().square().diag(-2)),
    ("diagonal", &|a| a[0].square().diagonal(1, 1, 0)),
    ("trace", &|a| a[0].square().trace(0, 0, 1)),
    ("fill_diagonal", &|a| a[0].square().fill_diagonal(2.0)),
    ("roll", &|a| a[0].roll(3, 1) * &a[0]),
    ("rot90", &|a| a[0].rot90(1, [0, 1]) * &a[1]),
    ("diff", &|a| a[0].square().diff(2, 1)),
    ("gradient", &|a| a[0].square().gradient(0.5, 0)),
    ("stacks", &|a| hstack([&a[0].square(), &a[1].t()]) * column_stack([&a[0], &a[0]])),
    ("block_diag", &|a| block_diag([&a[0].square(), &a[1]])),
    ("pad reflect", &|a| a[0].square().pad_mode(&[(1, 2), (4, 1)], PadMode::Reflect)),
    ("pad edge", &|a| a[0].square().pad_mode(&[(1, 2), (0, 1)], PadMode::Edge)),
    ("pad ramp", &|a| a[0].square().pad_mode(&[(2, 0), (0, 1)], PadMode::LinearRamp(3.0))),
    ("masked", &|a| a[0].masked(a[0].gt(0.9)).mean(1) + a[0].masked(a[0].gt(0.0)).var(1, 1)),
    ("nansum", &|a| a[0].square().nansum(0)),
    ("average", &|a| a[0].average(a[1].t().square(), 1)),
    ("var_ddof", &|a| a[0].var_ddof(0, 1) + a[0].std_ddof(0, 1)),
    ("cov", &|a| a[0].cov(1)),
    ("corrcoef", &|a| a[0].corrcoef()),
    ("cumlogsumexp", &|a| a[0].cumlogsumexp(1)),
    ("logsumexp_signed", &|a| logsumexp_signed(&a[0], a[1].t(), 1).0),
    ("tensordot", &|a| tensordot(a[0].square(), &a[1], ([1, 0], [0, 1]))),
    ("kron", &|a| kron(&a[0], a[1].square())),
    ("cross", &|a| cross(a[0].t(), a[1].square())),
    ("vander", &|a| vander(a[0].flatten(), 4, true)),
    ("polyval", &|a| polyval(a[0].flatten().slice([(..3).into()]), &a[1])),
    ("trapezoid", &|a| trapezoid(a[0].square(), 0.5, 1)),
    ("trapezoid_at", &|a| trapezoid_at(&a[0], a[1].t().cumsum(1), 1)),
    ("convolve", &|a| {
        convolve(a[0].flatten(), a[1].flatten().slice([(..3).into()]), ConvolveMode::Same)
    }),
    ("correlate", &|a| {
        correlate(a[0].flatten(), a[1].flatten().slice([(..3).into()]), ConvolveMode::Full)
    }),
    ("einsum", &|a| einsum("...i,ij,kj,ij->k...", [&a[0], &a[1], &a[1], &a[1]])),
    ("complex", &|a| complex(&a[0], a[1].t()).exp().real()),
    ("gammaln", &|a| special::betaln(&a[0], 2.0) + special::gamma(&a[0])),
    ("ndtri", &|a| special::ndtri(&(&a[0] / 2.0)) + special::log_ndtr(&a[0])),
    ("xlogy", &|a| special::xlogy(&a[0], &a[0]) + special::entr(&a[0])),
    ("bessel", &|a| special::i0(&a[0]) * special::i1e(&a[0])),
];

/// Functions with one derivative only, or kinks.
const ONCE: &[(&str, Function<'static>)] = &[
    ("median", &|a| a[0].median(1)),
    ("quantile", &|a| a[0].quantile(f64s(&[0.1, 0.6], &[2]), [0, 1])),
    ("nanquantile", &|a| a[0].nanquantile(0.3, 0)),
    ("ptp", &|a| a[0].ptp(1)),
    ("copysign", &|a| a[0].copysign(-1.0)),
    ("divmod", &|a| a[0].divmod(0.37).1),
    ("interp", &|a| {
        interp(&a[0], f64s(&[0., 0.9, 2.], &[3]), a[1].slice([(..3).into(), 0.into()]), None, None)
    }),
    ("nanmax", &|a| a[0].nanmax(0) * a[0].nanmin(0)),
    ("extract", &|a| a[0].extract(a[0].gt(0.9), 5, 0.0)),
    ("compress", &|a| a[0].square().compress(Array::from([true, false, true]), 0, 2, 0.0)),
    ("unique", &|a| a[0].unique(12)),
    ("gammainc", &|a| special::gammainc(&a[0], a[1].t()) + special::gammaincc(&a[0], 2.0)),
    ("repeat_each", &|a| a[0].square().repeat_each(Array::from([2, 0, 1]), 0, 3)),
];

fn arguments() -> [Array; 2] {
    let mut rng = Rng(44);
    [rng.array(&[3, 4], 0.3, 1.5), rng.array(&[4, 3], 0.2, 1.4)]
}

#[test]
fn smooth_functions_have_two_derivatives() {
    check_table(check_grad2, SMOOTH, &arguments());
}

#[test]
fn others_have_one() {
    check_table(check_grad, ONCE, &arguments());
}

/// vmap gives what a loop gives.
#[test]
fn batches_are_loops() {
    let mut rng = Rng(45);
    let (x, y) = (rng.array(&[2, 3, 4], 0.3, 1.5), rng.array(&[2, 4, 3], 0.2, 1.4));
    let all: Vec<_> = SMOOTH.iter().chain(ONCE).collect();
    let together = |x: &Array, y: &Array| -> Vec<Array> {
        all.iter().map(|(_, f)| f(&[x.clone(), y.clone()])).collect()
    };
    let batch = vmap(|(x, y): (&Array, &Array)| together(x, y), (&x, &y), 0);
    let each = [0, 1].map(|i: usize| together(&x.slice([i.into()]), &y.slice([i.into()])));
    for (i, (name, _)) in all.iter().enumerate() {
        let want = stack([&each[0][i], &each[1][i]], 0);
        assert_eq!(batch[i].aval(), want.aval(), "{name}");
        if let Some(why) = difference(&numbers(&batch[i]), &numbers(&want), 1e-10) {
            panic!("{name}: {why}");
        }
    }
}

#[test]
#[rustfmt::skip]
fn mistakes_name_shapes_and_rules() {
    let (x, v, i) = (zeros([2, 3], DType::F32), zeros([4], DType::F32), zeros([2], DType::I32));
    let s = Array::scalar(1.0_f32);
    refused(&[
        ("hypot", &|| x.hypot(&v), &["hypot", "f32[2, 3]", "f32[4]", "broadcast"]),
        ("floor_divide", &|| x.floor_divide(&v), &["floor_divide", "broadcast"]),
        ("gcd", &|| v.gcd(&v), &["gcd", "f32[4]", "integer"]),
        ("ldexp", &|| v.ldexp(&v), &["ldexp", "integer", "f32[4]"]),
        ("bitwise_count", &|| v.bitwise_count(), &["bitwise_count", "f32[4]"]),
        ("round_decimals", &|| i.round_decimals(-1), &["round_decimals", "i32[2]"]),
        ("finfo", &|| Array::scalar(finfo(DType::I32).eps), &["finfo", "i32"]),
        ("linspace", &|| linspace(&x, &v, 3, DType::F32), &["linspace", "f32[2, 3]", "f32[4]"]),
        ("arange_step", &|| arange_step(0.0, 1.0, 0.0, DType::F32), &["arange_step", "0"]),
        ("meshgrid", &|| meshgrid([&x], Indexing::Xy).remove(0), &["meshgrid", "f32[2, 3]"]),
        ("tril", &|| v.tril(0), &["tril", "f32[4]", "matrix"]),
        ("diag", &|| zeros([1, 1, 1], DType::F32).diag(0), &["diag", "f32[1, 1, 1]"]),
        ("diagonal", &|| x.diagonal(0, 1, -1), &["diagonal", "same"]),
        ("roll", &|| x.roll(1, 2), &["roll", "axis 2", "f32[2, 3]"]),
        ("rot90", &|| x.rot90(1, [0, 0]), &["rot90", "same"]),
        ("array_split", &|| x.array_split(0, 0).remove(0), &["array_split", "f32[2, 3]"]),
        ("repeat_each", &|| x.repeat_each(&v, 0, 2), &["repeat_each", "f32[2, 3]", "f32[4]"]),
        ("gradient", &|| s.reshape([1]).gradient(1.0, 0), &["gradient", "two elements"]),
        ("expand_axes", &|| x.expand_axes(&[0, 0]), &["expand_axes", "twice"]),
        ("vstack", &|| vstack(Vec::<Array>::new()), &["vstack", "at least one"]),
        ("hstack", &|| hstack([&x, &zeros([3, 3], DType::F32)]), &["f32[2, 3]", "f32[3, 3]"]),
        ("pad_mode", &|| x.pad_mode(&[(1, 1)], PadMode::Edge), &["pad_mode", "f32[2, 3]", "pairs"]),
        ("pad empty", &|| zeros([0], DType::F32).pad_mode(&[(1, 1)], PadMode::Wrap), &["pad_mode", "f32[0]"]),
        ("nonzero", &|| s.nonzero(None, 0).remove(0), &["nonzero", "axis"]),
        ("nonzero traced", &|| vmap(|x: &Array| x.flatnonzero(None, 0), &x, 0), &["flatnonzero", "size"]),
        ("extract", &|| x.extract(&v, None, 0.0), &["extract", "f32[2, 3]", "f32[4]"]),
        ("compress", &|| x.compress(&v, 0, None, 0.0), &["compress", "axis 0"]),
        ("bincount", &|| v.bincount(3), &["bincount", "f32[4]"]),
        ("digitize", &|| v.digitize(&x, false), &["digitize", "f32[2, 3]"]),
        ("histogram", &|| v.histogram(0, 0.0, 1.0).0, &["histogram", "bin"]),
        ("masked", &|| v.masked(&x).sum(..), &["masked", "f32[4]"]),
        ("quantile", &|| v.quantile(&x, 0), &["quantile", "f32[2, 3]"]),
        ("median", &|| zeros([0], DType::F32).median(0), &["median", "f32[0]"]),
        ("average", &|| v.average(&x, 0), &["average", "f32[2, 3]", "f32[4]"]),
        ("cov", &|| zeros([1, 1, 1], DType::F32).cov(1), &["cov", "f32[1, 1, 1]"]),
        ("tensordot", &|| tensordot(&x, &v, 1), &["f32[2, 3]", "f32[4]"]),
        ("vdot", &|| vdot(&x, &v), &["vdot", "f32[2, 3]", "f32[4]"]),
        ("cross", &|| cross(&v, &v), &["cross", "2 or 3"]),
        ("vander", &|| vander(&x, 2, false), &["vander", "f32[2, 3]"]),
        ("polyval", &|| polyval(&x, &v), &["polyval", "f32[2, 3]"]),
        ("trapezoid_at", &|| trapezoid_at(&x, &v, 0), &["trapezoid_at", "f32[4]"]),
        ("convolve", &|| convolve(&x, &v, ConvolveMode::Full), &["convolve", "f32[2, 3]"]),
        ("interp", &|| interp(&v, &v, &x, None, None), &["interp", "f32[2, 3]"]),
        ("choose", &|| choose(&v, [&v]), &["choose", "integer"]),
        ("select_first", &|| select_first(Vec::<Array>::new(), Vec::<Array>::new(), 0), &["select_first", "0 conditions"]),
        ("unravel_index", &|| unravel_index(&v, [2]).remove(0), &["unravel_index", "f32[4]"]),
        ("ravel_multi_index", &|| ravel_multi_index([&i], [2, 2]), &["ravel_multi_index", "one per axis"]),
        ("einsum letters", &|| einsum("ij", [&v]), &["einsum", "`ij`", "f32[4]"]),
        ("einsum sizes", &|| einsum("ij,i", [&x, &v]), &["einsum", "`i`", "2", "4"]),
        ("einsum dots", &|| einsum("...,...", [&x, &v]), &["einsum", "broadcast"]),
        ("einsum output", &|| einsum("i->ii", [&v]), &["einsum", "twice"]),
        ("gammainc", &|| special::gammainc(&x, &v), &["gammainc", "broadcast"]),
        ("betainc", &|| special::betainc(&x, &v, &s), &["betainc", "f32[2, 3]", "f32[4]"]),
    ]);
}

/// `jax.numpy.promote_types` of all pairs, as `generate.py` wrote them. An unsigned and a signed
/// integer that no integer holds become a float of the default size: 64 bits there, 32 bits here.
#[test]
fn dtypes_are_promoted_as_in_jax() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/numeric/data/promotions.json");
    let table: BTreeMap<String, String> =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(table.len(), DType::ALL.len());
    let known = |name: &str| DType::ALL.into_iter().find(|d| d.to_string() == name).unwrap();
    // Those on the right are in the order of a row with nothing to promote.
    let rights: Vec<DType> = table["bool"].split(' ').map(known).collect();
    let mut wrong = Vec::new();
    for (a, row) in &table {
        let a = known(a);
        for (&b, want) in rights.iter().zip(row.split(' ')) {
            let integers = !a.is_float() && !a.is_complex() && !b.is_float() && !b.is_complex();
            let want = if integers && want == "f64" { DType::F32 } else { known(want) };
            let args = [a, b].map(|dtype| Array::shape_only([2], dtype)).to_vec();
            let sum = nnx_core::eval_shape(|x: &Vec<Array>| &x[0] + &x[1], &args);
            if sum.dtype() != want {
                wrong.push(format!("{a} + {b} is {}, not {want}", sum.dtype()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table of `docs/promotion.md` is what the code does, number literals too.
#[test]
fn the_promotion_table_of_the_docs_holds() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/promotion.md");
    let text = std::fs::read_to_string(file).unwrap();
    let known = |name: &str| DType::ALL.into_iter().find(|d| d.to_string() == name);
    fn cells(line: &str) -> impl Iterator<Item = &str> {
        line.trim_matches('|').split('|').map(str::trim)
    }
    let mut rows = text.lines().filter(|line| line.starts_with('|') && !line.contains("---"));
    let head: Vec<DType> = cells(rows.next().unwrap()).filter_map(known).collect();
    assert_eq!(head.len(), DType::ALL.len());
    let mut seen = 0;
    for row in rows {
        let mut row = cells(row);
        let left = row.next().unwrap().trim_matches(['*', '`']);
        for (&right, want) in head.iter().zip(row) {
            let x = Array::shape_only([2], right);
            let sum = nnx_core::eval_shape(
                |x: &Array| match known(left) {
                    Some(left) => zeros([2], left) + x,
                    None if left == "2" => 2 + x,
                    None => 2.0 + x,
                },
                &x,
            );
            assert_eq!(Some(sum.dtype()), known(want), "{left} + {right}");
            seen += 1;
        }
    }
    assert_eq!(seen, head.len() * (head.len() + 2));
}
