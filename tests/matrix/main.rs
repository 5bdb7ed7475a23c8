//! Every layer and every optimizer × eagerly, jitted in both modes, an ensemble under `vmap`, and a `scan` over two of
//! them × f32, bf16 and f16. Results, gradients and what a call leaves behind are those of the eager calls, up to the
//! rounding of the dtype.
//!
//! A row of a table is all that a new layer or optimizer needs; `names` finds those that have none.
//!
//! The programs of all rows take some minutes to compile. A run has all modes in f32, and in the short dtypes the eager
//! calls and tree mode, for optimizers in bf16 alone; with `NNX_MATRIX=all` it has everything.

#![allow(clippy::unwrap_used)]

mod layers;
mod names;
mod optimizers;

use nnx::{Array, DType, Module, state};

/// The dtypes of the matrix, with what rounding may make of a value beside the largest one of its array.
const DTYPES: [(DType, f32); 3] = [(DType::F32, 2e-5), (DType::BF16, 5e-2), (DType::F16, 6e-3)];

/// Whether a run has all modes in a dtype.
fn has_all_modes(dtype: DType) -> bool {
    dtype == DType::F32 || std::env::var_os("NNX_MATRIX").is_some_and(|value| value == "all")
}

/// Values with the numbers of their rows.
type Entries = Vec<(usize, String, Array)>;

/// An array for each row.
fn results(what: &str, arrays: &[Array]) -> Entries {
    let all = arrays.iter().enumerate();
    all.map(|(row, array)| (row, what.to_owned(), array.clone())).collect()
}

/// All leaves with a value of a list with an element for each row.
fn entries<M: Module>(what: &str, list: &M) -> Entries {
    let state = state(list);
    let all = state.iter().filter(|(_, leaf)| !leaf.value.is_absent());
    let entry = |path: String, value: &Array| {
        let (row, rest) = path.strip_prefix('[').unwrap().split_once(']').unwrap();
        (row.parse().unwrap(), format!("{what}{}", rest.trim_start_matches('.')), value.clone())
    };
    all.map(|(path, leaf)| entry(path.to_string(), &leaf.value)).collect()
}

/// The values of two runs, one behind the other.
fn stacked(a: &Entries, b: &Entries) -> Entries {
    let pairs = a.iter().zip(b);
    pairs.map(|((row, path, a), (_, _, b))| (*row, path.clone(), on_host([a, b]))).collect()
}

/// Two arrays as one, without a program for each shape.
fn on_host([a, b]: [&Array; 2]) -> Array {
    let bytes = [a, b].map(|array| array.to_bytes().unwrap()).concat();
    Array::from_bytes(&bytes, a.dtype(), &[&[2], a.shape()].concat()).unwrap()
}

/// All numbers of a list, one after the other; by one program for all shapes.
fn read(list: &Entries, dtype: DType) -> Vec<f32> {
    let of_dtype = list.iter().filter(|(.., array)| array.dtype() == dtype);
    let bytes: Vec<u8> = of_dtype.flat_map(|(.., array)| array.to_bytes().unwrap()).collect();
    let size = bytes.len() / dtype.size();
    Array::from_bytes(&bytes, dtype, &[size]).unwrap().astype(DType::F32).to_vec()
}

/// Two trees as one, with an axis more.
fn pair<M: Module>(a: &M, b: &M) -> M {
    let (def, state) = nnx::split(a);
    let second = nnx::state(b);
    let mut second = second.iter();
    let state = state.map(|_, first| {
        let (_, second) = second.next().unwrap();
        on_host([first.value, &second.value])
    });
    nnx::merge(&def, state).unwrap()
}

/// Rows that are one program, in a dtype.
struct Case<'n> {
    names: &'n [&'static str],
    dtype: DType,
    rounding: f32,
}

/// Rows of which NaN is the right result, for Optax has it too: small numbers of these optimizers are 0 in the dtype.
const NAN: &[(&str, DType)] =
    &[("prodigy", DType::F16), ("mechanize", DType::F16), ("dadapt_adamw", DType::F16)];

/// Notes where the values of a mode are not those of the eager calls, or are not finite.
fn check(
    case: &Case<'_>,
    mode: &str,
    found: &Entries,
    expected: &Entries,
    faults: &mut Vec<String>,
) {
    let paths = |list: &Entries| -> Vec<String> {
        list.iter().map(|(row, path, _)| format!("{} {path}", case.names[*row])).collect()
    };
    let (a, b) = (paths(found), paths(expected));
    if a != b {
        return faults.push(format!("{mode}: {a:?} are not {b:?}"));
    }
    let floats = [DType::F32, DType::BF16, DType::F16];
    let numbers = |list: &Entries| floats.map(|dtype| read(list, dtype).into_iter());
    let (mut all_found, mut all_expected) = (numbers(found), numbers(expected));
    for ((row, path, found), (_, _, expected)) in found.iter().zip(expected) {
        let name = case.names[*row];
        let mut fault = |why: String| {
            faults.push(format!("{name} in {} {mode}: {path}: {why}", case.dtype));
        };
        if found.aval() != expected.aval() {
            // The numbers behind it are not where they should be.
            return fault(format!("{} is not {}", found.aval(), expected.aval()));
        }
        let Some(kind) = floats.iter().position(|dtype| *dtype == found.dtype()) else {
            if found.to_bytes().unwrap() != expected.to_bytes().unwrap() {
                fault(format!("{found} is not {expected}"));
            }
            continue;
        };
        let next = |of: &mut [std::vec::IntoIter<f32>; 3]| -> Vec<f32> {
            of[kind].by_ref().take(found.size()).collect()
        };
        let (found, expected) = (next(&mut all_found), next(&mut all_expected));
        let may_be_nan = NAN.contains(&(name, case.dtype));
        let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
            let near = (a - b).abs() <= case.rounding * largest.max(1e-3);
            let both_nan = a.is_nan() && b.is_nan();
            if !(near || may_be_nan && both_nan) {
                fault(format!("element {i} is {a}, not {b}; the largest is {largest}"));
                break;
            }
        }
    }
}
