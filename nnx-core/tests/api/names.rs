//! `tests/names/*.txt`: every public name of JAX, Flax and Optax, with ours or the reason why there is none.
//! Names of ours must be in the source; the lists are a part of `docs/api.md`.

use super::probe::Probe;
use nnx_core::DType;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use syn::{ImplItem, Item, Type, Visibility};

/// The packages, in the order of the page.
const PACKAGES: [&str; 38] = [
    "flax.nnx",
    "optax",
    "optax.losses",
    "optax.projections",
    "optax.tree",
    "optax.contrib",
    "optax.schedules",
    "optax.transforms",
    "optax.tree_utils",
    "optax.assignment",
    "optax.perturbations",
    "optax.second_order",
    "optax.microbatching",
    "jax.numpy",
    "jax.numpy.linalg",
    "jax.numpy.fft",
    "jax.lax",
    "jax.lax.linalg",
    "jax.nn",
    "jax.nn.initializers",
    "jax.random",
    "jax.ops",
    "jax.image",
    "jax.scipy.special",
    "jax.scipy.linalg",
    "jax.scipy.stats",
    "jax.scipy.signal",
    "jax.scipy.ndimage",
    "jax.scipy.fft",
    "jax.scipy.integrate",
    "jax.scipy.interpolate",
    "jax.scipy.optimize",
    "jax.scipy.cluster.vq",
    "jax.scipy.spatial.transform",
    "jax.scipy.sparse.linalg",
    "jax.tree",
    "jax.tree_util",
    "jax.flatten_util",
];

const OPERATORS: [&str; 11] = ["+", "-", "*", "/", "%", "&", "|", "^", "!", "<<", ">>"];

/// How a reason begins.
const NOTHING: &str = "nothing to do: ";
const NOT_YET: &str = "not yet";

/// A public name of a package.
struct Row {
    name: String,
    /// Names of ours, or the reason why there is none.
    ours: Result<Vec<String>, String>,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows(package: &str) -> Vec<Row> {
    let file = workspace().join(format!("tests/names/{package}.txt"));
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| row(line).unwrap_or_else(|| panic!("{package}: `{line}`"))).collect()
}

/// `name = ours, ours` or `name: reason`; an empty side is neither.
fn row(line: &str) -> Option<Row> {
    let end = line.find([' ', ':'])?;
    let (name, rest) = line.split_at(end);
    let ours = if let Some(ours) = rest.strip_prefix(" = ") {
        Ok(ours.split(", ").map(str::to_owned).collect::<Vec<_>>())
    } else {
        Err(rest.strip_prefix(": ")?.to_owned())
    };
    let filled = match &ours {
        Ok(ours) => ours.iter().all(|ours| !ours.is_empty()),
        Err(why) => {
            why.strip_prefix(NOTHING).is_some_and(|why| !why.is_empty())
                || why == NOT_YET
                || why.strip_prefix("not yet: ").is_some_and(|why| !why.is_empty())
        }
    };
    (!name.is_empty() && filled).then(|| Row { name: name.to_owned(), ours })
}

/// The public items of the source.
#[derive(Default)]
struct Items {
    /// The file, from `src` on, and the name.
    declared: BTreeSet<(String, String)>,
    /// The type and the name of what belongs to it.
    members: BTreeSet<(String, String)>,
    /// The file and the words of calls of macros, which declare much of the rest.
    words: BTreeMap<String, BTreeSet<String>>,
    /// The text of each file.
    texts: BTreeMap<String, String>,
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned).collect()
}

impl Items {
    fn read() -> Self {
        let mut items = Items::default();
        let src = workspace().join("nnx-core/src");
        items.visit(&src, &src);
        items
    }

    fn visit(&mut self, src: &Path, path: &Path) {
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|e| self.visit(src, &e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let file = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(path).unwrap();
            let items = syn::parse_file(&text).unwrap().items;
            items.iter().for_each(|item| self.item(&file, item));
            self.texts.insert(file, text);
        }
    }

