//! How a checkpoint and the tree that it is read into differ.

use super::broken;
use super::format::Tensors;
use crate::error::Result;
use safetensors::tensor::TensorView;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The further places of nodes, with the first ones: those of a tree, and those of a file that tells.
pub(super) struct Sharing {
    pub(super) here: BTreeMap<String, String>,
    pub(super) there: Option<BTreeMap<String, String>>,
}

impl Sharing {
    /// The name under which the file has a place.
    pub(super) fn first_there<'n>(&'n self, name: &'n str) -> &'n str {
        self.there.as_ref().and_then(|there| there.get(name)).map_or(name, String::as_str)
    }

    fn first_here<'n>(&'n self, name: &'n str) -> &'n str {
        self.here.get(name).map_or(name, String::as_str)
    }

    /// Notes where the two differ, and which of the file's tensors belong to further places here.
    pub(super) fn compare(
        &self,
        found: &Tensors<'_>,
        used: &mut BTreeSet<String>,
        differences: &mut Differences,
    ) {
        for (alias, first) in self.there.iter().flatten() {
            if self.first_here(alias) != self.first_here(first) {
                differences.shared_there.push(format!("{alias} is {first}"));
            }
        }
        for (alias, first) in &self.here {
            let [alias_there, first_there] = [alias, first].map(|name| self.first_there(name));
            if alias_there == first_there {
                continue;
            }
            match (found.get(alias_there), found.get(first_there)) {
                // A file of a tree without nodes, that has less of it.
                (None, _) if self.there.is_none() => {}
                (None, _) => differences.missing.push(alias.clone()),
                (Some(a), b) => {
                    used.insert(alias_there.to_owned());
                    // Of a tree without nodes: a tensor for every place, equal ones for one node.
                    if b.is_none_or(|b| !same(a, b)) {
                        differences.shared_here.push(format!("{alias} is {first}"));
                    }
                }
            }
        }
    }
}

/// How a file and a tree differ.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) missing: Vec<String>,
    pub(super) extra: Vec<String>,
    pub(super) different: Vec<String>,
    shared_there: Vec<String>,
    shared_here: Vec<String>,
}

/// Whether two tensors are equal to the bit.
fn same(a: &TensorView<'_>, b: &TensorView<'_>) -> bool {
    (a.dtype(), a.shape(), a.data()) == (b.dtype(), b.shape(), b.data())
}

const TIE: &str = "\n  fix: tie them before loading, by a handle to one node in both places, and untie them after it \
                   if they should be two";
const UNTIE: &str = "\n  fix: untie them before loading, by a node for each place, and tie them after it by a handle \
                     to the one whose value counts";

impl Differences {
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let mut message = String::from("this checkpoint belongs to another model");
        let mut fits = true;
        for (what, names, fix) in [
            ("missing in the file", &self.missing, ""),
            ("extra in the file", &self.extra, ""),
            ("different shape or dtype", &self.different, ""),
            ("one shared node in the file, not here", &self.shared_there, TIE),
            ("one shared node here, not in the file", &self.shared_here, UNTIE),
        ] {
            if !names.is_empty() {
                fits = false;
                message += &format!("\n  {what}: {}{fix}", names.join(", "));
            }
        }
        if fits { Ok(()) } else { Err(broken(path, message)) }
    }
}
