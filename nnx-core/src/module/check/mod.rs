//! Rules that are checked while the user's crate compiles: walks over the schema of a type that end
//! in a compile error with the path of whatever breaks the rule.

mod field;
mod nearest;
mod path;
mod text;

use super::{Field, Module, Schema};
pub use field::{
    FieldPart, PartOf, UnknownPart, is_module, schema_of, skipped, static_field, static_parameter,
};
pub use path::{CheckedPath, path};
use text::{Text, same};

/// The target of a walk.
#[derive(Clone, Copy)]
enum Wanted {
    /// A shared node, however deep.
    Shared,
    /// A shared node or a link to one, however deep.
    Node,
    /// A float that is not inside a Module, where it would be a setting.
    BareFloat,
    /// A Variable or an array, however deep.
    Leaf,
    /// A leaf, a shared node or a link to one, or a type in itself, which has some.
    Data,
    /// A field that walks pass over, however deep.
    Skipped,
}

/// The schema of the first part that is `wanted`, whose path is appended to `path`.
const fn find(wanted: Wanted, schema: &'static Schema, path: &mut Text) -> Option<&'static Schema> {
    let start = path.len();
    let is_it = match schema {
        Schema::Shared(_) => matches!(wanted, Wanted::Shared | Wanted::Node | Wanted::Data),
        Schema::Variable(_) | Schema::Array => matches!(wanted, Wanted::Leaf | Wanted::Data),
        Schema::Static(name) => match wanted {
            Wanted::BareFloat => same(name, "f32") || same(name, "f64"),
            Wanted::Node | Wanted::Data => same(name, LINK),
            _ => false,
        },
        Schema::Skipped => matches!(wanted, Wanted::Skipped),
        Schema::Recursive(_) => matches!(wanted, Wanted::Data),
        Schema::Dyn(_, shared) => match wanted {
            Wanted::Shared | Wanted::Node => *shared,
            Wanted::Leaf | Wanted::Data => true,
            Wanted::BareFloat | Wanted::Skipped => false,
        },
        _ => false,
    };
    if is_it {
        return Some(schema);
    }
    let found = match schema {
        // The contents of a node are another tree.
        Schema::Shared(_) if matches!(wanted, Wanted::Skipped) => None,
        Schema::Shared(item) | Schema::Option(item) => find(wanted, item, path),
        Schema::List(item) => {
            path.push("[*]");
            find(wanted, item, path)
        }
        Schema::Map(item) => {
            path.push_name("*");
            find(wanted, item, path)
        }
        Schema::Tuple(items) => {
            let mut i = 0;
            let mut found = None;
            while i < items.len() && found.is_none() {
                path.truncate(start);
                path.push("[");
                path.push_number(i);
                path.push("]");
                found = find(wanted, items[i], path);
                i += 1;
            }
            found
        }
        // A float in a Module is a setting.
        Schema::Struct(..) | Schema::Enum(..) if matches!(wanted, Wanted::BareFloat) => None,
        Schema::Struct(_, fields) => find_in_fields(wanted, fields, path),
        Schema::Enum(_, variants) => {
            let mut i = 0;
            let mut found = None;
            while i < variants.len() && found.is_none() {
                found = find_in_fields(wanted, variants[i].fields, path);
                i += 1;
            }
            found
        }
        _ => None,
    };
    if found.is_none() {
        path.truncate(start);
    }
    found
}

const fn find_in_fields(
    wanted: Wanted,
    fields: &'static [Field],
    path: &mut Text,
) -> Option<&'static Schema> {
    let start = path.len();
    let mut i = 0;
    while i < fields.len() {
        push_field(path, fields[i].name);
        let found = find(wanted, fields[i].schema, path);
        if found.is_some() {
            return found;
        }
        path.truncate(start);
        i += 1;
    }
    None
}

/// Adds the step to a field: `.kernel`, or `[0]` for the field of a tuple struct.
const fn push_field(path: &mut Text, name: &str) {
    if name.as_bytes()[0].is_ascii_digit() {
        path.push("[");
        path.push(name);
        path.push("]");
    } else {
        path.push_name(name);
    }
}

/// The name of `SharedWeak` in schemas: to most rules it is static data.
pub(crate) const LINK: &str = "SharedWeak";

/// The path of a skipped field outside of shared nodes, if there is one.
pub(crate) fn skipped_field(schema: &'static Schema) -> Option<String> {
    let mut path = Text::new();
    find(Wanted::Skipped, schema, &mut path)?;
    Some(path.as_str().trim_start_matches('.').to_owned())
}

/// A rule's verdict on a type: nothing, or the message about what is wrong with it.
pub struct Verdict(Option<Text>);

impl Verdict {
    pub(crate) const FINE: Verdict = Verdict(None);

    /// Whether nothing is wrong.
    pub const fn is_fine(&self) -> bool {
        self.0.is_none()
    }

    /// Panics if something is wrong, which is a compile error in a constant.
    ///
    /// # Panics
    /// Panics with what is wrong.
    #[track_caller]
    pub const fn report(&self) {
        if let Some(text) = &self.0 {
            panic!("{}", text.as_str());
        }
    }
}

