//! `SCHEMA`: what is known about a type at compile time.

use crate::support::{leaves, var};
use nnx::module::{BatchStat, Field, Kind, ParamKind, Path, Schema, VariableKind, Variant};
use nnx::{Array, Module, Param, Variable};
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Config;

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Option<Param>,
    features: usize,
    #[module(static)]
    config: Vec<Config>,
    #[module(skip)]
    note: String,
    table: Array,
}

const PARAM: &Schema = &Schema::Variable(ParamKind::KIND);

#[test]
fn a_struct() {
    // In a const: it is known at compile time.
    const SCHEMA: &Schema = Linear::SCHEMA;
    let field = |name, schema| Field { name, schema };
    let expected = [
        field("kernel", PARAM),
        field("bias", &Schema::Option(PARAM)),
        field("features", &Schema::Static("usize")),
        field("config", &Schema::Static("Vec<Config>")),
        field("note", &Schema::Skipped),
        field("table", &Schema::Array),
    ];
    match SCHEMA {
        Schema::Struct(name, fields) => assert_eq!((*name, *fields), ("Linear", &expected[..])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_enum() {
    #[derive(Module)]
    enum Layer {
        Dense(Linear),
        Scale { r#in: Param },
        Flatten,
    }
    let expected = [
        Variant { name: "Dense", fields: &[Field { name: "0", schema: Linear::SCHEMA }] },
        Variant { name: "Scale", fields: &[Field { name: "in", schema: PARAM }] },
        Variant { name: "Flatten", fields: &[] },
    ];
    match Layer::SCHEMA {
        Schema::Enum(name, variants) => assert_eq!((*name, *variants), ("Layer", &expected[..])),
        other => panic!("{other:?}"),
    }
}

#[derive(Module)]
struct Block {
    norm: (Variable<BatchStat>, Param),
    layers: Vec<Linear>,
    heads: BTreeMap<String, Linear>,
    #[module(rename = "last")]
    tail: Pair,
}

#[derive(Module)]
struct Pair(Box<Linear>, [Param; 2]);

#[test]
fn variables_are_listed_with_patterns_and_kinds() {
    let listed: Vec<String> = Vec::<Block>::SCHEMA.variables().map(|v| v.to_string()).collect();
    let expected = [
        "[*].norm[0]: BatchStat",
        "[*].norm[1]: Param",
        "[*].layers[*].kernel: Param",
        "[*].layers[*].bias: Param",
        "[*].heads.*.kernel: Param",
        "[*].heads.*.bias: Param",
        "[*].last[0].kernel: Param",
        "[*].last[0].bias: Param",
        "[*].last[1][*]: Param",
    ];
    assert_eq!(listed, expected);
}

#[test]
fn patterns_match_the_paths_of_a_walk() {
    let linear = || Linear {
        kernel: var("k"),
        bias: Some(var("b")),
        features: 1,
        config: vec![],
        note: String::new(),
        table: Array::absent("t"),
    };
    let block = Block {
        norm: (var("m"), var("s")),
        layers: vec![linear(), linear()],
        heads: BTreeMap::from([("a".to_owned(), linear())]),
        tail: Pair(Box::new(linear()), [var("x"), var("y")]),
    };
    let patterns: Vec<_> = Block::SCHEMA.variables().collect();
    let mut used = vec![false; patterns.len()];
    for (path, kind) in variable_paths(&block) {
        let matching: Vec<usize> =
            (0..patterns.len()).filter(|i| patterns[*i].path.covers(&path)).collect();
        assert_eq!(matching.len(), 1, "{path} matches one pattern");
        assert_eq!(patterns[matching[0]].kind, kind, "{path}");
        used[matching[0]] = true;
    }
    assert!(used.iter().all(|used| *used), "every pattern stands for some path");
    assert!(leaves(&block).len() > patterns.len());
}

fn variable_paths<M: Module>(module: &M) -> Vec<(Path, &'static Kind)> {
    struct Paths(Path, Vec<(Path, &'static Kind)>);
    impl nnx::module::Visitor for Paths {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, variable: nnx::module::VarRef<'_>) {
            self.1.push((self.0.clone(), variable.kind));
        }
        fn array(&mut self, _: &Array) {}
        fn static_value(&mut self, _: &dyn nnx::module::StaticValue) {}
        fn structure(&mut self, _: nnx::module::Structure) {}
        fn enter(&mut self, key: nnx::module::KeyRef<'_>) {
            self.0.push(key);
        }
        fn exit(&mut self) {
            self.0.pop();
        }
    }
    let mut paths = Paths(Path::new(), Vec::new());
    module.flatten(&mut paths);
    paths.1
}

#[test]
fn the_schema_of_a_recursive_type_ends() {
    #[derive(Module)]
    enum Tree {
        Leaf(Param),
        Node { children: Vec<Tree>, own: Option<Box<Self>> },
    }
    let listed: Vec<String> = Tree::SCHEMA.variables().map(|v| v.to_string()).collect();
    assert_eq!(listed, ["[0]: Param"]);
    let Schema::Enum(_, [_, node]) = Tree::SCHEMA else { panic!("{:?}", Tree::SCHEMA) };
    assert_eq!(*node.fields[0].schema, Schema::List(&Schema::Recursive("Tree")));
    assert_eq!(*node.fields[1].schema, Schema::Option(&Schema::Recursive("Tree")));
    let tree = Tree::Node { children: vec![Tree::Leaf(var("a"))], own: None };
    assert_eq!(leaves(&tree), ["children[0][0]: Param a"]);
}
