//! The cache of compiled programs: what a process compiled the next one loads, and nothing that happens to
//! the folder changes a result or ends a process.

use super::child;
use nnx_core::value::Aval;
use nnx_core::xla::{
    self, Client, ClientOptions, CompilerOption, DiskCache, Executable, Placement, Program,
};
use nnx_core::{DType, array, random};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// Runs two programs that take a while to compile, and prints their results and the use of the cache.
fn work() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| child::show_warnings("nnx::cache"));
    let x = random::normal(&random::key(1), [64, 32], DType::F32);
    let y = x.matmul(x.t()).tanh();
    let (_, vectors) = nnx_core::linalg::eigh(&(&y + y.t()));
    let sum: u64 = vectors.to_vec::<f32>().iter().map(|v| u64::from(v.to_bits())).sum();
    println!("result: {sum}");
    let stats = xla::cache_stats().unwrap();
    println!("loaded {} compiled {} written {}", stats.loaded, stats.compiled, stats.written);
}

const WORK: &str = "program_cache::a_process_loads_what_another_one_compiled";

/// The report of a child.
#[derive(Debug)]
struct Said {
    result: String,
    loaded: u64,
    compiled: u64,
    written: u64,
    warnings: Vec<String>,
}

fn said(output: &str) -> Said {
    let lines = |start: &'static str| output.lines().filter_map(move |l| l.strip_prefix(start));
    let stats = output.lines().find(|line| line.starts_with("loaded ")).unwrap();
    let numbers: Vec<u64> = stats.split(' ').filter_map(|word| word.parse().ok()).collect();
    Said {
        result: lines("result:").next().unwrap().trim().into(),
        loaded: numbers[0],
        compiled: numbers[1],
        written: numbers[2],
        warnings: lines("warning: ").map(str::to_string).collect(),
    }
}

fn command(test: &str, folder: &Path) -> Command {
    let mut command = child::command(test);
    command.env("NNX_CACHE", folder);
    command
}

fn run(folder: &Path) -> Said {
    said(&child::output(&mut command(WORK, folder)))
}

/// A backend that can keep programs runs these tests; the other one cannot.
fn can_keep() -> bool {
    Client::global().unwrap().backend() == xla::Backend::Pjrt
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "program")).collect()
}

