//! Checkpoints of one file or several: how leaves are dealt out to files, the index of the files, and what such a
//! folder holds.

use super::format::{Encoded, Parsed, parse};
use super::{Snapshot, broken};
use crate::error::{Error, Result};
use crate::train::replace::replace_file;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The names that Hugging Face gives to the files in the folder of a model.
const INDEX: &str = "model.safetensors.index.json";
const WHOLE: &str = "model.safetensors";

/// The end of the name of an index.
const INDEX_END: &str = ".index.json";

/// The key of the files' checksums in the metadata of an index that was written here.
const CHECKSUMS: &str = "nnx.checksums";

impl Snapshot {
    /// Writes the file `path`.
    pub(super) fn write_file(&self, path: &Path) -> Result<String> {
        let file = Encoded::new(self.leaves.iter(), &self.metadata, &self.aliases);
        replace_file(path, &|out| file.write(out))?;
        Ok(file.checksum)
    }

    /// Writes one file into `folder`, or several and an index. The last step decides which of the old and the new
    /// checkpoint the folder holds: new files have other names than old ones until then.
    pub(in crate::train) fn write_folder(&self, folder: &Path, max_shard_size: u64) -> Result<()> {
        let shards = self.shards(max_shard_size);
        let (whole, index) = (folder.join(WHOLE), folder.join(INDEX));
        if shards.len() < 2 {
            self.write_file(&whole)?;
            remove(&index)?;
            return remove_shards(folder, &BTreeSet::new());
        }
        let names = names_of(folder, shards.len());
        let (none, mut map, mut checksums) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut size = 0_u64;
        for (i, (leaves, name)) in shards.iter().zip(&names).enumerate() {
            let of_all = if i == 0 { (&self.metadata, &self.aliases) } else { (&none, &none) };
            let leaves = || leaves.iter().filter_map(|leaf| self.leaves.get_key_value(*leaf));
            let file = Encoded::new(leaves(), of_all.0, of_all.1);
            replace_file(&folder.join(name), &|out| file.write(out))?;
            map.extend(leaves().map(|(leaf, _)| (leaf.as_str(), name.as_str())));
            size += leaves().map(|(_, (_, bytes))| bytes.len() as u64).sum::<u64>();
            checksums.insert(name.as_str(), file.checksum);
        }
        let contents = serde_json::json!({
            "metadata": { "total_size": size, CHECKSUMS: checksums },
            "weight_map": map,
        });
        let text = format!("{contents:#}\n");
        replace_file(&index, &|out| out.write_all(text.as_bytes()))?;
        remove(&whole)?;
        remove_shards(folder, &names.into_iter().collect())
    }

    /// The names of the leaves of each file. A leaf that is larger than a file may be has one to itself.
    fn shards(&self, max_shard_size: u64) -> Vec<Vec<&str>> {
        let (mut shards, mut size) = (vec![Vec::new()], 0_u64);
        for (name, (_, bytes)) in &self.leaves {
            let bytes = bytes.len() as u64;
            let is_full = size.checked_add(bytes).is_none_or(|size| size > max_shard_size);
            match shards.last_mut() {
                Some(shard) if shard.is_empty() || !is_full => {
                    shard.push(name.as_str());
                    size += bytes;
                }
                _ => {
                    shards.push(vec![name.as_str()]);
                    size = bytes;
                }
            }
        }
        shards
    }
}

/// Names for `count` files that no file in the folder has, so that the old ones stay as they are.
fn names_of(folder: &Path, count: usize) -> Vec<String> {
    let names = |round: usize| -> Vec<String> {
        let round = if round == 0 { String::new() } else { format!("r{round}-") };
        (1..=count).map(|i| format!("model-{round}{i:05}-of-{count:05}.safetensors")).collect()
    };
    let is_free = |names: &Vec<String>| names.iter().all(|name| !folder.join(name).exists());
    (0..).map(names).find(is_free).unwrap_or_default()
}

/// Whether a file is called as one of several of a checkpoint.
fn is_shard(name: &str) -> bool {
    let is_number = |text: &str| text.len() >= 5 && text.bytes().all(|b| b.is_ascii_digit());
    let parts = || {
        let rest = name.strip_prefix("model-")?.strip_suffix(".safetensors")?;
        let rest = match rest.strip_prefix('r').and_then(|rest| rest.split_once('-')) {
            Some((round, rest)) if round.parse::<usize>().is_ok() => rest,
            _ => rest,
        };
        rest.split_once("-of-")
    };
    parts().is_some_and(|(i, of)| is_number(i) && is_number(of))
}

/// Removes the files of earlier checkpoints in the folder.
fn remove_shards(folder: &Path, kept: &BTreeSet<String>) -> Result<()> {
    let cannot = |e| Error::io(folder, "the folder cannot be read", &e);
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        if name.to_str().is_some_and(|name| is_shard(name) && !kept.contains(name)) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(path, "the file of an earlier checkpoint cannot be removed", &e))
        }
        _ => Ok(()),
    }
}

/// The bytes of the files that hold a model, with their paths.
pub(in crate::train) struct Files {
    files: Vec<(PathBuf, Vec<u8>)>,
    index: Option<(PathBuf, Index)>,
}

