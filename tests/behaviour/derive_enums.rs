//! Enums: the variant is static, its fields are walked.

use crate::support::{assert_walks, parts, rebuild, static_hash, var};
use nnx::{Module, Param};

#[derive(Module)]
enum Layer {
    Linear { kernel: Param, bias: Option<Param> },
    Scale(Param, Param),
    Flatten,
    Nested(Box<Layer>),
}

#[test]
fn the_fields_of_the_variant_are_the_leaves() {
    assert_walks(
        Layer::Linear { kernel: var("k"), bias: Some(var("b")) },
        &["kernel: Param k", "bias: Param b"],
    );
    assert_walks(Layer::Scale(var("a"), var("b")), &["[0]: Param a", "[1]: Param b"]);
    assert_walks(Layer::Flatten, &[]);
    assert_walks(
        vec![Layer::Nested(Box::new(Layer::Scale(var("a"), var("b")))), Layer::Flatten],
        &["[0][0][0]: Param a", "[0][0][1]: Param b"],
    );
}

#[test]
fn the_variant_is_structure() {
    assert_eq!(parts(&Layer::Flatten), [": Variant(2, \"Flatten\")"]);
    let (_, built) = rebuild(&Layer::Scale(var("a"), var("b")));
    assert!(matches!(built, Layer::Scale(..)));

    #[derive(Module)]
    enum Either {
        A(Param),
        B(Param),
    }
    assert_ne!(static_hash(&Either::A(var("x"))), static_hash(&Either::B(var("x"))));
}

#[test]
fn unit_enums_are_static_data() {
    #[derive(Module, Debug, PartialEq)]
    enum Padding {
        Same,
        Valid,
    }
    assert_eq!(parts(&Padding::Valid), [": Variant(1, \"Valid\")"]);
    assert_eq!(rebuild(&Padding::Valid).1, Padding::Valid);
    assert_ne!(static_hash(&Padding::Same), static_hash(&Padding::Valid));
}

#[test]
fn options_on_the_fields_of_variants() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Config(usize);
    #[derive(Module)]
    enum Cell {
        Gru {
            #[module(static)]
            config: Config,
            #[module(rename = "kernel")]
            visitor: Param,
            #[module(skip)]
            self_: Option<std::rc::Rc<()>>,
            r#in: Param,
        },
    }
    let cell = |n| Cell::Gru { config: Config(n), visitor: var("k"), self_: None, r#in: var("i") };
    assert_walks(cell(1), &["kernel: Param k", "in: Param i"]);
    assert_ne!(static_hash(&cell(1)), static_hash(&cell(2)));
    let Cell::Gru { config, self_, .. } = rebuild(&cell(7)).1;
    assert!(config == Config(7) && self_.is_none());
}

#[test]
fn an_enum_without_variants_is_a_module() {
    #[derive(Module)]
    enum Never {}
    assert_walks(None::<Never>, &[]);
}
