//! Static data: hashed, compared, carried over.

#![allow(deprecated, reason = "a float without a mark is static too")]

use crate::support::{assert_walks, leaves, parts, rebuild, static_hash, var};
use nnx::module::{StaticValue, VarRef, Visitor};
use nnx::{Array, DType, Module, Param};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Init {
    Zeros,
    Normal(u32),
}

#[derive(Module, Clone)]
struct Layer {
    kernel: Param,
    features: usize,
    name: String,
    dtype: DType,
    rate: f32,
    #[module(static)]
    init: Init,
    #[module(static)]
    epsilon: f64,
    #[module(static)]
    range: Option<(f32, f32)>,
    #[module(static)]
    activation: fn(&Array) -> Array,
}

/// Read from one place: a function may have several addresses, and has under Miri.
static ACTIVATION: fn(&Array) -> Array = Array::clone;

fn layer() -> Layer {
    Layer {
        kernel: var("k"),
        features: 3,
        name: "a".to_owned(),
        dtype: DType::F32,
        rate: 0.5,
        init: Init::Zeros,
        epsilon: 1e-5,
        range: None,
        activation: ACTIVATION,
    }
}

#[test]
fn static_parts_are_no_leaves() {
    assert_eq!(leaves(&layer()), ["kernel: Param k"]);
    assert_walks(layer(), &["kernel: Param k"]);
}

#[test]
fn each_static_part_has_its_path() {
    let parts = parts(&layer());
    for path in ["features", "name", "dtype", "rate", "init", "epsilon", "activation"] {
        assert!(parts.iter().any(|part| part.starts_with(&format!("{path}: static"))), "{path}");
    }
}

#[test]
fn every_static_part_counts() {
    let same = static_hash(&layer());
    assert_eq!(static_hash(&layer()), same);
    assert_eq!(static_hash(&Layer { kernel: var("other"), ..layer() }), same);
    let others = [
        Layer { features: 4, ..layer() },
        Layer { name: "b".to_owned(), ..layer() },
        Layer { dtype: DType::F64, ..layer() },
        Layer { rate: 0.25, ..layer() },
        Layer { init: Init::Normal(0), ..layer() },
        Layer { epsilon: 1e-6, ..layer() },
        Layer { range: Some((0.0, 1.0)), ..layer() },
        Layer { activation: |_| Array::absent("other"), ..layer() },
    ];
    for (i, other) in others.iter().enumerate() {
        assert_ne!(static_hash(other), same, "change {i} went unseen");
    }
}

#[test]
fn static_parts_are_carried_over() {
    let original = Layer { init: Init::Normal(7), epsilon: f64::NAN, ..layer() };
    let (_, copy) = rebuild(&original);
    assert_eq!((copy.features, &copy.name, copy.dtype), (3, &"a".to_owned(), DType::F32));
    assert_eq!(copy.init, Init::Normal(7));
    assert_eq!(copy.epsilon.to_bits(), original.epsilon.to_bits());
    assert_eq!(static_hash(&copy), static_hash(&original));
}

#[test]
fn static_values_compare_by_type_and_value() {
    #[derive(Default)]
    struct Statics(Vec<Box<dyn StaticValue>>);
    impl Visitor for Statics {
        fn shared(&mut self, _: &dyn nnx::module::SharedNode) {
            unreachable!("a tree without shared nodes");
        }
        fn variable(&mut self, _: VarRef<'_>) {}
        fn array(&mut self, _: &Array) {}
        fn static_value(&mut self, value: &dyn StaticValue) {
            self.0.push(value.clone_static());
        }
        fn structure(&mut self, _: nnx::module::Structure) {}
    }
    let collect = |layer: &Layer| {
        let mut statics = Statics::default();
        layer.flatten(&mut statics);
        statics.0
    };
    let equal = |a: &Layer, b: &Layer| -> Vec<bool> {
        collect(a).iter().zip(collect(b)).map(|(a, b)| a.eq_static(&*b)).collect()
    };
    assert!(equal(&layer(), &layer()).iter().all(|equal| *equal));
    let other = Layer { init: Init::Normal(1), ..layer() };
    assert_eq!(equal(&layer(), &other).iter().filter(|equal| !**equal).count(), 1);
    assert!(!1u8.eq_static(&1u16));
}
