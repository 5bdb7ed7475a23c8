//! Paths that are written in code: every step has to lead somewhere in the type.

use super::nearest::nearest;
use super::push_field;
use super::text::{Text, same};
use crate::module::{Field, PathPattern, PatternKey, Schema};

/// A path that was followed into a type; made by the macro [`path!`](crate::path).
pub struct CheckedPath {
    keys: &'static [PatternKey],
    wrong: Option<Wrong>,
}

/// The first step that leads nowhere, and what to say about it.
#[derive(Clone, Copy)]
struct Wrong {
    step: usize,
    message: Text,
}

/// Follows `keys` into the type with this schema, which the user calls `name`.
pub const fn path(name: &str, schema: &'static Schema, keys: &'static [PatternKey]) -> CheckedPath {
    let mut walk = Walk { name, keys, wrong: None };
    if walk.follow(schema, None, 0) {
        walk.wrong = None;
    }
    CheckedPath { keys, wrong: walk.wrong }
}

impl CheckedPath {
    /// Fails to compile if it is this step that leads nowhere.
    ///
    /// # Panics
    /// Panics with what is there.
    #[track_caller]
    pub const fn step(&self, step: usize) {
        if let Some(wrong) = &self.wrong
            && wrong.step == step
        {
            panic!("{}", wrong.message.as_str());
        }
    }

    /// Whether all steps lead somewhere.
    pub const fn is_right(&self) -> bool {
        self.wrong.is_none()
    }

    /// The constant.
    pub const fn pattern(&self) -> PathPattern {
        PathPattern::from_static(self.keys)
    }
}

struct Walk<'a> {
    name: &'a str,
    keys: &'static [PatternKey],
    wrong: Option<Wrong>,
}

/// The structs and enums around a place, which `Schema::Recursive` speaks of.
struct Around<'a> {
    schema: &'static Schema,
    outer: Option<&'a Around<'a>>,
}

