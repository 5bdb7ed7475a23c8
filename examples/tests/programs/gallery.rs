//! The programs of the gallery in small: each of them learns, and leaves what it says that it leaves.

use crate::program::Program;
use std::path::Path;

const GALLERY: Program = Program(env!("CARGO_BIN_EXE_gallery"));

/// What a program printed.
struct Printed(String);

/// Runs a program; its files are in the folder `out` then.
fn run(folder: &Path, arguments: &str) -> Printed {
    Printed(GALLERY.succeeds(folder, &format!("{arguments} --out out")))
}

impl Printed {
    /// A column of the table, its first and its last value.
    fn column(&self, name: &str) -> [f32; 2] {
        let mut lines = self.0.lines().skip_while(|line| !line.trim().starts_with("step "));
        let names: Vec<&str> = lines.next().expect("a table").split_whitespace().collect();
        let at = names.iter().position(|found| *found == name).expect("the column");
        let values: Vec<f32> = lines
            .map_while(|line| {
                let cells: Vec<&str> = line.split_whitespace().collect();
                (cells.len() == names.len()).then(|| cells[at].parse().ok()).flatten()
            })
            .collect();
        [values[0], *values.last().unwrap()]
    }

    /// The number after some words.
    fn number(&self, words: &str) -> f32 {
        let (_, rest) = self.0.split_once(words).unwrap_or_else(|| panic!("{words}: {}", self.0));
        rest.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Asserts that a function was compiled once, however often it was called.
    fn compiled_once(&self, function: &str) {
        assert!(self.0.contains(&format!("{function}: traced 1 x, compiled 1 x")), "{}", self.0);
    }
}

#[test]
fn the_gallery_names_its_programs() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in ["", "common"] {
        let error = GALLERY.fails(folder.path(), arguments);
        assert!(error.contains("vae") && error.contains("autoencoder"), "{error}");
    }
    let help = GALLERY.succeeds(folder.path(), "vae --help");
    assert!(help.contains("--steps N") && !help.contains("--epochs"), "{help}");
    for (arguments, expected) in [
        ("vae --epochs 3", "no option --epochs"),
        ("vae --steps 0", "--steps"),
        ("vae --data nowhere", "nowhere"),
    ] {
        let error = GALLERY.fails(folder.path(), arguments);
        assert!(error.contains(expected), "{arguments}: {error}");
    }
}

#[test]
fn vae() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    crate::mnist::write_data(&folder.join("data"));
    let printed = run(folder, "vae --data data --steps 120 --batch-size 16");
    let [first, last] = printed.column("loss");
    assert!(last < 0.8 * first, "{first}, then {last}");
    let test = printed.number("test loss");
    assert!(test < 0.8 * first, "{test} in testing");
    printed.compiled_once("train_step");
    assert!(folder.join("out/digits.png").exists());
}
