//! Runs the cases of `tests/fuzz/fuzz.py`, which makes them and compares what comes out with JAX.

use super::probe::Probe;
use super::{probes, source};
use nnx_core::{Array, DType, vjp};
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The calls by the names that they have in cases: `elementwise/add`.
fn functions() -> BTreeMap<String, Probe> {
    let named = |(group, probes): (&'static str, Vec<Probe>)| {
        probes.into_iter().map(move |probe| (format!("{group}/{}", probe.name), probe))
    };
    probes::groups().into_iter().flat_map(named).collect()
}

/// Arrays in JSON are `[dtype, shape, first byte]`; the bytes are in a file beside it.
struct Bytes(Vec<u8>);

impl Bytes {
    fn array(&self, form: &Value) -> Array {
        let dtype = DType::ALL.into_iter().find(|d| d.to_string() == form[0]).unwrap();
        let sizes = form[1].as_array().unwrap().iter();
        let shape: Vec<usize> = sizes.map(|n| n.as_u64().unwrap() as usize).collect();
        let first = form[2].as_u64().unwrap() as usize;
        let len = shape.iter().product::<usize>() * dtype.size();
        Array::from_bytes(&self.0[first..first + len], dtype, &shape).unwrap()
    }

    fn arrays(&self, forms: &Value) -> Vec<Array> {
        forms.as_array().unwrap().iter().map(|form| self.array(form)).collect()
    }

    fn push(&mut self, array: &Array) -> Value {
        let form = json!([array.dtype().to_string(), array.shape(), self.0.len()]);
        self.0.extend(array.to_bytes().unwrap());
        form
    }
}

fn has_slopes(y: &Array) -> bool {
    y.dtype().is_float() || y.dtype().is_complex()
}

/// The text of a panic, as the reason that a call was refused for.
fn refusal(payload: Box<dyn Any + Send>) -> Value {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
    json!(text.lines().next())
}

/// The gradients of the arguments, which are all floats or complex, for cotangents of such results.
fn gradients(probe: &Probe, x: &Vec<Array>, cotangents: &[Array]) -> Vec<Array> {
    let f =
        |x: &Vec<Array>| -> Vec<Array> { (probe.call)(x).into_iter().filter(has_slopes).collect() };
    let (y, pullback) = vjp(f, x);
    // The default float of JAX is f64 where that of ours is f32.
    pullback.call(&cotangents.iter().zip(&y).map(|(ct, y)| ct.astype(y.dtype())).collect())
}

fn run(probe: &Probe, case: &Value, inputs: &Bytes, out: &mut Bytes) -> Value {
    let x = inputs.arrays(&case["inputs"]);
    let values = catch_unwind(AssertUnwindSafe(|| {
        let y = (probe.call)(&x);
        y.iter().for_each(|y| drop(y.to_bytes().unwrap()));
        y
    }));
    let values = match values {
        Ok(values) => values,
        Err(payload) => return json!({ "refused": refusal(payload) }),
    };
    let mut result = json!({ "values": values.iter().map(|y| out.push(y)).collect::<Vec<_>>() });
    if !case["cotangents"].is_null() {
        let cotangents = inputs.arrays(&case["cotangents"]);
        let found = catch_unwind(AssertUnwindSafe(|| {
            let slopes = gradients(probe, &x, &cotangents);
            slopes.iter().for_each(|y| drop(y.to_bytes().unwrap()));
            slopes
        }));
        match found {
            Ok(found) => {
                result["gradients"] = found.iter().map(|y| out.push(y)).collect();
            }
            Err(payload) => result["gradients_refused"] = refusal(payload),
        }
    }
    result
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn write(file: &Path, value: &Value) {
    std::fs::write(file, serde_json::to_vec(value).unwrap()).unwrap();
}

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("NNX_FUZZ").expect("NNX_FUZZ names the folder with the cases"))
}

#[test]
#[ignore = "tests/fuzz/fuzz.py runs it"]
fn fuzz_functions() {
    let documented = source::functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let describe = |(name, probe): (&String, &Probe)| {
        let of_docs = documented.iter().find(|f| f.name == probe.name);
        let jax = of_docs.and_then(|f| f.jax.as_deref()).or(probe.jax);
        let dtypes = DType::ALL.into_iter().filter(|&dtype| probe.takes(dtype));
        let dtypes: Vec<String> = dtypes.map(|dtype| dtype.to_string()).collect();
        let gradient = matches!(probe.gradient(DType::F32), "yes" | "reverse");
        json!({
            "name": name, "jax": jax, "shapes": probe.shapes, "dtypes": dtypes, "gradient": gradient,
        })
    };
    let described: Value = functions().iter().map(describe).collect();
    write(&folder().join("functions.json"), &described);
}

#[test]
#[ignore = "tests/fuzz/fuzz.py runs it"]
fn fuzz_cases() {
    let (functions, folder) = (functions(), folder());
    // Calls that JAX refuses too are told in the results.
    std::panic::set_hook(Box::new(|_| {}));
    let inputs = Bytes(std::fs::read(folder.join("cases.bin")).unwrap());
    let mut out = Bytes(Vec::new());
    let cases = read(&folder.join("cases.json"));
    let run =
        |case: &Value| run(&functions[case["function"].as_str().unwrap()], case, &inputs, &mut out);
    let results: Value = cases.as_array().unwrap().iter().map(run).collect();
    write(&folder.join("results.json"), &results);
    std::fs::write(folder.join("results.bin"), out.0).unwrap();
}
