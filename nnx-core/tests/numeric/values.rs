//! Comparing arrays with values from JAX.

use nnx_core::{Array, DType};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) const NAN: f64 = f64::NAN;
pub(crate) const INF: f64 = f64::INFINITY;

/// The rows of one test: expressions, and what JAX computed for them. `generate.py` writes them.
pub(crate) struct Rows {
    group: Map<String, Value>,
    unchecked: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Rows {
    /// Those of a group in the file `data/{area}.json`.
    pub(crate) fn of(area: &str, group: &str) -> Self {
        let file = format!("{}/tests/numeric/data/{area}.json", env!("CARGO_MANIFEST_DIR"));
        let mut file: Value =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let Value::Object(group) = file["groups"][group].take() else {
            panic!("{area} has no group {group}")
        };
        let rows = group["rows"].as_object().unwrap();
        Rows { unchecked: rows.keys().cloned().collect(), wrong: Vec::new(), group }
    }

    /// The arrays that the expressions of the rows name.
    pub(crate) fn inputs<const N: usize>(&self, names: [&str; N]) -> [Array; N] {
        let inputs = self.group["inputs"].as_object().unwrap();
        assert_eq!(inputs.len(), N, "the group has more inputs");
        names.map(|name| Stored::parse(&inputs[name]).to_array())
    }

    /// Compares what a function computes with the results of a row.
    pub(crate) fn check<R: Results>(&mut self, row: &str, compute: impl FnOnce() -> R) {
        let outcome = match self.group["rows"].get(row).and_then(Value::as_array) {
            None => Err("there is no such row".into()),
            Some(row) => match catch_unwind(AssertUnwindSafe(|| compute().into_list())) {
                Ok(got) => compare(&got, row),
                Err(payload) => Err(format!("panicked: {}", message(&*payload))),
            },
        };
        self.unchecked.remove(row);
        if let Err(why) = outcome {
            self.wrong.push(format!("{row}: {why}"));
        }
    }

    /// Fails with a line for each row that differs or was left out.
    #[track_caller]
    pub(crate) fn done(mut self) {
        self.wrong.extend(self.unchecked.iter().map(|row| format!("{row}: was not checked")));
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}

/// Holds results against those of a row, which begins with its tolerance.
fn compare(got: &[Array], row: &[Value]) -> Result<(), String> {
    let (tolerance, want) = (row[0].as_f64().unwrap(), &row[1..]);
    if got.len() != want.len() {
        return Err(format!("{} results, should be {}", got.len(), want.len()));
    }
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let want = Stored::parse(want);
        // Indices and counts are i64 in JAX with 64 bits enabled, and i32 here.
        let fits =
            got.dtype() == want.dtype || (got.dtype(), want.dtype) == (DType::I32, DType::I64);
        if !fits || got.shape() != want.shape {
            return Err(format!(
                "[{i}] is {}, should be {}{:?}",
                got.aval(),
                want.dtype,
                want.shape
            ));
        }
        if let Some(why) = crate::check::difference(&numbers(got), &want.numbers, tolerance) {
            return Err(format!("[{i}] {why}"));
        }
    }
    Ok(())
}

/// An array as the file has it: `f64[2] 1.5 nan`.
struct Stored {
    dtype: DType,
    shape: Vec<usize>,
    /// Real and imaginary parts in turn.
    numbers: Vec<f64>,
}

impl Stored {
    fn parse(value: &Value) -> Self {
        let (dtype, rest) = value.as_str().unwrap().split_once('[').unwrap();
        let (shape, numbers) = rest.split_once(']').unwrap();
        let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
        Stored {
            dtype: DType::ALL.into_iter().find(|known| known.to_string() == dtype).unwrap(),
            shape: sizes.map(|size| size.parse().unwrap()).collect(),
            numbers: numbers.split_whitespace().map(|x| x.parse().unwrap()).collect(),
        }
    }

    fn to_array(&self) -> Array {
        let part = |skip: usize, step: usize| {
            let numbers: Vec<f64> = self.numbers.iter().skip(skip).step_by(step).copied().collect();
            Array::from_slice(&numbers, &self.shape[..])
        };
        if self.dtype.is_complex() {
            nnx_core::array::complex(part(0, 2), part(1, 2)).astype(self.dtype)
        } else {
            part(0, 1).astype(self.dtype)
        }
    }
}

/// The results of a row: one array or several.
pub(crate) trait Results {
    fn into_list(self) -> Vec<Array>;
}

impl Results for Array {
    fn into_list(self) -> Vec<Array> {
        vec![self]
    }
}

impl Results for Vec<Array> {
    fn into_list(self) -> Vec<Array> {
        self
    }
}

impl Results for (Array, Array) {
    fn into_list(self) -> Vec<Array> {
        vec![self.0, self.1]
    }
}

impl Results for (Array, Array, Array) {
    fn into_list(self) -> Vec<Array> {
        vec![self.0, self.1, self.2]
    }
}

/// The elements as f64; real and imaginary parts in turn.
pub(crate) fn numbers(x: &Array) -> Vec<f64> {
    if x.dtype().is_complex() {
        let (re, im) = (numbers(&x.real()), numbers(&x.imag()));
        return re.into_iter().zip(im).flat_map(|(a, b)| [a, b]).collect();
    }
    x.astype(DType::F64).to_vec::<f64>()
}

fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default()
}

/// A name, a call that must be refused, and what its message must say.
type Refusal<'a> = (&'a str, &'a dyn Fn() -> Array, &'a [&'a str]);

/// The messages of calls that must be refused each hold all of their words.
#[track_caller]
pub(crate) fn refused(table: &[Refusal<'_>]) {
    let mut wrong = Vec::new();
    for (name, f, words) in table {
        let hook = std::panic::AssertUnwindSafe(f);
        match std::panic::catch_unwind(|| drop(hook())) {
            Ok(()) => wrong.push(format!("{name}: was not refused")),
            Err(payload) => {
                let text = message(&*payload);
                let missing: Vec<_> = words.iter().filter(|w| !text.contains(**w)).collect();
                if !missing.is_empty() || !text.contains(file_name()) {
                    wrong.push(format!("{name}: no {missing:?} in `{text}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The caller's line is in every message.
fn file_name() -> &'static str {
    "tests/numeric/"
}