#[test]
fn a_process_loads_what_another_one_compiled() {
    if child::is(WORK) {
        return work();
    }
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("made/by/it");
    let first = run(&folder);
    assert!(first.loaded == 0 && first.written > 0 && first.warnings.is_empty(), "{first:?}");
    let second = run(&folder);
    assert_eq!(second.result, first.result);
    assert_eq!((second.loaded, second.written), (first.written, 0), "{second:?}");
    // The entries say what they are, and nobody else can read or write them.
    let entry = std::fs::read(&entries(&folder)[0]).unwrap();
    let header = String::from_utf8_lossy(&entry);
    for part in ["nnx program", "\"function\":", "\"plugin\"", "\"processor\"", "\"options\""] {
        assert!(header.contains(part), "{part}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
    }
    // Everything that decides what the compiler makes is part of the key.
    let other = said(&child::output(command(WORK, &folder).env("PJRT_NPROC", "3")));
    assert_eq!(other.loaded, 0, "{other:?}");
    let flag = "--xla_cpu_multi_thread_eigen=false";
    let other = said(&child::output(command(WORK, &folder).env("XLA_FLAGS", flag)));
    assert_eq!(other.loaded, 0, "{other:?}");
    // A compiler that is to write files has to compile.
    let dump = home.path().join("dump");
    let flag = format!("--xla_dump_to={}", dump.display());
    for _ in 0..2 {
        let output = child::output(command(WORK, &folder).env("XLA_FLAGS", &flag));
        assert_eq!(said(&output).loaded, 0);
        assert!(dump.read_dir().unwrap().count() > 0);
        std::fs::remove_dir_all(&dump).unwrap();
    }
}

const SERIALIZE: &str = "program_cache::a_program_from_the_cache_can_be_serialized";

/// Compiles or loads a program, serializes it, and runs the program that its bytes are.
fn serialize() {
    // Enough for the compiler to take longer than what is not worth keeping.
    let step = |n: usize| {
        let before = if n == 0 { "%arg0".to_string() } else { format!("%t{}", n - 1) };
        format!(
            "    %d{n} = stablehlo.dot_general {before}, %arg0, contracting_dims = [1] x [0] : \
             (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    %t{n} = stablehlo.tanh %d{n} : tensor<8x8xf32>\n"
        )
    };
    let text = format!(
        "module @f {{
  func.func public @main(%arg0: tensor<8x8xf32>) -> tensor<8x8xf32> {{
{}    return %t39 : tensor<8x8xf32>
  }}
}}\n",
        (0..40).map(step).collect::<String>()
    );
    let client = Client::global().unwrap();
    let avals = [Aval::new(DType::F32, &[8, 8])];
    let program = Program::stablehlo("f", &text, &avals, &avals);
    let f = client.compile(&program).unwrap();
    let x: Vec<u8> = (0..64).flat_map(|n| (n as f32 / 64.0).to_le_bytes()).collect();
    let x = client.upload(&x, avals[0].clone(), Placement::default()).unwrap();
    let run = |f: &Executable| {
        let mut call = f.call();
        call.arg(&x, false).unwrap();
        call.run().unwrap().take(0).unwrap().to_host().unwrap()
    };
    let again = client.load(&f.serialize().unwrap(), &program).unwrap();
    println!("result: {}", u8::from(run(&f) == run(&again)));
    println!("warning: {}", again.serialize().unwrap_err());
    if xla::cache_stats().unwrap().loaded > 0 {
        let folder = std::env::var_os("NNX_CACHE").unwrap();
        entries(Path::new(&folder)).iter().for_each(|entry| std::fs::remove_file(entry).unwrap());
        println!("warning: {}", f.serialize().unwrap_err());
    }
    let stats = xla::cache_stats().unwrap();
    println!("loaded {} compiled {} written {}", stats.loaded, stats.compiled, stats.written);
}

/// The plugin serializes a program that it loaded without its code, and says nothing.
#[test]
fn a_program_from_the_cache_can_be_serialized() {
    if child::is(SERIALIZE) {
        return serialize();
    }
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let keep = home.path();
    let first = said(&child::output(&mut command(SERIALIZE, keep)));
    assert_eq!((first.result.as_str(), first.written), ("1", 1), "{first:?}");
    assert!(first.warnings.len() == 1 && first.warnings[0].contains("keep those bytes"));
    let second = said(&child::output(&mut command(SERIALIZE, keep)));
    assert_eq!((second.result.as_str(), second.loaded), ("1", 1), "{second:?}");
    assert!(second.warnings[1].contains("is no longer there"), "{second:?}");
}

#[test]
fn damaged_entries_are_compiled_again() {
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let first = run(home.path());
    type Damage = fn(&mut Vec<u8>);
    let damages: [Damage; 4] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes[20] ^= 1,
        |bytes| *bytes.last_mut().unwrap() ^= 1,
    ];
    for damage in damages {
        for path in entries(home.path()) {
            let mut bytes = std::fs::read(&path).unwrap();
            damage(&mut bytes);
            std::fs::write(&path, bytes).unwrap();
        }
        let again = run(home.path());
        assert_eq!((&again.result, again.loaded), (&first.result, 0));
        assert_eq!(again.warnings.len(), 1, "said once: {again:?}");
        assert_eq!(run(home.path()).loaded, first.written);
    }
    // An entry in the place of another.
    let files = entries(home.path());
    std::fs::copy(&files[0], &files[1]).unwrap();
    let again = run(home.path());
    assert_eq!(again.result, first.result);
    assert!(again.warnings[0].contains("another program"), "{again:?}");
}

