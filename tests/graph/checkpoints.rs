//! Checkpoints of trees with shared nodes: a tensor for each node, and where a file's sharing is another than the
//! tree's, an error with both places and the way round.

use super::{Tied, shared, value};
use nnx::train::{load_checkpoint, save_checkpoint};
use nnx::{Module, Param, Shared};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
fn a_checkpoint_has_a_node_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tied.safetensors");
    let none = std::collections::BTreeMap::new();
    nnx::train::save_checkpoint(&file, &Tied::new(3.0), &none).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.names(), ["embed"]);
    let mut tied = Tied::new(0.0);
    let metadata = nnx::train::load_checkpoint(&file, &mut tied).unwrap();
    assert!(metadata.is_empty());
    assert_eq!(value(&tied.head), 3.0);
    let error = nnx::train::load_checkpoint(&file, &mut Tied::untied(0.0, 0.0)).unwrap_err();
    assert!(
        error.to_string().contains("one shared node in the file, not here: head is embed"),
        "{error}"
    );

    // A file without sharing can be read if both places have one value.
    nnx::train::save_checkpoint(&file, &Tied::untied(5.0, 5.0), &none).unwrap();
    nnx::train::load_checkpoint(&file, &mut tied).unwrap();
    assert_eq!(value(&tied.embed), 5.0);
    nnx::train::save_checkpoint(&file, &Tied::untied(5.0, 6.0), &none).unwrap();
    let error = nnx::train::load_checkpoint(&file, &mut tied).unwrap_err();
    assert!(
        error.to_string().contains("one shared node here, not in the file: head is embed"),
        "{error}"
    );
    assert_eq!(value(&tied.embed), 5.0);
}

/// A file of a tree, and the folder that it is in.
fn saved<M: Module>(tree: &M) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.safetensors");
    save_checkpoint(&file, tree, &BTreeMap::new()).unwrap();
    (folder, file)
}

/// Checks that a tree cannot be read from a file of another one, and says why.
#[track_caller]
fn refused<M: Module>(file: &impl Module, tree: &mut M) -> String {
    let (_folder, file) = saved(file);
    let before = nnx::split(tree);
    let text = load_checkpoint(&file, tree).unwrap_err().to_string();
    let after = nnx::split(tree);
    assert_eq!(before.0, after.0);
    let values = |state: &nnx::State| -> Vec<f32> {
        state.iter().map(|(_, leaf)| leaf.value.item::<f32>()).collect()
    };
    assert_eq!(values(&before.1), values(&after.1));
    text
}

#[test]
fn tied_there_and_untied_here() {
    let mut untied = Tied::untied(1.0, 2.0);
    let text = refused(&Tied::new(3.0), &mut untied);
    let expected =
        "one shared node in the file, not here: head is embed\n  fix: tie them before loading";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("missing") && !text.contains("extra"), "{text}");
    // The fix, followed.
    let (_folder, file) = saved(&Tied::new(3.0));
    untied.head = untied.embed.clone();
    load_checkpoint(&file, &mut untied).unwrap();
    untied.head = nnx::clone(&untied.head);
    assert_eq!((value(&untied.embed), value(&untied.head)), (3.0, 3.0));
    assert!(!untied.embed.ptr_eq(&untied.head));
}

#[test]
fn untied_there_and_tied_here() {
    let mut tied = Tied::new(1.0);
    let text = refused(&Tied::untied(3.0, 4.0), &mut tied);
    let expected =
        "one shared node here, not in the file: head is embed\n  fix: untie them before loading";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("missing") && !text.contains("extra"), "{text}");
    // The fix, followed.
    let (_folder, file) = saved(&Tied::untied(3.0, 4.0));
    tied.head = nnx::clone(&tied.head);
    load_checkpoint(&file, &mut tied).unwrap();
    tied.embed = tied.head.clone();
    assert_eq!((value(&tied.embed), value(&tied.head)), (4.0, 4.0));
}

#[derive(Module)]
struct Three {
    a: Shared<Param>,
    b: Shared<Param>,
    c: Shared<Param>,
}

/// The same places in another order.
#[derive(Module)]
struct Turned {
    c: Shared<Param>,
    b: Shared<Param>,
    a: Shared<Param>,
}

impl Three {
    /// Which of three nodes each place holds.
    fn of(places: [usize; 3]) -> Self {
        let nodes = [shared(1.0), shared(2.0), shared(3.0)];
        let [a, b, c] = places.map(|place| nodes[place].clone());
        Three { a, b, c }
    }

    fn turned(self) -> Turned {
        let Three { a, b, c } = self;
        Turned { c, b, a }
    }
}

#[test]
fn other_places_are_tied() {
    let text = refused(&Three::of([0, 0, 1]), &mut Three::of([0, 1, 1]));
    assert!(text.contains("in the file, not here: b is a\n"), "{text}");
    assert!(text.contains("here, not in the file: c is b\n"), "{text}");
    let text = refused(&Three::of([0, 0, 0]), &mut Three::of([0, 0, 1]));
    assert!(text.contains("in the file, not here: c is a\n"), "{text}");
    assert!(!text.contains("not in the file"), "{text}");
    let text = refused(&Three::of([0, 0, 1]), &mut Three::of([0, 0, 0]));
    assert!(text.contains("here, not in the file: c is a\n"), "{text}");
    // Equal tensors of a place that is not tied there, beside one that is.
    let same = Three::of([0, 0, 1]);
    same.c.write().set(same.a.read().value().clone());
    let (_folder, file) = saved(&same);
    let mut tied = Three::of([2, 2, 2]);
    load_checkpoint(&file, &mut tied).unwrap();
    assert_eq!(value(&tied.b), 1.0);
}

#[test]
fn the_order_of_places_does_not_count() {
    for (places, expected) in [([0, 0, 1], [1.0, 1.0, 2.0]), ([0, 1, 0], [1.0, 2.0, 1.0])] {
        let (_folder, file) = saved(&Three::of(places));
        let mut turned = Three::of(places.map(|place| 2 - place)).turned();
        load_checkpoint(&file, &mut turned).unwrap();
        assert_eq!([value(&turned.a), value(&turned.b), value(&turned.c)], expected);
        let (_folder, file) = saved(&turned);
        let mut back = Three::of(places.map(|place| 2 - place));
        load_checkpoint(&file, &mut back).unwrap();
        assert_eq!([value(&back.a), value(&back.b), value(&back.c)], expected);
    }
    let text = refused(&Three::of([0, 0, 1]), &mut Three::of([0, 1, 1]).turned());
    assert!(text.contains("in the file, not here: b is a\n"), "{text}");
    assert!(text.contains("here, not in the file: b is c\n"), "{text}");
}

#[test]
fn a_place_that_the_file_does_not_know() {
    #[derive(Module)]
    struct Less {
        a: Shared<Param>,
        b: Shared<Param>,
    }
    let node = shared(7.0);
    let less = Less { a: node.clone(), b: node };
    let text = refused(&less, &mut Three::of([0, 0, 0]));
    assert!(text.contains("missing in the file: c"), "{text}");
    let text = refused(&Three::of([0, 0, 0]), &mut Less { a: less.a.clone(), b: less.b.clone() });
    assert!(text.contains("in the file, not here: c is a"), "{text}");
}