/// The struct or enum called `name` around a place.
const fn enclosing(around: Option<&Around<'_>>, name: &str) -> Option<&'static Schema> {
    let mut next = around;
    while let Some(around) = next {
        if let Schema::Struct(found, _) | Schema::Enum(found, _) = around.schema
            && same(found, name)
        {
            return Some(around.schema);
        }
        next = around.outer;
    }
    None
}

impl Walk<'_> {
    /// Whether the steps from number `i` on lead to a Variable or an array from a place with this
    /// schema.
    const fn follow(
        &mut self,
        schema: &'static Schema,
        around: Option<&Around<'_>>,
        i: usize,
    ) -> bool {
        let key = if i < self.keys.len() { Some(self.keys[i]) } else { None };
        let here = Around { schema, outer: around };
        match (schema, key) {
            (Schema::Recursive(name), _) => match enclosing(around, name) {
                Some(schema) => self.follow(schema, around, i),
                None => true,
            },
            // Only the program knows what is in it.
            (Schema::Dyn(..), _) => true,
            (Schema::Option(item) | Schema::Shared(item), _) => self.follow(item, around, i),
            (Schema::Static(_) | Schema::Skipped, _) => self.no_leaf(schema, i),
            (_, None) => holds_leaf(schema) || self.no_leaf(schema, i),
            (Schema::Variable(_) | Schema::Array, Some(_)) => self.leaf(schema, i),
            (Schema::List(item), Some(PatternKey::Index(_) | PatternKey::AnyIndex))
            | (Schema::Map(item), Some(PatternKey::Name(_) | PatternKey::AnyName)) => {
                self.follow(item, around, i + 1)
            }
            (Schema::List(_), Some(_)) => self.list(i),
            (Schema::Map(_), Some(_)) => self.map(i),
            (Schema::Tuple(items), Some(PatternKey::Index(index))) if index < items.len() => {
                self.follow(items[index], around, i + 1)
            }
            (Schema::Tuple(_), Some(key)) => self.no_field(schema, key, i),
            (Schema::Struct(_, fields), Some(key)) => match self.fields(fields, &here, key, i) {
                Some(found) => found,
                None => self.no_field(schema, key, i),
            },
            (Schema::Enum(_, variants), Some(key)) => {
                let mut known = false;
                let mut variant = 0;
                while variant < variants.len() {
                    match self.fields(variants[variant].fields, &here, key, i) {
                        Some(true) => return true,
                        Some(false) => known = true,
                        None => {}
                    }
                    variant += 1;
                }
                !known && self.no_field(schema, key, i)
            }
        }
    }

    /// Goes on in the field that `key` names; none if there is no such field.
    const fn fields(
        &mut self,
        fields: &'static [Field],
        around: &Around<'_>,
        key: PatternKey,
        i: usize,
    ) -> Option<bool> {
        let mut at = 0;
        while at < fields.len() {
            if is_field(key, fields[at].name) {
                return Some(self.follow(fields[at].schema, Some(around), i + 1));
            }
            at += 1;
        }
        None
    }

    /// The place that the first `i` steps lead to, for messages: `` `layers[*].attn` ``.
    const fn place(&self, i: usize) -> Text {
        let mut text = Text::new();
        match i {
            0 => text.push_code(self.name),
            _ => text.push_code(self.steps(i).as_str()),
        }
        text
    }

    /// The first `i` steps as text.
    const fn steps(&self, i: usize) -> Text {
        let mut text = Text::new();
        let mut at = 0;
        while at < i {
            push_key(&mut text, self.keys[at]);
            at += 1;
        }
        text
    }

    /// Notes that `step` leads nowhere, unless another way came further. Always false.
    const fn fail(&mut self, step: usize, message: Text) -> bool {
        let further = match &self.wrong {
            Some(wrong) => step > wrong.step,
            None => true,
        };
        if further {
            self.wrong = Some(Wrong { step, message });
        }
        false
    }

    /// There is no Variable at or below this place.
    const fn no_leaf(&mut self, schema: &Schema, i: usize) -> bool {
        let mut text = self.place(i);
        match schema {
            Schema::Static(name) => {
                text.push(" is static data of type ");
                text.push_code(name);
                text.push(": ");
            }
            Schema::Skipped => text.push(" is marked `#[module(skip)]`: "),
            Schema::Struct(name, _) | Schema::Enum(name, _) if i > 0 => {
                text.push(" is ");
                text.push_code(name);
                text.push(": ");
            }
            _ => text.push(": "),
        }
        text.push("there is no Variable and no array in it");
        self.fail(i.saturating_sub(1), text)
    }

    /// There is something, but nothing below it.
    const fn leaf(&mut self, schema: &Schema, i: usize) -> bool {
        let mut text = self.place(i);
        match schema {
            Schema::Variable(kind) => {
                text.push(" is a Variable (");
                text.push_code(kind.name);
                text.push(")");
            }
            _ => text.push(" is an array"),
        }
        text.push(", which has no parts\nfix: end the path there");
        self.fail(i, text)
    }

    const fn list(&mut self, i: usize) -> bool {
        let mut text = self.place(i);
        text.push(" is a list, so a position comes next\nfix: ");
        let (mut all, mut one) = (self.steps(i), self.steps(i));
        push_key(&mut all, PatternKey::AnyIndex);
        let mut rest = i + 1;
        match self.keys[i] {
            PatternKey::Name(name) if name.as_bytes()[0].is_ascii_digit() => {
                push_field(&mut one, name);
            }
            key => {
                push_key(&mut one, PatternKey::Index(0));
                // The step is meant for the elements.
                if matches!(key, PatternKey::Name(_)) {
                    rest = i;
                }
            }
        }
        self.push_all_or_one(&mut text, all, one, rest);
        self.fail(i, text)
    }

    const fn map(&mut self, i: usize) -> bool {
        let mut text = self.place(i);
        text.push(" is a map, so a key comes next\nfix: ");
        let (mut all, mut one) = (self.steps(i), self.steps(i));
        push_key(&mut all, PatternKey::AnyName);
        match self.keys[i] {
            PatternKey::Index(index) => {
                let mut key = Text::new();
                key.push_number(index);
                one.push_name(key.as_str());
            }
            _ => one.push_name("key"),
        }
        self.push_all_or_one(&mut text, all, one, i + 1);
        self.fail(i, text)
    }

    /// Two ways to go on, each with the steps from number `rest` on.
    const fn push_all_or_one(&self, text: &mut Text, mut all: Text, mut one: Text, rest: usize) {
        self.push_rest(&mut all, rest);
        self.push_rest(&mut one, rest);
        text.push_code(all.as_str());
        text.push(" for every element, or ");
        text.push_code(one.as_str());
        text.push(" for one");
    }

    /// The steps from number `i` on.
    const fn push_rest(&self, text: &mut Text, mut i: usize) {
        while i < self.keys.len() {
            push_key(text, self.keys[i]);
            i += 1;
        }
    }

    /// A struct, an enum or a tuple has no such part.
    const fn no_field(&mut self, schema: &Schema, key: PatternKey, i: usize) -> bool {
        let mut text = self.place(i);
        match schema {
            Schema::Struct(name, _) | Schema::Enum(name, _) if i > 0 => {
                text.push(" is ");
                text.push_code(name);
                text.push(", which");
            }
            Schema::Tuple(_) => text.push(" is a tuple, which"),
            _ => {}
        }
        text.push(match key {
            PatternKey::Name(_) | PatternKey::Index(_) => " has no field ",
            PatternKey::AnyIndex => " is not a list, and has no ",
            PatternKey::AnyName => " is not a map, and has no ",
        });
        let mut step = Text::new();
        push_key(&mut step, key);
        text.push_code(step.as_str());
        if matches!(schema, Schema::Enum(..)) {
            text.push(" in any variant");
        }
        let names = Names::of(schema);
        text.push("\nfields with Variables or arrays: ");
        names.push_to(&mut text);
        if let PatternKey::Name(name) = key
            && let Some(meant) = names.nearest(name)
        {
            let mut fix = self.steps(i);
            push_field(&mut fix, meant);
            self.push_rest(&mut fix, i + 1);
            text.push("\nfix: ");
            text.push_code(fix.as_str());
        }
        self.fail(i, text)
    }
}