#[test]
fn an_entry_that_a_process_died_of_is_not_loaded_again() {
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let first = run(home.path());
    let mut over = Command::new("true").spawn().unwrap();
    over.wait().unwrap();
    let files = entries(home.path());
    std::fs::write(files[0].with_extension("loading"), over.id().to_string()).unwrap();
    // Somebody else is at this one.
    let here = files[1].with_extension("loading");
    std::fs::write(&here, std::process::id().to_string()).unwrap();
    let second = run(home.path());
    assert_eq!((&second.result, second.loaded), (&first.result, first.written - 1));
    assert!(second.warnings[0].contains("ended while it loaded it"), "{second:?}");
    let third = run(home.path());
    assert_eq!((third.loaded, third.warnings.len()), (first.written - 1, 0), "{third:?}");
    assert!(here.exists() && !files[0].with_extension("loading").exists());
}

#[test]
fn folders_that_cannot_be_used_are_said_and_cost_nothing() {
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let said = run(&file);
    assert!(said.written == 0 && said.warnings[0].contains("not kept"), "{said:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = home.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
        let said = run(&open);
        assert!(said.warnings[0].contains("others may write"), "{said:?}");
        assert_eq!(std::fs::read_dir(&open).unwrap().count(), 0);
    }
    let said = run(Path::new("off"));
    assert_eq!((said.loaded, said.compiled, said.warnings.len()), (0, 0, 0));
    let output = child::run(&mut command(WORK, Path::new("some/where")));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("NNX_CACHE is `some/where`, a relative path"), "{error}");
    assert!(error.contains("or to `off`"), "{error}");
}

#[test]
fn processes_may_write_at_the_same_time() {
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..4).map(|_| command(WORK, home.path()).spawn().unwrap()).collect();
    let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
    let results: Vec<Said> =
        outputs.map(|output| said(&String::from_utf8_lossy(&output.stdout))).collect();
    for said in &results {
        assert_eq!(said.result, results[0].result);
        assert_eq!(said.warnings, <[String; 0]>::default());
    }
    let last = run(home.path());
    assert_eq!(last.result, results[0].result);
    assert!(last.loaded > 0 && last.written == 0, "{last:?}");
}

const LIMITED: &str = "program_cache::entries_that_were_used_least_lately_make_room";

#[test]
fn entries_that_were_used_least_lately_make_room() {
    const LIMIT: u64 = 300_000;
    if child::is(LIMITED) {
        let folder = std::env::var_os("NNX_TEST_FOLDER").unwrap();
        let cache = DiskCache::Folder(folder.into());
        xla::init(ClientOptions::new().cache(cache).cache_limit(LIMIT)).unwrap();
        for n in 1..30 {
            let x = array::ones([n, 8], DType::F32);
            nnx_core::linalg::qr(&x);
        }
        return work();
    }
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut command = child::command(LIMITED);
    let said = said(&child::output(command.env("NNX_TEST_FOLDER", home.path())));
    let files = entries(home.path());
    let size: u64 = files.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(size <= LIMIT, "{size}");
    assert!(!files.is_empty() && (files.len() as u64) < said.written, "{} {said:?}", files.len());
}

const NAMES: &str = "program_cache::names_of_functions_do_not_count";

#[test]
fn names_of_functions_do_not_count() {
    if child::is(NAMES) {
        let aval = [nnx_core::value::Aval::new(DType::F32, &[64, 64])];
        for name in ["first", "second"] {
            let text = format!(
                "module @{name} {{\n  func.func public @main(%0: tensor<64x64xf32>) -> tensor<64x64xf32> {{\n    \
                 %1 = stablehlo.dot_general %0, %0, contracting_dims = [1] x [0] : (tensor<64x64xf32>, \
                 tensor<64x64xf32>) -> tensor<64x64xf32>\n    %2 = stablehlo.tanh %1 : tensor<64x64xf32>\n    \
                 return %2 : tensor<64x64xf32>\n  }}\n}}\n"
            );
            let program = Program::stablehlo(name, &text, &aval, &aval);
            Client::global().unwrap().compile(&program).unwrap();
        }
        println!("result: none");
        let stats = xla::cache_stats().unwrap();
        println!("loaded {} compiled {} written {}", stats.loaded, stats.compiled, stats.written);
        return;
    }
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let said = said(&child::output(&mut command(NAMES, home.path())));
    assert_eq!((said.loaded, said.compiled, said.written), (1, 1, 1), "{said:?}");
}

