//! The language model: tied and lent tables learn alike, and checkpoints hold a table once.

use crate::program::{Checkpoint, Program};
use std::path::Path;

const LANGUAGE_MODEL: Program = Program(env!("CARGO_BIN_EXE_language_model"));

/// The start of the text that ships with the program.
fn write_text(folder: &Path) {
    let text = include_str!("../../data/sonnets/sonnets.txt");
    std::fs::write(folder.join("text"), &text[..8000]).unwrap();
}

#[test]
fn a_shared_table_learns_as_one_that_is_lent_and_is_tied_again_when_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_text(folder);
    let read = |out: &str| Checkpoint::read(&folder.join(out));
    let run = |arguments: &str| {
        LANGUAGE_MODEL.succeeds(folder, &format!("--data text --batch-size 16 {arguments}"))
    };
    let output = run("--epochs 4 --out tied");
    assert!(output.contains("train_step: traced 1 x, compiled 1 x"), "{output}");
    run("--epochs 4 --out lent --lend");
    let (tied, lent) = (read("tied"), read("lent"));
    alike(&tied, &lent);
    one_table(&tied, &lent);

    run("--epochs 2 --out part");
    let resumed = run("--epochs 4 --out rest --resume part/checkpoint.safetensors");
    assert!(read("part").bytes != tied.bytes);
    assert!(read("rest").bytes == tied.bytes, "the checkpoints differ");
    assert_eq!(written(&resumed), written(&output));
    assert_eq!(written(&output).chars().count(), 400 + 1);

    // A run that the lending model began can go on with the shared table, but not the other way round.
    run("--epochs 5 --out further --resume lent/checkpoint.safetensors");
    let further = read("further");
    assert_eq!(further.aliases, tied.aliases);
    assert!(further.history[4][0] < lent.history[3][0]);
    let error = LANGUAGE_MODEL.fails(
        folder,
        "--data text --epochs 5 --resume tied/checkpoint.safetensors --out further --lend",
    );
    assert!(error.contains("model.head.embedding is model.embed.embedding"), "{error}");
}

/// Both learned, and the same.
fn alike(tied: &Checkpoint, lent: &Checkpoint) {
    assert_eq!(tied.history.len(), 4);
    for (tied, lent) in tied.history.iter().zip(&lent.history) {
        for (a, b) in tied.iter().zip(lent) {
            assert!((a - b).abs() <= 1e-3 * b, "{tied:?} and {lent:?}");
        }
    }
    let losses: Vec<f32> = tied.history.iter().map(|epoch| epoch[0]).collect();
    assert!(losses.is_sorted_by(|a, b| a > b) && losses[3] < losses[0] - 0.5, "{losses:?}");
}

/// Both files hold one table, with one pair of moments, and the second place is an alias.
fn one_table(tied: &Checkpoint, lent: &Checkpoint) {
    assert!(tied.tensors.keys().eq(lent.tensors.keys()), "the tensors differ in names");
    let tables = tied.tensors.keys().filter(|name| name.ends_with("embed.embedding"));
    let moments = ["mu", "nu"].map(|m| format!("optimizer.opt_state.0.{m}.embed.embedding"));
    assert!(tables.eq([&"model.embed.embedding".to_owned(), &moments[0], &moments[1]]));
    assert!(!tied.tensors.keys().any(|name| name.contains("head")));
    let alias = ("model.head.embedding".to_owned(), "model.embed.embedding".to_owned());
    assert_eq!(tied.aliases, [alias].into());
    assert!(lent.aliases.is_empty());
}

/// The text that the model wrote, which comes last in the output of a run.
fn written(output: &str) -> &str {
    let (_, written) = output.split_once("curves.png\n\n").expect("a sample");
    written
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
