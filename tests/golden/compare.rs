//! Comparing computed tensors with the reference.

use super::Outputs;
use super::reference::{Case, Tensor};
use nnx::{Array, DType, Element};

/// Tensors that are computed, but whose numbers are not compared, and why.
const NOT_COMPARED: [(&str, &str, &str); 2] = [
    ("training/mlp_bn_dropout_adamw", "after.state.linear1.bias", BIAS),
    ("training/mlp_bn_dropout_adamw", "after.state.bn.mean", BIAS),
];

const BIAS: &str = "the gradient of a bias before a normalization is 0 but for rounding, Adam makes \
                    steps of up to the learning rate of it, and the mean follows the bias";

/// The entries of the list above, each with its reason: `training/case: tensor: why`.
pub(crate) fn not_compared() -> impl Iterator<Item = String> {
    NOT_COMPARED.iter().map(|(case, tensor, why)| format!("{case}: {tensor}: {why}"))
}

/// Holds every expected tensor of the case against the computed ones. The error has a message for
/// each tensor that differs.
pub(crate) fn check(case: &Case, outputs: Outputs) -> Result<(), Vec<String>> {
    let title = case.title();
    let mut left_out: Vec<&str> =
        NOT_COMPARED.iter().filter(|(c, ..)| *c == title).map(|(_, tensor, _)| *tensor).collect();
    let mut messages = Vec::new();
    for (name, want) in case.expected() {
        let compared = !left_out.contains(&name);
        left_out.retain(|tensor| *tensor != name);
        let result = match outputs.iter().find(|(computed, _)| computed == name) {
            Some((_, got)) if compared => check_tensor(got, want, case.tolerance),
            Some((_, got)) => check_form(got, want),
            None => Err("was not computed".into()),
        };
        if let Err(message) = result {
            messages.push(format!("{name} {message}"));
        }
    }
    messages.extend(left_out.iter().map(|name| format!("{name} is listed, but not in the case")));
    if messages.is_empty() { Ok(()) } else { Err(messages) }
}

/// Holds a tensor's dtype and shape against the reference.
fn check_form(got: &Array, want: &Tensor) -> Result<(), String> {
    // Scalars are stored with one axis of size 1.
    let scalar = got.rank() == 0 && want.shape == [1];
    if got.dtype() != want.dtype || (got.shape() != want.shape && !scalar) {
        return Err(format!("is {}, should be {}{:?}", got.aval(), want.dtype, want.shape));
    }
    Ok(())
}

/// Holds one tensor against the reference.
pub(crate) fn check_tensor(got: &Array, want: &Tensor, tolerance: f64) -> Result<(), String> {
    // Booleans are stored as bytes.
    let got = if got.dtype() == DType::Bool { got.astype(DType::U8) } else { got.clone() };
    check_form(&got, want)?;
    let bytes = got.to_bytes().map_err(|e| e.to_string())?;
    let (got, want) = (numbers(want.dtype, &bytes), numbers(want.dtype, &want.bytes));
    let mut worst: Option<(usize, f64)> = None;
    for (i, (&g, &w)) in got.iter().zip(&want).enumerate() {
        let error = excess(g, w, tolerance);
        if error > 0.0 && worst.is_none_or(|(_, most)| error > most) {
            worst = Some((i, error));
        }
    }
    match worst {
        None => Ok(()),
        Some((i, _)) => {
            Err(format!("[{i}]: got {}, want {}, tolerance {tolerance}", got[i], want[i]))
        }
    }
}

/// By how much `got` is further from `want` than allowed; 0 where it is near enough.
fn excess(got: f64, want: f64, tolerance: f64) -> f64 {
    let same = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
    if same || (got == want && tolerance > 0.0) {
        return 0.0;
    }
    let error = (got - want).abs();
    let allowed = tolerance + tolerance * want.abs();
    if error.is_nan() {
        f64::INFINITY
    } else if tolerance == 0.0 {
        // Unequal bits that compare equal are zeros of different sign.
        if got == want { 0.0 } else { error }
    } else {
        (error - allowed).max(0.0)
    }
}

fn numbers(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    fn read<T: Element + Into<f64>>(bytes: &[u8]) -> Vec<f64> {
        T::from_bytes(bytes).into_iter().map(Into::into).collect()
    }
    match dtype {
        DType::Bool | DType::U8 => read::<u8>(bytes),
        DType::I8 => read::<i8>(bytes),
        DType::U16 => read::<u16>(bytes),
        DType::I16 => read::<i16>(bytes),
        DType::U32 => read::<u32>(bytes),
        DType::I32 => read::<i32>(bytes),
        DType::F32 => read::<f32>(bytes),
        DType::F64 => read::<f64>(bytes),
        other => panic!("no reference tensor holds {other}"),
    }
}