const BUNDLE: &str = "program_cache::a_bundle_needs_no_folder";

#[test]
fn a_bundle_needs_no_folder() {
    if child::is(BUNDLE) {
        let path = std::env::var_os("NNX_TEST_BUNDLE").unwrap();
        if let Ok(bytes) = std::fs::read(&path) {
            let bundle = xla::add_bundle(bytes.leak()).unwrap();
            println!("{} functions", bundle.functions.len());
            return work();
        }
        work();
        let bundle = xla::write_bundle(&path).unwrap();
        println!("{} functions", bundle.functions.len());
        return;
    }
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("programs.nnx");
    let command = |cache: &Path| {
        let mut command = command(BUNDLE, cache);
        command.env("NNX_TEST_BUNDLE", &path);
        command
    };
    let first = child::output(&mut command(home.path()));
    let second = child::output(&mut command(Path::new("off")));
    let functions =
        |output: &str| output.lines().find(|l| l.ends_with(" functions")).map(str::to_string);
    assert_eq!(functions(&first), functions(&second));
    let (first, second) = (said(&first), said(&second));
    assert_eq!((&second.result, second.loaded), (&first.result, first.written), "{second:?}");
    assert!(second.warnings.is_empty(), "{second:?}");
    // On another machine.
    let other = said(&child::output(command(Path::new("off")).env("PJRT_NPROC", "3")));
    assert_eq!(other.loaded, 0);
    let warning = &other.warnings[0];
    assert!(
        warning.contains("made elsewhere") && warning.contains("threads is `3` here"),
        "{warning}"
    );
    // Damaged bundles are errors.
    let bytes: &'static [u8] = std::fs::read(&path).unwrap().leak();
    for bad in [&bytes[..bytes.len() - 1], &bytes[1..], b"", &bytes[..100]] {
        assert!(xla::add_bundle(bad).unwrap_err().to_string().contains("bundle"));
    }
}

const WITH_OPTIONS: &str = "program_cache::options_of_a_program_are_part_of_its_key";

#[test]
fn options_of_a_program_are_part_of_its_key() {
    if child::is(WITH_OPTIONS) {
        let options = std::env::var("OPTION").ok();
        let options = options.iter().map(|name| CompilerOption::new(name, 0)).collect::<Vec<_>>();
        let avals = [Aval::new(DType::F32, &[64, 64])];
        // A program that takes long enough to be kept.
        let line = |i: usize| format!("%{} = stablehlo.tanh %{i} : tensor<64x64xf32>\n", i + 1);
        let text = format!(
            "module @f {{
                func.func public @main(%0: tensor<64x64xf32>) -> tensor<64x64xf32> {{
                {}return %40 : tensor<64x64xf32>
            }}}}",
            (0..40).map(line).collect::<String>()
        );
        let program =
            Program { options: &options, ..Program::stablehlo("f", &text, &avals, &avals) };
        Client::global().unwrap().compile(&program).unwrap();
        println!("result:");
        let stats = xla::cache_stats().unwrap();
        return println!(
            "loaded {} compiled {} written {}",
            stats.loaded, stats.compiled, stats.written
        );
    }
    if !can_keep() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let run = |option: Option<&str>| {
        let mut command = command(WITH_OPTIONS, home.path());
        command.envs(option.map(|option| ("OPTION", option)));
        said(&child::output(&mut command))
    };
    let level = Some("xla_backend_optimization_level");
    for (option, loaded) in [(None, 0), (level, 0), (None, 1), (level, 1)] {
        let said = run(option);
        assert_eq!((said.loaded, said.compiled), (loaded, 1 - loaded), "{option:?} {said:?}");
    }
}
