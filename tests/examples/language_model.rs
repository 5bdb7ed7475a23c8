//! The language model: tied and lent tables learn alike, and checkpoints hold a table once.

use crate::program::{Checkpoint, Program};
use std::path::Path;

const LANGUAGE_MODEL: Program = Program("language_model");

/// The start of the text that ships with the program.
fn write_text(folder: &Path) {
    let text = include_str!("../../examples/data/sonnets/sonnets.txt");
    std::fs::write(folder.join("text"), &text[..8000]).unwrap();
}

const RUN: &str = "--data text --batch-size 16 --epochs";

#[test]
fn a_shared_table_learns_as_one_that_is_lent() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_text(folder);
    let read = |out: &str| Checkpoint::read(&folder.join(out));
    let output = LANGUAGE_MODEL.succeeds(folder, &format!("{RUN} 4 --out tied"));
    assert!(output.contains("train_step: traced 1 x, compiled 1 x"), "{output}");
    LANGUAGE_MODEL.succeeds(folder, &format!("{RUN} 4 --out lent --lend"));
    let (tied, lent) = (read("tied"), read("lent"));

    assert_eq!(tied.history.len(), 4);
    for (tied, lent) in tied.history.iter().zip(&lent.history) {
        for (a, b) in tied.iter().zip(lent) {
            assert!((a - b).abs() <= 1e-3 * b, "{tied:?} and {lent:?}");
        }
    }
    let losses: Vec<f32> = tied.history.iter().map(|epoch| epoch[0]).collect();
    assert!(losses.is_sorted_by(|a, b| a > b) && losses[3] < losses[0] - 0.5, "{losses:?}");

    // One table in both, with one pair of moments, and the second place in the list of aliases.
    assert!(tied.model().eq(lent.model()), "the tensors of the models differ in names");
    assert!(tied.tensors.keys().eq(lent.tensors.keys()));
    let tables: Vec<&String> =
        tied.tensors.keys().filter(|name| name.ends_with("embed.embedding")).collect();
    let moments = ["mu", "nu"].map(|m| format!("optimizer.opt_state.0.{m}.embed.embedding"));
    assert_eq!(tables, ["model.embed.embedding", &moments[0], &moments[1]]);
    assert!(!tied.tensors.keys().any(|name| name.contains("head")));
    let alias = ("model.head.embedding".to_owned(), "model.embed.embedding".to_owned());
    assert_eq!(tied.aliases, [alias].into());
    assert!(lent.aliases.is_empty());

    // A run that the lending model began can go on with the shared table, but not the other way round.
    let go_on = format!("{RUN} 5 --out further --resume");
    LANGUAGE_MODEL.succeeds(folder, &format!("{go_on} lent/checkpoint.safetensors"));
    let further = read("further");
    assert_eq!(further.aliases, tied.aliases);
    assert!(further.history[4][0] < lent.history[3][0]);
    let error =
        LANGUAGE_MODEL.fails(folder, &format!("{go_on} tied/checkpoint.safetensors --lend"));
    assert!(error.contains("model.head.embedding is model.embed.embedding"), "{error}");
}

#[test]
fn a_resumed_run_is_tied_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_text(folder);
    let whole = LANGUAGE_MODEL.succeeds(folder, &format!("{RUN} 2 --out whole"));
    LANGUAGE_MODEL.succeeds(folder, &format!("{RUN} 1 --out part"));
    let rest = LANGUAGE_MODEL
        .succeeds(folder, &format!("{RUN} 2 --out rest --resume part/checkpoint.safetensors"));
    let read = |out: &str| Checkpoint::read(&folder.join(out)).bytes;
    assert!(read("whole") == read("rest"), "the checkpoints differ");
    assert!(read("whole") != read("part"));
    // What the model writes comes last.
    let written = |output: &str| {
        let at = output.find("curves.png\n\n").expect("a sample") + "curves.png\n\n".len();
        output[at..].to_owned()
    };
    assert_eq!(written(&whole), written(&rest));
    assert_eq!(written(&whole).chars().count(), 400 + 1);
}

#[test]
fn bad_text_gets_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("short"), "From fairest creatures").unwrap();
    std::fs::write(folder.join("bytes"), [0xff; 1000]).unwrap();
    for (arguments, expected) in [
        ("--data short", "22 characters are too few"),
        ("--data bytes", "bytes: cannot be read as text"),
        ("--data nothing", "nothing: cannot be read as text"),
        ("--borrow", "no option --borrow"),
    ] {
        let error = LANGUAGE_MODEL.fails(folder, arguments);
        assert!(error.contains(expected), "{arguments}: {error}");
    }
}