/// The parts of a struct, an enum or a tuple in which a path can end.
struct Names {
    all: [&'static str; Names::CAPACITY],
    len: usize,
}

impl Names {
    const CAPACITY: usize = 64;

    const fn of(schema: &Schema) -> Names {
        let mut names = Names { all: [""; Names::CAPACITY], len: 0 };
        match schema {
            Schema::Struct(_, fields) => names.add_fields(fields),
            Schema::Enum(_, variants) => {
                let mut i = 0;
                while i < variants.len() {
                    names.add_fields(variants[i].fields);
                    i += 1;
                }
            }
            Schema::Tuple(items) => {
                let positions =
                    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
                let mut i = 0;
                while i < items.len() && i < positions.len() {
                    names.add(positions[i], items[i]);
                    i += 1;
                }
            }
            _ => {}
        }
        names
    }

    const fn add_fields(&mut self, fields: &'static [Field]) {
        let mut i = 0;
        while i < fields.len() {
            self.add(fields[i].name, fields[i].schema);
            i += 1;
        }
    }

    /// Fields of several variants may have one name.
    const fn add(&mut self, name: &'static str, schema: &Schema) {
        let mut i = 0;
        while i < self.len {
            if same(self.all[i], name) {
                return;
            }
            i += 1;
        }
        if holds_leaf(schema) && self.len < Names::CAPACITY {
            self.all[self.len] = name;
            self.len += 1;
        }
    }

    const fn push_to(&self, text: &mut Text) {
        if self.len == 0 {
            text.push("none");
        }
        let mut i = 0;
        while i < self.len {
            if i > 0 {
                text.push(", ");
            }
            let mut name = Text::new();
            push_field(&mut name, self.all[i]);
            text.push_code(name.as_str());
            i += 1;
        }
    }

    const fn nearest(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.all.split_at(self.len).0)
    }
}

/// Whether `key` is the step to the field called `name`.
const fn is_field(key: PatternKey, name: &str) -> bool {
    match key {
        PatternKey::Name(key) => same(key, name) && !name.as_bytes()[0].is_ascii_digit(),
        PatternKey::Index(index) => {
            let mut position = Text::new();
            position.push_number(index);
            same(position.as_str(), name)
        }
        PatternKey::AnyIndex | PatternKey::AnyName => false,
    }
}

const fn push_key(text: &mut Text, key: PatternKey) {
    match key {
        PatternKey::Name(name) => text.push_name(name),
        PatternKey::AnyName => text.push_name("*"),
        PatternKey::AnyIndex => text.push("[*]"),
        PatternKey::Index(index) => {
            text.push("[");
            text.push_number(index);
            text.push("]");
        }
    }
}

/// Whether a Variable or an array can be at or below a place.
const fn holds_leaf(schema: &Schema) -> bool {
    match schema {
        // Another of a type around, which holds what was found on the way here.
        Schema::Variable(_) | Schema::Array | Schema::Recursive(_) | Schema::Dyn(..) => true,
        Schema::Static(_) | Schema::Skipped => false,
        Schema::List(item) | Schema::Map(item) | Schema::Option(item) | Schema::Shared(item) => {
            holds_leaf(item)
        }
        Schema::Tuple(items) => {
            let mut i = 0;
            while i < items.len() && !holds_leaf(items[i]) {
                i += 1;
            }
            i < items.len()
        }
        Schema::Struct(_, fields) => one_holds_leaf(fields),
        Schema::Enum(_, variants) => {
            let mut i = 0;
            while i < variants.len() && !one_holds_leaf(variants[i].fields) {
                i += 1;
            }
            i < variants.len()
        }
    }
}

const fn one_holds_leaf(fields: &[Field]) -> bool {
    let mut i = 0;
    while i < fields.len() && !holds_leaf(fields[i].schema) {
        i += 1;
    }
    i < fields.len()
}
