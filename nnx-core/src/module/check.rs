//! Rules of tree mode, checked while the user's crate compiles: a walk over the schema of a type
//! that ends in a compile error with the path of whatever breaks the rule.

use super::{Field, Module, Schema};

/// Text that is put together at compile time.
struct Text {
    bytes: [u8; Text::CAPACITY],
    len: usize,
}

impl Text {
    const CAPACITY: usize = 1024;

    const fn new() -> Self {
        Text { bytes: [0; Text::CAPACITY], len: 0 }
    }

    /// Adds `text`; what does not fit is left out.
    const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < Text::CAPACITY {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a path with letters that do not fit here",
        }
    }
}

/// Appends the path of the first shared node to `path`; false if there is none.
const fn find_shared(schema: &Schema, path: &mut Text) -> bool {
    let start = path.len;
    let found = match schema {
        Schema::Shared(_) => true,
        Schema::List(item) => {
            path.push("[*]");
            find_shared(item, path)
        }
        Schema::Map(item) => {
            path.push(".*");
            find_shared(item, path)
        }
        Schema::Option(item) => find_shared(item, path),
        Schema::Tuple(items) => {
            let mut i = 0;
            let mut found = false;
            while i < items.len() && !found {
                path.len = start;
                path.push(".");
                push_number(path, i);
                found = find_shared(items[i], path);
                i += 1;
            }
            found
        }
        Schema::Struct(_, fields) => find_in_fields(fields, path),
        Schema::Enum(_, variants) => {
            let mut i = 0;
            let mut found = false;
            while i < variants.len() && !found {
                found = find_in_fields(variants[i].fields, path);
                i += 1;
            }
            found
        }
        Schema::Variable(_)
        | Schema::Array
        | Schema::Static(_)
        | Schema::Skipped
        | Schema::Recursive(_) => false,
    };
    if !found {
        path.len = start;
    }
    found
}

const fn find_in_fields(fields: &[Field], path: &mut Text) -> bool {
    let start = path.len;
    let mut i = 0;
    while i < fields.len() {
        path.push(".");
        path.push(fields[i].name);
        if find_shared(fields[i].schema, path) {
            return true;
        }
        path.len = start;
        i += 1;
    }
    false
}

const fn push_number(path: &mut Text, number: usize) {
    if number >= 10 {
        push_number(path, number / 10);
    }
    let digits = "0123456789";
    path.push(digits.split_at(number % 10).1.split_at(1).0);
}

/// Whether a value of this type is a float that is not inside a Module.
const fn is_float(schema: &Schema) -> bool {
    match schema {
        Schema::Static(name) => {
            let name = name.as_bytes();
            name.len() == 3 && name[0] == b'f' && (name[1] == b'3' || name[1] == b'6')
        }
        Schema::Option(item) | Schema::List(item) | Schema::Map(item) => is_float(item),
        Schema::Tuple(items) => {
            let mut i = 0;
            while i < items.len() {
                if is_float(items[i]) {
                    return true;
                }
                i += 1;
            }
            false
        }
        _ => false,
    }
}

/// Fails to compile when there is a [`Shared`](super::Shared) node inside `M`; `name` is what
/// stands before the path in the message.
#[track_caller]
pub const fn tree<M: Module>(name: &str) {
    let mut text = Text::new();
    text.push("`");
    text.push(name);
    if find_shared(M::SCHEMA, &mut text) {
        text.push(
            "` is `Shared`, but in tree mode a Module is a tree and a node has one owner. \
             Fixes: (1) own the node there instead of sharing it; (2) give it to the function as an \
             argument of its own, and pass it to both users in the body; (3) graph mode will take \
             shared nodes",
        );
        panic!("{}", text.as_str());
    }
}

/// [`tree`] for an argument of a jitted function, which cannot be a bare float either.
#[track_caller]
pub const fn argument<M: Module>(name: &str) {
    tree::<M>(name);
    if is_float(M::SCHEMA) {
        let mut text = Text::new();
        text.push("`");
        text.push(name);
        text.push(
            "` is a float, and a float argument would compile the function again for every new \
             value. Fixes: (1) pass it as an array: `Array::scalar(value)`; (2) if it hardly ever \
             changes, mark the parameter `#[nnx(static)]`",
        );
        panic!("{}", text.as_str());
    }
}
