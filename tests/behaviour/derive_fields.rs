//! Structs: which fields are leaves, in which order, under which names.

use crate::support::{assert_walks, parts, rebuild, var};
use nnx::module::{BatchStat, Cache, RngKey};
use nnx::{Array, Module, Param, Variable};

#[derive(Module)]
struct Linear {
    kernel: Param,
    bias: Option<Param>,
}

fn linear(name: &str) -> Linear {
    Linear { kernel: var(&format!("{name}.k")), bias: Some(var(&format!("{name}.b"))) }
}

#[test]
fn leaves_come_in_the_order_of_the_fields() {
    #[derive(Module)]
    struct Norm {
        scale: Param,
        mean: Variable<BatchStat>,
        var: Variable<BatchStat>,
        cache: Variable<Cache>,
        momentum: Array,
        a: Variable<RngKey>,
    }
    let norm = Norm {
        scale: var("s"),
        mean: var("m"),
        var: var("v"),
        cache: var("c"),
        momentum: Array::absent("x"),
        a: var("k"),
    };
    assert_walks(
        norm,
        &[
            "scale: Param s",
            "mean: BatchStat m",
            "var: BatchStat v",
            "cache: Cache c",
            "momentum: array x",
            "a: RngKey k",
        ],
    );
}

#[test]
fn three_levels_deep() {
    #[derive(Module)]
    struct Attention {
        query: Linear,
        out: Linear,
    }
    #[derive(Module)]
    struct Block {
        attn: Attention,
        mlp: Vec<Linear>,
    }
    #[derive(Module)]
    struct Encoder {
        layers: Vec<Block>,
        head: Linear,
    }
    let block = |i: usize| Block {
        attn: Attention { query: linear(&format!("q{i}")), out: linear(&format!("o{i}")) },
        mlp: vec![Linear { kernel: var("up"), bias: None }, linear("down")],
    };
    assert_walks(
        Encoder { layers: vec![block(0), block(1)], head: linear("h") },
        &[
            "layers[0].attn.query.kernel: Param q0.k",
            "layers[0].attn.query.bias: Param q0.b",
            "layers[0].attn.out.kernel: Param o0.k",
            "layers[0].attn.out.bias: Param o0.b",
            "layers[0].mlp[0].kernel: Param up",
            "layers[0].mlp[1].kernel: Param down.k",
            "layers[0].mlp[1].bias: Param down.b",
            "layers[1].attn.query.kernel: Param q1.k",
            "layers[1].attn.query.bias: Param q1.b",
            "layers[1].attn.out.kernel: Param o1.k",
            "layers[1].attn.out.bias: Param o1.b",
            "layers[1].mlp[0].kernel: Param up",
            "layers[1].mlp[1].kernel: Param down.k",
            "layers[1].mlp[1].bias: Param down.b",
            "head.kernel: Param h.k",
            "head.bias: Param h.b",
        ],
    );
}

#[test]
fn tuple_structs_are_walked_by_index() {
    #[derive(Module)]
    struct Pair(Linear, Param);
    assert_walks(
        Pair(linear("a"), var("b")),
        &["[0].kernel: Param a.k", "[0].bias: Param a.b", "[1]: Param b"],
    );
}

#[test]
fn unit_and_empty_structs_have_no_parts() {
    #[derive(Module)]
    struct Unit;
    #[derive(Module)]
    struct Braces {}
    #[derive(Module)]
    struct Parens();
    assert_walks(Unit, &[]);
    assert_walks(Braces {}, &[]);
    assert_walks(Parens(), &[]);
    assert!(parts(&Unit).is_empty() && parts(&Braces {}).is_empty() && parts(&Parens()).is_empty());
}

#[test]
fn renamed_fields_have_their_new_name_in_paths() {
    #[derive(Module)]
    struct Renamed {
        #[module(rename = "kernel")]
        w: Param,
        #[module(rename = "in")]
        input: Linear,
    }
    #[derive(Module)]
    struct Tuple(#[module(rename = "first")] Param, Param);
    assert_walks(
        Renamed { w: var("w"), input: linear("i") },
        &["kernel: Param w", "in.kernel: Param i.k", "in.bias: Param i.b"],
    );
    assert_walks(Tuple(var("a"), var("b")), &["first: Param a", "[1]: Param b"]);
}

#[test]
fn two_fields_can_swap_their_names() {
    #[derive(Module)]
    struct Swapped {
        #[module(rename = "b")]
        a: Param,
        #[module(rename = "a")]
        b: Param,
    }
    assert_walks(Swapped { a: var("1"), b: var("2") }, &["b: Param 1", "a: Param 2"]);
}

#[test]
fn raw_identifiers_are_shown_without_their_mark() {
    #[derive(Module)]
    struct Raw {
        r#type: Param,
        r#fn: Param,
    }
    assert_walks(Raw { r#type: var("t"), r#fn: var("f") }, &["type: Param t", "fn: Param f"]);
}

#[test]
fn skipped_fields_are_passed_over_and_cloned() {
    #[derive(Module)]
    struct Traced {
        kernel: Param,
        #[module(skip)]
        log: std::rc::Rc<std::cell::RefCell<Vec<String>>>,
    }
    let log = std::rc::Rc::default();
    let traced = Traced { kernel: var("k"), log };
    assert_eq!(parts(&traced), ["kernel: Param k"]);
    let (_, copy) = rebuild(&traced);
    copy.log.borrow_mut().push("seen by both".to_owned());
    assert_eq!(*traced.log.borrow(), ["seen by both"]);
}

#[test]
fn metadata_stays_with_its_variable() {
    use nnx::module::MetaValue;
    let mut linear = linear("a");
    linear.kernel.metadata_mut().set("sharding", MetaValue::Text("data".to_owned()));
    let (_, copy) = rebuild(&linear);
    let noted = copy.kernel.metadata().get("sharding");
    assert_eq!(noted, Some(&MetaValue::Text("data".to_owned())));
}