/// Complains about the node that was found at `place`.
const fn shared(place: &Text, found: &Schema) -> Verdict {
    let mut text = *place;
    text.push(match found {
        Schema::Dyn(..) => " may hold a `Shared`, as its trait says, but in",
        _ => " is `Shared`, but in",
    });
    text.push(
        " tree mode a Module is a tree, and a node has one owner\n\
         fixes:\n  \
         1. write `#[nnx::jit]`, without `graph = false`: graph mode keeps shared nodes\n  \
         2. own the node there, in place of `Shared<…>`\n  \
         3. give it to the function as an argument of its own, and lend it to its users in the body",
    );
    Verdict(Some(text))
}

/// Whether a type may be put behind a trait object that is said to hold no shared nodes.
pub const fn boxed(schema: &'static Schema) -> Verdict {
    let mut path = Text::new();
    if find(Wanted::Shared, schema, &mut path).is_none() {
        return Verdict::FINE;
    }
    let mut text = place(&path, "what is boxed as a trait object");
    text.push(
        " is `Shared`, and the trait promises functions in tree mode that there is none in it\n\
         fixes:\n  \
         1. write `#[nnx::dyn_module(graph)]` on the trait: tree mode then refuses its objects\n  \
         2. own the node there, in place of `Shared<…>`",
    );
    Verdict(Some(text))
}

/// "`path` in whole", or just the whole if that is where the path ends.
const fn place(path: &Text, whole: &str) -> Text {
    let mut text = Text::new();
    if path.len() > 0 {
        text.push_code(path.as_str());
        text.push(" in ");
    }
    text.push(whole);
    text
}

/// Fails to compile when there is a [`Shared`](super::Shared) node inside `M`, for a `function` in which a
/// node would make no sense.
#[track_caller]
pub(crate) const fn tree<M: Module>(function: &str) {
    let mut path = Text::new();
    if find(Wanted::Shared, M::SCHEMA, &mut path).is_some() {
        let mut whole = Text::new();
        whole.push("the argument of ");
        whole.push_code(function);
        let mut text = place(&path, whole.as_str());
        text.push(
            " is `Shared`, and there is no node that all elements could be\nfix: pass what is in it, \
             in place of `Shared<…>`",
        );
        Verdict(Some(text)).report();
    }
}

/// Whether the argument `name` of a jitted function may be like this in tree mode.
pub(crate) const fn argument(name: &str, schema: &'static Schema) -> Verdict {
    let mut path = Text::new();
    path.push(name);
    if let Some(found) = find(Wanted::Shared, schema, &mut path) {
        let mut text = Text::new();
        text.push_code(path.as_str());
        return shared(&text, found);
    }
    graph_argument(name, schema)
}

/// Whether the argument `name` of a jitted function may be like this in graph mode.
pub(crate) const fn graph_argument(name: &str, schema: &'static Schema) -> Verdict {
    let mut path = Text::new();
    path.push(name);
    if find(Wanted::BareFloat, schema, &mut path).is_some() {
        let mut text = Text::new();
        text.push_code(path.as_str());
        text.push(
            " is a float: the function would be compiled again for every new value\n\
             fixes:\n  \
             1. pass an `Array`, with `Array::scalar(value)` at the call\n  \
             2. if it hardly ever changes, ",
        );
        match find(Wanted::Leaf, schema, &mut path) {
            // Marked as a whole, the arrays would have to be static.
            Some(_) => {
                text.push("take it in a parameter of its own with the mark `#[nnx(static)]`")
            }
            None => {
                text.push("mark the parameter: `#[nnx(static)] ");
                text.push(name);
                text.push(": …`");
            }
        }
        text.push(", with `f32` or `f64` written out");
        return Verdict(Some(text));
    }
    Verdict::FINE
}

/// Whether the argument `name` of a jitted function, of which nothing else is wrong, may be behind `&mut`.
pub(crate) const fn updated_argument(name: &str, schema: &'static Schema) -> Verdict {
    let Schema::Static(ty) = schema else { return Verdict::FINE };
    if same(ty, LINK) || same(ty, "PhantomData") {
        return Verdict::FINE;
    }
    let mut text = Text::new();
    text.push_code(name);
    text.push(" is a `");
    text.push(ty);
    text.push(
        "`, which is static, part of the compiled program, and cannot be behind `&mut`: with each new value the \
         function would be compiled again\nfixes:\n  1. a number that the program computes with: `",
    );
    text.push(name);
    text.push(
        ": &mut Array`, with `Array::scalar(value)` before the first call\n  \
         2. a setting: take it by value, and change it outside of the function",
    );
    Verdict(Some(text))
}

/// Whether the argument `name`, marked `#[nnx(static)]`, holds nothing but settings.
pub(crate) const fn static_argument(name: &str, schema: &'static Schema) -> Verdict {
    let mut path = Text::new();
    path.push(name);
    if find(Wanted::Leaf, schema, &mut path).is_some() {
        let mut text = Text::new();
        text.push_code(path.as_str());
        text.push(
            " is an array, which cannot be static: the values of static arguments are part of the \
             compiled program\nfix: pass it in a parameter of its own, without `#[nnx(static)]`",
        );
        return Verdict(Some(text));
    }
    Verdict::FINE
}

/// Whether the result of a jitted function may be like this in tree mode.
pub(crate) const fn result(schema: &'static Schema) -> Verdict {
    let mut path = Text::new();
    match find(Wanted::Shared, schema, &mut path) {
        Some(found) => shared(&place(&path, "the result"), found),
        None => Verdict::FINE,
    }
}