impl Files {
    /// Reads a file, the files of an index, or those of a folder; `what` is what they are called in errors.
    pub(in crate::train) fn read(path: &Path, what: &str) -> Result<Files> {
        if path.is_dir() {
            let index = path.join(INDEX);
            return Files::read(&if index.exists() { index } else { path.join(WHOLE) }, what);
        }
        let read = |path: &Path| {
            fs::read(path).map_err(|e| Error::io(path, &format!("the {what} cannot be read"), &e))
        };
        let bytes = read(path)?;
        if !path.as_os_str().to_string_lossy().ends_with(INDEX_END) {
            return Ok(Files { files: vec![(path.into(), bytes)], index: None });
        }
        let index = Index::parse(&bytes).map_err(|why| {
            broken(path, format!("this is not an index of safetensors files: {why}"))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let names: BTreeSet<&String> = index.map.values().collect();
        let gaps: Vec<&str> =
            names.iter().filter(|n| !folder.join(n).exists()).map(|n| n.as_str()).collect();
        if !gaps.is_empty() {
            let why = "files that this index lists are not in its folder";
            return Err(broken(path, format!("{why}: {}", gaps.join(", "))));
        }
        let files = names.iter().map(|name| folder.join(name));
        let files =
            files.map(|path| Ok((path.clone(), read(&path)?))).collect::<Result<Vec<_>>>()?;
        Ok(Files { files, index: Some((path.into(), index)) })
    }

    /// The contents of all files: tensors, metadata, and the further places of shared nodes with their first ones,
    /// where a file tells.
    pub(in crate::train) fn parse(&self) -> Result<Parsed<'_>> {
        let mut all = Parsed::default();
        let (mut file_of, mut checksums) = (BTreeMap::new(), BTreeMap::new());
        for (path, bytes) in &self.files {
            let parsed = parse(path, bytes)?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            if let Some(aliases) = parsed.aliases {
                all.aliases.get_or_insert_default().extend(aliases);
            }
            all.metadata.extend(parsed.metadata);
            for (tensor, view) in parsed.tensors {
                if all.tensors.insert(tensor.clone(), view).is_some() {
                    return Err(broken(path, format!("another file has a tensor `{tensor}` too")));
                }
                file_of.insert(tensor, name.clone());
            }
            checksums.extend(parsed.checksum.map(|checksum| (name, checksum)));
        }
        match &self.index {
            // Of other libraries, which promise less of their indices.
            Some((path, index)) if index.checksums.is_some() => {
                index.check(&file_of, &checksums).map_err(|why| broken(path, why))?;
            }
            _ => {}
        }
        Ok(all)
    }
}

/// Which file has which tensor.
struct Index {
    map: BTreeMap<String, String>,
    /// The checksums of the files, if the index was written here.
    checksums: Option<BTreeMap<String, String>>,
}

impl Index {
    /// Reads an index, whose files are in its own folder, and nowhere else.
    fn parse(index: &[u8]) -> std::result::Result<Index, String> {
        let index: serde_json::Value = serde_json::from_slice(index).map_err(|e| e.to_string())?;
        let Some(map) = index.get("weight_map").and_then(|map| map.as_object()) else {
            return Err("there is no `weight_map`".into());
        };
        let entry = |(tensor, file): (&String, &serde_json::Value)| {
            let name = file.as_str().ok_or_else(|| format!("{file} is not a file's name"))?;
            let parts: Vec<Component<'_>> = Path::new(name).components().collect();
            match parts[..] {
                [Component::Normal(_)] => Ok((tensor.clone(), name.to_owned())),
                _ => Err(format!("`{name}` is not a file in the folder of the index")),
            }
        };
        let map = map.iter().map(entry).collect::<std::result::Result<_, String>>()?;
        let checksums = match index.get("metadata").and_then(|metadata| metadata.get(CHECKSUMS)) {
            Some(checksums) => Some(
                serde_json::from_value(checksums.clone())
                    .map_err(|e| format!("{CHECKSUMS}: {e}"))?,
            ),
            None => None,
        };
        Ok(Index { map, checksums })
    }

    /// Whether the files have what the index lists, no more and no less, and are those of one save.
    fn check(
        &self,
        file_of: &BTreeMap<String, String>,
        checksums: &BTreeMap<String, String>,
    ) -> std::result::Result<(), String> {
        let mut message = String::from("the files of this index do not belong together");
        let mut fits = true;
        let elsewhere = |(tensor, file): (&String, &String)| match file_of.get(tensor) {
            Some(found) if found == file => None,
            _ => Some(format!("{tensor} in {file}")),
        };
        let extra = |(tensor, file): (&String, &String)| {
            (!self.map.contains_key(tensor)).then(|| format!("{tensor} in {file}"))
        };
        let other = |(file, checksum): (&String, &String)| {
            (checksums.get(file) != Some(checksum)).then(|| file.clone())
        };
        for (what, names) in [
            ("missing in the files", self.map.iter().filter_map(elsewhere).collect::<Vec<_>>()),
            ("left over in the files", file_of.iter().filter_map(extra).collect()),
            ("files of another save", self.checksums.iter().flatten().filter_map(other).collect()),
        ] {
            if !names.is_empty() {
                fits = false;
                message += &format!("\n  {what}: {}", names.join(", "));
            }
        }
        if fits { Ok(()) } else { Err(message) }
    }
}