    fn item(&mut self, file: &str, item: &Item) {
        let mut declare = |vis: &Visibility, name: &syn::Ident| {
            if matches!(vis, Visibility::Public(_)) {
                self.declared.insert((file.to_owned(), name.to_string()));
            }
        };
        match item {
            Item::Fn(item) => declare(&item.vis, &item.sig.ident),
            Item::Const(item) => declare(&item.vis, &item.ident),
            Item::Struct(item) => declare(&item.vis, &item.ident),
            Item::Type(item) => declare(&item.vis, &item.ident),
            Item::Trait(item) => declare(&item.vis, &item.ident),
            Item::Enum(item) => {
                declare(&item.vis, &item.ident);
                let variants = item.variants.iter().map(|v| v.ident.to_string());
                let of = item.ident.to_string();
                self.members.extend(variants.map(|variant| (of.clone(), variant)));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let Type::Path(path) = &*block.self_ty else { return };
                let of = path.path.segments.last().unwrap().ident.to_string();
                for item in &block.items {
                    if let ImplItem::Fn(method) = item
                        && matches!(method.vis, Visibility::Public(_))
                    {
                        self.members.insert((of.clone(), method.sig.ident.to_string()));
                    }
                }
            }
            Item::Macro(call) if call.ident.is_none() => {
                let words = words(&call.mac.tokens.to_string());
                self.words.entry(file.to_owned()).or_default().extend(words);
            }
            _ => {}
        }
    }

    /// Whether a file below `prefix` declares the name, itself or by a macro.
    fn declares(&self, prefix: &str, name: &str) -> bool {
        let below = |file: &str| {
            let rest = file.strip_prefix(prefix);
            rest.is_some_and(|rest| prefix.is_empty() || rest.starts_with(['/', '.']))
        };
        self.declared.iter().any(|(file, known)| below(file) && known == name)
            || self.words.iter().any(|(file, words)| below(file) && words.contains(name))
    }

    /// Whether users can name it: the module's file says so, or takes all of a file.
    fn exports(&self, prefix: &str, name: &str) -> bool {
        let own = match prefix {
            "" => vec!["lib.rs".to_owned()],
            _ => vec![format!("{prefix}/mod.rs"), format!("{prefix}.rs")],
        };
        let text = own.iter().find_map(|file| self.texts.get(file));
        text.is_some_and(|text| words(text).contains(name) || text.contains("::*;"))
    }

    /// Whether there is such a name: a path in `nnx`, an operator, an attribute.
    fn has(&self, ours: &str, probes: &[Probe]) -> bool {
        if let Some(operator) = ours.strip_prefix("operator ") {
            return OPERATORS.contains(&operator);
        }
        if ours == "#[nnx::jit]" {
            return workspace().join("nnx-jit/src/lib.rs").is_file();
        }
        let mut path: Vec<&str> = ours.split("::").collect();
        let name = path.pop().unwrap_or_default();
        if let Some(of) = path.last().filter(|of| of.starts_with(|c: char| c.is_uppercase())) {
            let by_macro = |words: &BTreeSet<String>| words.contains(*of) && words.contains(name);
            return self.members.contains(&((*of).to_owned(), name.to_owned()))
                || self.words.values().any(by_macro)
                || (*of == "Array" && probes.iter().any(|probe| probe.name == name))
                || (*of == "DType" && is_dtype(name));
        }
        let room = path.join("/");
        if room.is_empty() {
            return self.declares("", name) && self.exports("", name);
        }
        [room.clone(), format!("array/{room}")]
            .iter()
            .any(|room| self.declares(room, name) && self.exports(room, name))
            || self.handed_on(&path, name)
    }

    /// Whether the module hands a name of another room on.
    fn handed_on(&self, path: &[&str], name: &str) -> bool {
        let file = format!("{}/mod.rs", path.join("/"));
        let files =
            [file, format!("{}.rs", path.join("/")), format!("{}/functions.rs", path.join("/"))];
        let hands_on = |text: &String| {
            let uses = text.split("pub use ").skip(1);
            uses.filter_map(|rest| rest.split(';').next()).any(|rest| words(rest).contains(name))
        };
        files.iter().filter_map(|file| self.texts.get(file)).any(hands_on)
            && self.declares("", name)
    }
}

fn is_dtype(name: &str) -> bool {
    DType::ALL.iter().chain(&DType::SMALL).any(|dtype| format!("{dtype:?}") == name)
}

