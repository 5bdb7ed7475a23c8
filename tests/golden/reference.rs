//! Reading a folder of reference tensors.

use nnx::{Array, DType};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A folder of reference tensors.
pub(crate) struct Reference {
    seed: u64,
    cases: Vec<Case>,
}

/// One case: a call with its inputs and what JAX made of it.
pub(crate) struct Case {
    /// The file it came from: `layers`.
    pub(crate) area: String,
    /// Its name there: `linear`.
    pub(crate) name: String,
    /// The largest error allowed, absolute plus relative; 0 means equal bits.
    pub(crate) tolerance: f64,
    /// The seed of the folder.
    pub(crate) seed: u64,
    tensors: BTreeMap<String, Tensor>,
}

/// A reference tensor.
#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Reference {
    pub(crate) fn open(folder: &Path) -> Result<Self, String> {
        let index = folder.join("index.json");
        let text =
            std::fs::read_to_string(&index).map_err(|e| format!("{}: {e}", index.display()))?;
        let json: Value =
            serde_json::from_str(&text).map_err(|e| format!("{}: {e}", index.display()))?;
        let seed = json["seed"].as_u64().ok_or("index.json: `seed` is missing")?;
        let files = json["files"].as_object().ok_or("index.json: `files` is missing")?;
        let mut cases = Vec::new();
        for (area, entries) in files {
            let path = folder.join(format!("{area}.safetensors"));
            let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let file =
                SafeTensors::deserialize(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
            let entries = entries.as_object().ok_or("index.json: an area is not an object")?;
            for (name, entry) in entries {
                cases.push(
                    case(area, name, entry, seed, &file)
                        .map_err(|e| format!("{area}/{name}: {e}"))?,
                );
            }
        }
        Ok(Reference { seed, cases })
    }

    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        debug_assert!(self.cases.iter().all(|case| case.seed == self.seed));
        self.cases.iter()
    }
}

fn case(
    area: &str,
    name: &str,
    entry: &Value,
    seed: u64,
    file: &SafeTensors<'_>,
) -> Result<Case, String> {
    let tolerance = entry["tol"].as_f64().ok_or("`tol` is missing")?;
    let mut tensors = BTreeMap::new();
    for tensor in entry["tensors"].as_array().ok_or("`tensors` is missing")? {
        let tensor = tensor.as_str().ok_or("a tensor's name is not text")?;
        let view =
            file.tensor(&format!("{name}/{tensor}")).map_err(|e| format!("{tensor}: {e}"))?;
        let dtype = dtype(view.dtype()).ok_or(format!("{tensor}: unknown dtype"))?;
        tensors.insert(
            tensor.to_owned(),
            Tensor { dtype, shape: view.shape().to_vec(), bytes: view.data().to_vec() },
        );
    }
    Ok(Case { area: area.into(), name: name.into(), tolerance, seed, tensors })
}

fn dtype(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::BOOL => DType::Bool,
        Dtype::U8 => DType::U8,
        Dtype::I8 => DType::I8,
        Dtype::U16 => DType::U16,
        Dtype::I16 => DType::I16,
        Dtype::U32 => DType::U32,
        Dtype::I32 => DType::I32,
        Dtype::U64 => DType::U64,
        Dtype::I64 => DType::I64,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        _ => return None,
    })
}

impl Case {
    /// Area and name: `layers/linear`.
    pub(crate) fn title(&self) -> String {
        format!("{}/{}", self.area, self.name)
    }

    /// The input `name`, stored as `in.name`.
    pub(crate) fn input(&self, name: &str) -> Array {
        self.array(&format!("in.{name}"))
    }

    /// Whether there is an input of this name.
    pub(crate) fn has_input(&self, name: &str) -> bool {
        self.tensors.contains_key(&format!("in.{name}"))
    }

    /// The tensor of this full name as an array.
    pub(crate) fn array(&self, name: &str) -> Array {
        let tensor = self.tensor(name);
        Array::from_bytes(&tensor.bytes, tensor.dtype, &tensor.shape).unwrap()
    }

    /// The tensor of this full name.
    pub(crate) fn tensor(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("the reference has no tensor `{name}`"))
    }

    /// Names and tensors of what the case has to compute.
    pub(crate) fn expected(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().filter(|(n, _)| !n.starts_with("in.")).map(|(n, t)| (n.as_str(), t))
    }

    /// The full names of all tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether the reference has a tensor of this full name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The part of the case's name after the last dot, a seed in the area `random`.
    pub(crate) fn seed_of_name(&self) -> u64 {
        self.name.rsplit('.').next().and_then(|seed| seed.parse().ok()).unwrap()
    }
}
