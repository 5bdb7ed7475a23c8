//! The name of the crate `nnx` in the manifest of the user's crate, `Cargo.toml`.
//!
//! A part of TOML is read, as far as tables of dependencies are written in it. Whatever else a manifest
//! says, the crate is then taken to have its own name.

use std::path::Path;

/// Where the crate `nnx` is, seen from the user's crate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is at this path.
    At(String),
    /// It has its own name, as far as anybody can tell.
    Unknown,
    /// The crate of this name does not depend on it.
    NotADependency(String),
}

/// The place by the manifest in the folder.
pub(crate) fn place(folder: &Path) -> Place {
    let Ok(text) = std::fs::read_to_string(folder.join("Cargo.toml")) else {
        return Place::Unknown;
    };
    let manifest = Manifest::read(&text);
    let inherited = |name: &str| {
        let root = folder.ancestors().find_map(|folder| {
            let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
            Some(Manifest::read(&text)).filter(|manifest| manifest.is_workspace)
        });
        let found = root?.shared.into_iter().find(|dependency| dependency.name == name)?;
        found.package
    };
    manifest.place(inherited)
}

#[derive(Default)]
struct Dependency {
    name: String,
    package: Option<String>,
    /// Whether the workspace says more.
    inherits: bool,
}

#[derive(Default)]
struct Manifest {
    package: Option<String>,
    /// `crate` in `[package.metadata.nnx]`.
    named: Option<String>,
    dependencies: Vec<Dependency>,
    is_workspace: bool,
    /// `[workspace.dependencies]`.
    shared: Vec<Dependency>,
}

impl Manifest {
    fn read(text: &str) -> Self {
        let mut manifest = Manifest::default();
        let mut table: Vec<String> = Vec::new();
        for line in text.lines() {
            let line = without_comment(line).trim();
            if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                table = keys(header.trim_matches(['[', ']']));
                manifest.is_workspace |= table.first().is_some_and(|name| name == "workspace");
                // The dependency may have no line of its own.
                manifest.set(&table, &[], "");
            } else if let Some((key, value)) = line.split_once('=') {
                manifest.set(&table, &keys(key), value.trim());
            }
        }
        manifest
    }

    /// Notes what a line `key = value` in a table says.
    fn set(&mut self, table: &[String], key: &[String], value: &str) {
        let path: Vec<&str> = table.iter().chain(key).map(String::as_str).collect();
        match path[..] {
            ["package", "name"] => self.package = text(value),
            ["package", "metadata", "nnx", "crate"] => self.named = text(value),
            ["workspace", "dependencies", name, ref rest @ ..] => {
                note(&mut self.shared, name, rest, value);
            }
            ["dependencies" | "dev-dependencies", name, ref rest @ ..]
            | ["target", _, "dependencies" | "dev-dependencies", name, ref rest @ ..] => {
                note(&mut self.dependencies, name, rest, value);
            }
            _ => {}
        }
    }

    fn place(self, inherited: impl Fn(&str) -> Option<String>) -> Place {
        if let Some(named) = self.named {
            return Place::At(named);
        }
        let Some(package) = self.package else { return Place::Unknown };
        let package_of = |dependency: &Dependency| match &dependency.package {
            Some(package) => package.clone(),
            None if dependency.inherits => {
                inherited(&dependency.name).unwrap_or_else(|| dependency.name.clone())
            }
            None => dependency.name.clone(),
        };
        let ours: Vec<&Dependency> =
            self.dependencies.iter().filter(|dependency| package_of(dependency) == "nnx").collect();
        if OWN.contains(&package.as_str()) || ours.iter().any(|dependency| dependency.name == "nnx")
        {
            return Place::Unknown;
        }
        match ours.first() {
            Some(renamed) => Place::At(format!("::{}", renamed.name.replace('-', "_"))),
            None => Place::NotADependency(package),
        }
    }
}