#[test]
fn every_name_has_ours_or_a_reason() {
    let (items, probes) = (Items::read(), super::probes::all());
    let mut wrong = Vec::new();
    for package in PACKAGES {
        let rows = rows(package);
        let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        if names.len() != rows.len() || rows.is_empty() {
            wrong.push(format!("{package}: {} rows, {} names", rows.len(), names.len()));
        }
        for Row { name, ours } in &rows {
            let missing = ours.iter().flatten().filter(|ours| !items.has(ours, &probes));
            wrong.extend(missing.map(|ours| format!("{package}.{name}: there is no `{ours}`")));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    // The check itself finds what is not there.
    let not_there = ["Array::no_such", "array::no_such", "operator ~", "nn::no_such", "no_such"];
    assert!(not_there.iter().all(|ours| !items.has(ours, &probes)));
}

#[test]
fn a_row_without_ours_and_reason_is_none() {
    for line in ["abs", "abs = ", "abs: ", "abs: because", "abs: nothing to do: ", "abs: not yet: "]
    {
        assert!(row(line).is_none(), "{line}");
    }
}

/// Every list is read: one that nobody reads would not be checked.
#[test]
fn every_list_is_of_a_package() {
    let files = std::fs::read_dir(workspace().join("tests/names")).unwrap();
    let names = files.map(|file| file.unwrap().path());
    let lists = names.filter(|path| path.extension().is_some_and(|e| e == "txt"));
    let lists: BTreeSet<String> =
        lists.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(lists, PACKAGES.map(str::to_owned).into_iter().collect());
}

/// The lists as a part of the page.
pub(crate) fn text() -> String {
    let all: Vec<(&str, Vec<Row>)> =
        PACKAGES.iter().map(|package| (*package, rows(package))).collect();
    let count = |keep: &dyn Fn(&Row) -> bool| {
        all.iter().flat_map(|(_, rows)| rows).filter(|row| keep(row)).count()
    };
    let not_yet = count(&|row| row.ours.as_ref().is_err_and(|why| why.starts_with(NOT_YET)));
    let (with, total) = (count(&|row| row.ours.is_ok()), count(&|_| true));
    let mut out = format!(
        "\n## Every name of Flax, Optax and JAX\n\nThe public names of flax.nnx 0.12.8, optax 0.2.8 and JAX \
         0.10.2, from the lists in `tests/names`.\n{total} names: {with} with ours, {} with \
         nothing to do in Rust, {not_yet} not yet.\nPaths begin in `nnx`.\n",
        total - with - not_yet
    );
    for (package, rows) in &all {
        let _ = write!(out, "\n### {package}\n");
        let (mut same, mut other) = (BTreeMap::<String, Vec<&str>>::new(), Vec::new());
        let mut reasons = BTreeMap::<(bool, &str), Vec<&str>>::new();
        for Row { name, ours } in rows {
            match ours {
                Ok(ours) => match ours.as_slice() {
                    [one] if one.rsplit("::").next() == Some(last(name)) => {
                        let home = one.strip_suffix(last(name)).unwrap_or_default();
                        same.entry(home.to_owned()).or_default().push(name);
                    }
                    several => {
                        let several: Vec<_> = several.iter().map(|o| format!("`{o}`")).collect();
                        other.push(format!("`{name}` {}", several.join(" ")));
                    }
                },
                Err(why) => {
                    let short = why.strip_prefix(NOTHING).unwrap_or(why);
                    reasons.entry((why.starts_with(NOT_YET), short)).or_default().push(name);
                }
            }
        }
        for (home, names) in &same {
            let home = if home.is_empty() { "nnx::" } else { home };
            list(&mut out, &format!("`{home}`"), names);
        }
        if !other.is_empty() {
            let _ = write!(out, "\nUnder another name: {}.\n", other.join(", "));
        }
        for ((later, why), names) in &reasons {
            let what = if *later || why.ends_with('.') {
                (*why).to_owned()
            } else {
                format!("Nothing to do, {why}")
            };
            list(&mut out, &what, names);
        }
    }
    out
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn list(out: &mut String, what: &str, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let mut capital = what.chars();
    let what: String =
        capital.next().into_iter().flat_map(char::to_uppercase).chain(capital).collect();
    let _ = write!(out, "\n{what}: {}.\n", names.join(", "));
}
