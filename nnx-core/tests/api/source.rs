//! The public functions, read from the source.

use std::path::Path;
use syn::{Attribute, FnArg, ImplItem, Item, Signature, Type, Visibility};

/// A public function or method.
pub(crate) struct Function {
    /// The file it is in, from `src` on.
    pub(crate) file: String,
    /// `roll`, or `Masked::sum`, or `signal::convolve` in modules whose names NumPy has too; methods of
    /// `Array` go by their name alone.
    pub(crate) name: String,
    /// Its name in JAX or Flax, as its documentation says.
    pub(crate) jax: Option<String>,
    /// Its name after that of the type whose method it is, `Array` too.
    pub(crate) path: String,
    /// The types of its parameters; `self` of an `Array` is `&Array`.
    pub(crate) parameters: Vec<Type>,
}

/// The rooms whose functions are in the table.
const ROOMS: [&str; 5] = ["array", "nn/functions.rs", "ops", "random", "transform"];

pub(crate) fn functions(src: &Path) -> Vec<Function> {
    functions_in(src, &ROOMS)
}

pub(crate) fn functions_in(src: &Path, rooms: &[&str]) -> Vec<Function> {
    let mut found = Vec::new();
    rooms.iter().for_each(|room| visit(src, &src.join(room), &mut found));
    found
}

fn visit(src: &Path, path: &Path, found: &mut Vec<Function>) {
    if path.is_dir() {
        let mut inside: Vec<_> =
            std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        inside.sort();
        inside.iter().filter(|path| !path.ends_with("jit")).for_each(|p| visit(src, p, found));
    } else if path.extension().is_some_and(|e| e == "rs") {
        let file = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(path).unwrap();
        for item in syn::parse_file(&text).unwrap().items {
            of_item(&file, &item, found);
        }
    }
}

/// The module that stands before a function's name where others have the name too.
fn module(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("array/")?.strip_suffix(".rs")?;
    match inside.split_once('/') {
        Some(("stats", "samples")) => Some("stats"),
        Some(("stats", distribution)) => Some(distribution),
        Some(("signal", _)) => Some("signal"),
        None if ["image", "ndimage"].contains(&inside) => Some(inside),
        _ => None,
    }
}

fn of_item(file: &str, item: &Item, found: &mut Vec<Function>) {
    let mut push = |vis: &Visibility,
                    attrs: &[Attribute],
                    name: String,
                    of: Option<&str>,
                    sig: &Signature| {
        let hidden = documentation(attrs).contains("doc(hidden)");
        if matches!(vis, Visibility::Public(_)) && !hidden {
            found.push(Function {
                file: file.to_owned(),
                name,
                jax: jax_name(&documentation(attrs)),
                path: of.map_or_else(|| sig.ident.to_string(), |of| format!("{of}::{}", sig.ident)),
                parameters: sig.inputs.iter().filter_map(|input| parameter(input, of)).collect(),
            });
        }
    };
    match item {
        Item::Fn(function) => {
            let name = function.sig.ident.to_string();
            let name = module(file).map_or_else(|| name.clone(), |of| format!("{of}::{name}"));
            push(&function.vis, &function.attrs, name, None, &function.sig);
        }
        Item::Impl(block) if block.trait_.is_none() => {
            let Type::Path(path) = &*block.self_ty else { return };
            let of = path.path.segments.last().unwrap().ident.to_string();
            for item in &block.items {
                if let ImplItem::Fn(method) = item {
                    let name = method.sig.ident.to_string();
                    let name = if of == "Array" { name } else { format!("{of}::{name}") };
                    push(&method.vis, &method.attrs, name, Some(&of), &method.sig);
                }
            }
        }
        _ => {}
    }
}

fn parameter(input: &FnArg, of: Option<&str>) -> Option<Type> {
    match input {
        FnArg::Typed(typed) => Some((*typed.ty).clone()),
        FnArg::Receiver(_) => (of == Some("Array")).then(|| syn::parse_quote!(&Array)),
    }
}

fn documentation(attrs: &[Attribute]) -> String {
    attrs
        .iter()
        .filter_map(|attr| match &attr.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            syn::Meta::List(list) if list.path.is_ident("doc") => {
                Some(format!("doc({})", list.tokens))
            }
            _ => None,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first name between backticks that begins with `jax.` or `flax.`.
fn jax_name(documentation: &str) -> Option<String> {
    let mut parts = documentation.split('`');
    parts.find(|part| part.starts_with("jax.") || part.starts_with("flax.")).map(str::to_owned)
}