/// The packages of this workspace that say themselves where the crate is.
const OWN: [&str; 3] = ["nnx", "nnx-core", "nnx-examples"];

/// Notes what the manifest says of a dependency: its version, a table, or one key of it.
fn note(dependencies: &mut Vec<Dependency>, name: &str, key: &[&str], value: &str) {
    if dependencies.last().is_none_or(|last| last.name != name) {
        dependencies.push(Dependency { name: name.to_owned(), ..Dependency::default() });
    }
    let Some(dependency) = dependencies.last_mut() else { return };
    match key {
        ["package"] => dependency.package = text(value),
        ["workspace"] => dependency.inherits = value == "true",
        [] => {
            let fields = value.trim_start_matches('{').trim_end_matches('}').split(',');
            for (key, value) in fields.filter_map(|field| field.split_once('=')) {
                match key.trim() {
                    "package" => dependency.package = text(value.trim()),
                    "workspace" => dependency.inherits = value.trim() == "true",
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// The parts of a dotted key. A part in quotes may have dots in it.
fn keys(dotted: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in dotted.trim().chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('.', None) => parts.push(String::new()),
            (c, None) if c.is_whitespace() => {}
            (c, _) => parts.last_mut().into_iter().for_each(|part| part.push(c)),
        }
    }
    parts
}

/// A string's text.
fn text(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
    Some(value[1..].split(quote).next()?.to_owned())
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (c, quote) {
            ('#', None) => return &line[..at],
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Manifest, Place};

    fn place(manifest: &str) -> Place {
        let shared = |name: &str| (name == "theirs").then(|| "nnx".to_owned());
        Manifest::read(&format!("[package]\nname = \"model\"\n{manifest}")).place(shared)
    }

    #[test]
    fn a_dependency_is_found_however_it_is_written() {
        for own_name in [
            "[dependencies]\nnnx = \"0.1\"",
            "[dependencies]\nserde = \"1\" # not nnx\nnnx = { path = \"../nnx\", features = [\"xla-rs\"] }",
            "[dependencies.nnx]\nversion = \"0.1\"",
            "[dev-dependencies]\nnnx.workspace = true",
            "[target.'cfg(target_os = \"linux\")'.dependencies]\nnnx = \"0.1\"",
            "[dependencies]\nnnx = \"0.1\"\nold = { package = \"nnx\", version = \"0.0\" }",
        ] {
            assert_eq!(place(own_name), Place::Unknown, "{own_name}");
        }
    }

    #[test]
    fn another_name_is_found_however_it_is_given() {
        for renamed in [
            "[dependencies]\nneural-nets = { version = \"0.1\", package = \"nnx\" }",
            "[dependencies.neural-nets]\nversion = \"0.1\"\npackage = 'nnx'",
            "[dependencies]\nneural-nets.version = \"0.1\"\nneural-nets.package = \"nnx\"",
        ] {
            assert_eq!(place(renamed), Place::At("::neural_nets".to_owned()), "{renamed}");
        }
        let theirs = "[dependencies]\nserde = \"1\"\ntheirs = { workspace = true }";
        assert_eq!(place(theirs), Place::At("::theirs".to_owned()));
    }

    #[test]
    fn a_crate_may_say_where_it_is() {
        let named =
            "[dependencies]\nlayers = \"1\"\n[package.metadata.nnx]\ncrate = \"layers::nnx\"";
        assert_eq!(place(named), Place::At("layers::nnx".to_owned()));
    }

    #[test]
    fn no_dependency_is_known_only_from_a_whole_manifest() {
        let without = "[dependencies]\nlayers = \"1\"\n[build-dependencies]\nnnx = \"0.1\"";
        assert_eq!(place(without), Place::NotADependency("model".to_owned()));
        assert_eq!(Manifest::read("").place(|_| None), Place::Unknown);
        let own = Manifest::read("[package]\nname = \"nnx-core\"").place(|_| None);
        assert_eq!(own, Place::Unknown);
    }
}
