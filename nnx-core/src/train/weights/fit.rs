//! Which leaves are made of which tensors, with all that does not fit.

use super::super::checkpoint::{Tensors, dtype};
use super::LoadedWeights;
use super::map::{Source, WeightMap};
use super::tensor::FileTensor;
use crate::value::{Aval, DType};
use std::collections::{BTreeMap, BTreeSet};

/// A leaf and the tensor that it is made of, or none if the leaf stays.
pub(super) type Sourced = Option<(Aval, FileTensor)>;

/// The leaves that were looked at so far.
pub(super) struct Fit<'p> {
    map: &'p WeightMap,
    tensors: &'p Tensors<'p>,
    aliases: &'p BTreeMap<String, String>,
    leaves: Vec<Sourced>,
    done: LoadedWeights,
    used: BTreeSet<&'p str>,
    rules: BTreeSet<Source>,
    missing: Vec<String>,
    different: Vec<String>,
    wrong: Vec<String>,
}

impl<'p> Fit<'p> {
    pub(super) fn new(
        map: &'p WeightMap,
        tensors: &'p Tensors<'p>,
        aliases: &'p BTreeMap<String, String>,
    ) -> Self {
        Fit {
            map,
            tensors,
            aliases,
            leaves: Vec::new(),
            done: LoadedWeights::default(),
            used: BTreeSet::new(),
            rules: BTreeSet::new(),
            missing: Vec::new(),
            different: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// The tensor that a file has under a name: a checkpoint has a shared node at one of its paths.
    pub(super) fn name<'n>(&'n self, name: &'n str) -> &'n str {
        self.aliases.get(name).map_or(name, String::as_str)
    }

    /// The next leaf, in the order of the walk; `aval` is none if it has no value.
    pub(super) fn add(
        &mut self,
        path: String,
        aval: Option<&Aval>,
        rule: Result<Option<(FileTensor, Source)>, String>,
    ) {
        let made = match (rule, aval) {
            (Err(why), _) => {
                self.wrong.push(format!("{path}: {why}"));
                None
            }
            (Ok(None), _) => None,
            (Ok(Some((_, rule))), None) => {
                self.rules.insert(rule);
                self.wrong.push(format!("{path} has no value, and so no shape"));
                None
            }
            (Ok(Some((tensor, rule))), Some(aval)) => {
                self.rules.insert(rule);
                self.check(&path, aval, &tensor).then(|| (aval.clone(), tensor))
            }
        };
        let list = if made.is_some() { &mut self.done.loaded } else { &mut self.done.kept };
        list.push(path);
        self.leaves.push(made);
    }

    /// Whether a leaf can be made of a tensor; notes why not.
    fn check(&mut self, path: &str, want: &Aval, tensor: &FileTensor) -> bool {
        let mut is_there = true;
        for name in tensor.names() {
            match self.tensors.get_key_value(self.aliases.get(name).map_or(name, String::as_str)) {
                Some((name, view)) => {
                    self.used.insert(name);
                    let given = dtype(view.dtype());
                    let may_cast =
                        given.is_some_and(|given| self.map.cast && converts(given, want.dtype()));
                    if given != Some(want.dtype()) && !may_cast {
                        let shown =
                            given.map_or_else(|| format!("{:?}", view.dtype()), |d| d.to_string());
                        self.different.push(format!("{path} is {want}, `{name}` {shown}"));
                        is_there = false;
                    }
                }
                None => {
                    is_there = false;
                    self.missing.push(format!("`{name}` for {path}"));
                }
            }
        }
        if !is_there {
            return false;
        }
        let shape_of = |name: &str| self.tensors[self.name(name)].shape().to_vec();
        match tensor.shape(want.shape(), &shape_of) {
            Ok(shape) if shape == want.shape() => true,
            Ok(shape) => {
                let names = tensor.names().join("`, `");
                self.different.push(format!("{path} is {want}, and `{names}` gives {shape:?}"));
                false
            }
            Err(why) => {
                self.wrong.push(format!("{path}: {why}"));
                false
            }
        }
    }

    /// For each leaf what it is made of, or a message that lists all that does not fit.
    pub(super) fn finish(mut self) -> Result<(Vec<Sourced>, LoadedWeights), String> {
        let is_left = |name: &&String| {
            !self.used.contains(name.as_str()) && !self.map.naming.passes_over(name)
        };
        self.done.unused = self.tensors.keys().filter(is_left).cloned().collect();
        let unused = match self.map.ignore_unused {
            true => &[][..],
            false => &self.done.unused,
        };
        let rules = |of: fn(usize) -> Source, shown: Vec<String>| {
            let is_unused = |(i, _): &(usize, String)| !self.rules.contains(&of(*i));
            shown
                .into_iter()
                .enumerate()
                .filter(is_unused)
                .map(|(_, path)| path)
                .collect::<Vec<_>>()
        };
        let mut idle =
            rules(Source::Leaf, self.map.leaves.iter().map(|(p, _)| p.to_string()).collect());
        idle.extend(rules(
            Source::Tree,
            self.map.trees.iter().map(|(p, _)| p.to_string()).collect(),
        ));
        let mut message = String::new();
        for (what, names, fix) in [
            ("missing in the file", &self.missing[..], KEEP),
            ("different", &self.different, CAST),
            ("impossible", &self.wrong, ""),
            ("left over in the file", unused, UNUSED),
            ("rules that no leaf follows", &idle, ""),
        ] {
            if !names.is_empty() {
                message += &format!("\n  {what}: {}{fix}", names.join(", "));
            }
        }
        match message.is_empty() {
            true => Ok((self.leaves, self.done)),
            false => Err(format!("these weights do not fit the model{message}")),
        }
    }
}

/// Whether values of one dtype are values of another, but for rounding and range.
fn converts(from: DType, to: DType) -> bool {
    let kind = |dtype: DType| (dtype.is_float(), dtype.is_complex(), dtype == DType::Bool);
    kind(from) == kind(to)
}

const KEEP: &str = "\n  fix: say their names by `.tree(…)` or `.leaf(…)`, or leave the leaves as they are, by `.keep(…)`";
const CAST: &str = "\n  fix: another layout by `.leaf(…)`, another dtype by `.cast()`";
const UNUSED: &str = "\n  fix: `.ignore_unused()` if nothing here needs them";
