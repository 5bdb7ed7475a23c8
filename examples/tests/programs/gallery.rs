//! The programs of the gallery in small: each of them learns, and leaves what it says that it leaves.

use crate::program::Program;
use std::path::Path;

const GALLERY: Program = Program(env!("CARGO_BIN_EXE_gallery"));

/// The output of a program.
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
    let folder = with_digits();
    let printed = run(folder.path(), "vae --data data --steps 120 --batch-size 16");
    let [first, last] = printed.column("loss");
    assert!(last < 0.8 * first, "{first}, then {last}");
    let test = printed.number("test loss");
    assert!(test < 0.8 * first, "{test} in testing");
    printed.compiled_once("train_step");
    assert!(folder.path().join("out/digits.png").exists());
}

/// Images that the programs for digits learn in a few steps.
fn with_digits() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    crate::mnist::write_data(&folder.path().join("data"));
    folder
}

#[test]
fn diffusion() {
    let folder = with_digits();
    let printed = run(folder.path(), "diffusion --data data --steps 80 --batch-size 16");
    let [first, last] = printed.column("loss");
    assert!(last < 0.6 * first, "{first}, then {last}");
    // The images of the data are dark: 100 of 255.
    let bright = printed.number("brightness");
    assert!((0.2..0.6).contains(&bright), "{bright}");
    printed.compiled_once("train_step");
    assert!(folder.path().join("out/digits.png").exists());
}

#[test]
fn vit() {
    let folder = with_digits();
    let printed = run(folder.path(), "vit --data data --steps 100 --batch-size 16");
    let [first, last] = printed.column("loss");
    assert!(last < 0.7 * first, "{first}, then {last}");
    let [_, accuracy] = printed.column("accuracy");
    assert!(accuracy > 0.5, "{accuracy}");
    printed.compiled_once("train_step");
    printed.compiled_once("eval_step");
}

#[test]
fn resnet() {
    let folder = with_digits();
    let printed = run(folder.path(), "resnet --data data --steps 90 --batch-size 16");
    let [first, last] = printed.column("loss");
    assert!(last < 0.6 * first, "{first}, then {last}");
    assert!(printed.0.contains("the frozen layer moved by 0\n"), "{}", printed.0);
    // Two optimizers: a program for each.
    assert!(printed.0.contains("train_step: traced 2 x, compiled 2 x, 90 calls"), "{}", printed.0);
}

#[test]
#[cfg_attr(feature = "xla-rs", ignore = "that backend keeps no compiled programs")]
fn serve() {
    let folder = with_digits();
    let printed = run(folder.path(), "serve --data data --steps 100 --batch-size 16");
    let [first, last] = printed.column("loss");
    assert!(last < 0.5 * first, "{first}, then {last}");
    // One by one and in groups the same answers, from the bundle alone.
    for images in ["1", "8"] {
        let line = printed.0.lines().find(|line| line.contains(&format!(", {images} images in")));
        let (_, accuracy) = line.unwrap().split_once("accuracy ").unwrap();
        assert!(accuracy.parse::<f32>().unwrap() > 0.8, "{}", printed.0);
    }
    assert!(printed.0.contains("server: 2 programs from the bundle, 0 compiled"), "{}", printed.0);
}

#[test]
fn maml() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), "maml --steps 300 --learning-rate 5e-3");
    // Where the steps start is what is learned: after one the errors are less, before it they are not.
    let [first, last] = printed.column("one_step");
    let [_, before] = printed.column("before");
    assert!(last < 0.4 * first && last < 0.95 * before, "{first}, {last}, {before} before a step");
    let [_, ten] = printed.column("ten_steps");
    assert!(ten <= last, "{last} after one step, {ten} after ten");
    printed.compiled_once("train_step");
    assert!(folder.path().join("out/wave.png").exists());
}

#[test]
fn pinn() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), "pinn --steps 800 --batch-size 128");
    let [first, last] = printed.column("loss");
    assert!(last < 0.8 * first, "{first}, then {last}");
    // Early, where the wave is still smooth, the solution is near.
    let wrong = printed.number(" 0.25 ");
    assert!(wrong < 0.2, "{wrong}");
    printed.compiled_once("train_steps");
    assert!(folder.path().join("out/solution.png").exists());
}

#[test]
fn ppo() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), "ppo --steps 12 --batch-size 16");
    let [first, last] = printed.column("episode");
    assert!(last > 2.0 * first, "{first}, then {last}");
    printed.compiled_once("train_step");
    assert!(folder.path().join("out/episodes.png").exists());
}

#[test]
fn recurrent() {
    let folder = tempfile::tempdir().unwrap();
    for cell in ["", "--lstm"] {
        let printed = run(folder.path(), &format!("recurrent --steps 200 --batch-size 32 {cell}"));
        // Who always says 1 is wrong by 0.41.
        let wrong = printed.number("test error");
        assert!(wrong < 0.2, "{cell}: {wrong}");
        printed.compiled_once("train_step");
    }
}

#[test]
fn gpt_and_lora() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let printed = run(folder, "gpt --steps 60 --batch-size 4");
    let [first, last] = printed.column("test_loss");
    assert!(last < 0.7 * first, "{first}, then {last}");
    printed.compiled_once("train_step");

    let error = GALLERY.fails(folder, "lora --data nothing");
    assert!(error.contains("nothing: there is no checkpoint; run `gpt` first"), "{error}");
    let printed = run(folder, "lora --data out/gpt.safetensors --steps 40 --batch-size 4");
    let [first, last] = printed.column("test_loss");
    assert!(last < 0.7 * first, "{first}, then {last}");
    // Without the additions the model is what it was.
    let before = printed.number("without the additions:");
    assert!(printed.0.contains(&format!("{before:.4} before, {before:.4} after")), "{}", printed.0);
    printed.compiled_once("tune_step");
    assert!(folder.join("out/lora.safetensors").exists());
}

#[test]
fn fields() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), "fields --steps 200 --batch-size 256");
    let [first, last] = printed.column("loss");
    assert!(last < 0.3 * first, "{first}, then {last}");
    // Between the pixels that were seen, the plain network draws grey, the others rings.
    let [plain, sines] = ["plain", "sines"].map(|name| printed.column(name)[1]);
    assert!(sines > plain + 2.0, "{plain} and {sines} decibels");
    printed.compiled_once("train_step");
    printed.compiled_once("draw");
    assert!(folder.path().join("out/picture.png").exists());
}
