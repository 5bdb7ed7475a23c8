//! Safetensors files: one, or several with an index.

use super::super::checkpoint::{Tensors, broken, parse};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The bytes of the files that hold a model, with their paths.
pub(super) struct Files(Vec<(PathBuf, Vec<u8>)>);

/// The names that Hugging Face gives to the files in the folder of a model.
const INDEX: &str = "model.safetensors.index.json";
const WHOLE: &str = "model.safetensors";

/// The end of the name of an index.
const INDEX_END: &str = ".index.json";

impl Files {
    /// Reads a file, the files of an index, or those of a folder.
    pub(super) fn read(path: &Path) -> Result<Files> {
        if path.is_dir() {
            let index = path.join(INDEX);
            return Files::read(&if index.exists() { index } else { path.join(WHOLE) });
        }
        let read = |path: &Path| {
            fs::read(path).map_err(|e| Error::io(path, "the weights cannot be read", &e))
        };
        let bytes = read(path)?;
        if !path.as_os_str().to_string_lossy().ends_with(INDEX_END) {
            return Ok(Files(vec![(path.into(), bytes)]));
        }
        let names = names(&bytes).map_err(|why| {
            broken(path, format!("this is not an index of safetensors files: {why}"))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let files = names.iter().map(|name| folder.join(name));
        files.map(|path| Ok((path.clone(), read(&path)?))).collect::<Result<_>>().map(Files)
    }

    /// All tensors, and the further places of shared nodes with their first ones, where a file tells.
    pub(super) fn tensors(&self) -> Result<(Tensors<'_>, BTreeMap<String, String>)> {
        let (mut all, mut aliases) = (Tensors::new(), BTreeMap::new());
        for (path, bytes) in &self.0 {
            let parsed = parse(path, bytes)?;
            aliases.extend(parsed.aliases.unwrap_or_default());
            for (name, tensor) in parsed.tensors {
                if all.insert(name.clone(), tensor).is_some() {
                    return Err(broken(path, format!("another file has a tensor `{name}` too")));
                }
            }
        }
        Ok((all, aliases))
    }
}

/// The names of the files that an index lists: files in its own folder, and nowhere else.
fn names(index: &[u8]) -> std::result::Result<BTreeSet<String>, String> {
    let index: serde_json::Value = serde_json::from_slice(index).map_err(|e| e.to_string())?;
    let Some(map) = index.get("weight_map").and_then(|map| map.as_object()) else {
        return Err("there is no `weight_map`".into());
    };
    let name = |file: &serde_json::Value| {
        let name = file.as_str().ok_or_else(|| format!("{file} is not a file's name"))?;
        let parts: Vec<Component<'_>> = Path::new(name).components().collect();
        match parts[..] {
            [Component::Normal(_)] => Ok(name.to_owned()),
            _ => Err(format!("`{name}` is not a file in the folder of the index")),
        }
    };
    map.values().map(name).collect()
}
