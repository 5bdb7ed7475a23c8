//! The set-up on make-believe machines.
#![allow(clippy::unwrap_used)]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use common::{Machine, PLUGIN, WHEEL};
use std::path::Path;

#[test]
fn a_plugin_is_fetched_once_and_then_found_without_network() {
    let machine = Machine::new();
    let wheel = machine.good_wheel();
    let pin = machine.pin(&wheel);
    machine.python(&format!("cp '{}' \"$dest\"", wheel.display()));
    let first = machine.setup().install_pin(&pin).unwrap();
    assert!(!first.already);
    assert_eq!(std::fs::read(&first.plugin).unwrap(), PLUGIN);
    let folder = machine.home().join("plugins/some-cpu-plugin-1.2");
    assert_eq!(first.plugin, folder.join("plugin.so"));
    assert_eq!(std::fs::read(folder.join("licenses/LICENSE")).unwrap(), b"do as you like");
    assert!(!folder.join("helper.so").exists());
    assert_eq!(machine.plugins(), ["some-cpu-plugin-1.2"]);
    let log = std::fs::read_to_string(machine.path("log")).unwrap();
    assert!(log.contains("-m pip download --no-deps --only-binary=:all:"), "{log}");
    assert!(log.trim_end().ends_with("some-cpu-plugin==1.2"), "{log}");

    // From now on neither Python nor network is needed.
    std::fs::remove_file(machine.bin().join("python3")).unwrap();
    let second = machine.setup().install_pin(&pin).unwrap();
    assert!(second.already);
    assert_eq!(second.plugin, first.plugin);
    assert_eq!(machine.downloads(), 1);
}

#[test]
fn of_two_setups_at_once_one_works_and_the_other_waits() {
    let machine = Machine::new();
    let wheel = machine.good_wheel();
    let pin = machine.pin(&wheel);
    machine.python(&format!("sleep 0.5; cp '{}' \"$dest\"", wheel.display()));
    let mut done = std::thread::scope(|scope| {
        let run = || machine.setup().install_pin(&pin).unwrap();
        let (a, b) = (scope.spawn(run), scope.spawn(run));
        [a.join().unwrap(), b.join().unwrap()]
    });
    done.sort_by_key(|installed| installed.already);
    assert!(!done[0].already && done[1].already);
    assert_eq!(done[0].plugin, done[1].plugin);
    assert_eq!(machine.downloads(), 1);
    assert_eq!(machine.plugins(), ["some-cpu-plugin-1.2"]);
}

/// The error of a set-up whose pip runs `body`; nothing may be left behind by it.
fn failure(machine: &Machine, body: &str) -> String {
    let pin = machine.pin(&machine.good_wheel());
    machine.python(body);
    let error = machine.setup().install_pin(&pin).unwrap_err();
    assert_eq!(machine.plugins(), [""; 0], "{error}");
    error
}

#[test]
fn a_wheel_with_another_digest_is_not_installed() {
    let machine = Machine::new();
    let evil = machine.wheel("evil.whl", &[("some_cpu_plugin/plugin.so", PLUGIN)]);
    let error = failure(&machine, &format!("cp '{}' \"$dest/{WHEEL}\"", evil.display()));
    assert!(error.contains("not the pinned one"), "{error}");
    assert!(error.contains(machine.pin(&machine.good_wheel()).sha256), "{error}");
    assert!(error.contains(machine.pin(&evil).sha256), "{error}");
}

#[test]
fn a_download_that_breaks_off_leaves_nothing() {
    let machine = Machine::new();
    let broken = format!("echo half > \"$dest/{WHEEL}\"; exit 1");
    let error = failure(&machine, &broken);
    assert!(error.contains("pip could not fetch some-cpu-plugin==1.2"), "{error}");
    assert!(error.contains("cargo xtask setup --from FILE"), "{error}");
    // A pip that does not notice is noticed here.
    let error = failure(&machine, &format!("echo half > \"$dest/{WHEEL}\""));
    assert!(error.contains("not the pinned one"), "{error}");
    let error = failure(&machine, "exit 0");
    assert!(error.contains("fetched no wheel"), "{error}");
}

#[test]
fn a_machine_without_python_or_pip_is_told_how_to_get_them() {
    let machine = Machine::new();
    let pin = machine.pin(&machine.good_wheel());
    let error = machine.setup().install_pin(&pin).unwrap_err();
    assert!(error.contains("no `python3` was found"), "{error}");
    assert!(error.contains("python3-pip"), "{error}");
    machine.script("python3", "exit 1");
    let error = machine.setup().install_pin(&pin).unwrap_err();
    assert!(error.contains("has no pip") && error.contains("ensurepip"), "{error}");
    assert_eq!(machine.plugins(), [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let machine = Machine::new();
    let pin = machine.pin(&machine.good_wheel());
    std::fs::write(machine.home(), "a file where the folder should be").unwrap();
    let error = machine.setup().install_pin(&pin).unwrap_err();
    assert!(error.contains("cannot write to"), "{error}");
    assert!(error.contains(&*machine.home().to_string_lossy()), "{error}");
    assert!(error.contains("NNX_HOME"), "{error}");
}

#[test]
fn what_a_killed_setup_left_is_removed_and_replaced() {
    let machine = Machine::new();
    let wheel = machine.good_wheel();
    let plugins = machine.home().join("plugins");
    std::fs::create_dir_all(plugins.join(".setup-dead/plugin")).unwrap();
    std::fs::create_dir_all(plugins.join("some-cpu-plugin-1.2/licenses")).unwrap();
    machine.python(&format!("cp '{}' \"$dest\"", wheel.display()));
    let installed = machine.setup().install_pin(&machine.pin(&wheel)).unwrap();
    assert!(!installed.already && installed.plugin.is_file());
    assert_eq!(machine.plugins(), ["some-cpu-plugin-1.2"]);
}

#[test]
fn a_wheel_on_disk_is_installed_under_its_name() {
    let machine = Machine::new();
    let wheel = machine.good_wheel();
    let installed = machine.setup().install_file(&wheel).unwrap();
    assert!(!installed.already);
    assert_eq!(machine.plugins(), ["some-cpu-plugin-1.2"]);
    assert!(machine.setup().install_file(&wheel).unwrap().already);
}

#[test]
fn a_library_on_disk_is_installed_under_its_digest() {
    let machine = Machine::new();
    let library = machine.path("my_plugin.so");
    std::fs::write(&library, PLUGIN).unwrap();
    let installed = machine.setup().install_file(&library).unwrap();
    assert_eq!(std::fs::read(&installed.plugin).unwrap(), PLUGIN);
    assert!(machine.plugins()[0].starts_with("my_plugin-"), "{:?}", machine.plugins());
    // Another one of the same name does not replace it.
    std::fs::write(&library, [PLUGIN, b"2"].concat()).unwrap();
    machine.setup().install_file(&library).unwrap();
    assert_eq!(machine.plugins().len(), 2);
}

#[test]
fn a_damaged_plugin_is_noticed_and_installed_again() {
    let machine = Machine::new();
    let wheel = machine.good_wheel();
    let pin = machine.pin(&wheel);
    machine.python(&format!("cp '{}' \"$dest\"", wheel.display()));
    let plugin = machine.setup().install_pin(&pin).unwrap().plugin;
    let other = [PLUGIN.to_vec(), b"more".to_vec()].concat();
    let changed: Vec<u8> = PLUGIN.iter().map(|byte| byte ^ 1).collect();
    for (downloads, damage) in [(2, &PLUGIN[..PLUGIN.len() - 1]), (3, &other), (4, &changed)] {
        std::fs::write(&plugin, damage).unwrap();
        assert!(!machine.setup().install_pin(&pin).unwrap().already);
        assert_eq!(std::fs::read(&plugin).unwrap(), PLUGIN);
        assert_eq!(machine.downloads(), downloads);
    }
    // Another time of change, with the same contents, is not damage.
    std::fs::write(&plugin, PLUGIN).unwrap();
    assert!(machine.setup().install_pin(&pin).unwrap().already);
    // One installed from a file is replaced by that file.
    let library = machine.path("my_plugin.so");
    std::fs::write(&library, PLUGIN).unwrap();
    let mine = machine.setup().install_file(&library).unwrap().plugin;
    std::fs::write(&mine, &changed).unwrap();
    assert!(!machine.setup().install_file(&library).unwrap().already);
    assert_eq!(std::fs::read(&mine).unwrap(), PLUGIN);
}

#[test]
fn a_library_that_cannot_be_loaded_is_not_installed() {
    let machine = Machine::new();
    // A header of this machine's kind, and no contents.
    let mut elf = std::fs::read("/proc/self/exe").unwrap()[..64].to_vec();
    elf[32..64].fill(0);
    elf.extend(PLUGIN);
    let library = machine.path("empty.so");
    std::fs::write(&library, elf).unwrap();
    let error = machine.setup().install_file(&library).unwrap_err();
    assert!(error.contains("empty.so was not installed: it cannot be loaded"), "{error}");
    assert_eq!(machine.plugins(), [""; 0]);
}

#[test]
fn files_that_are_no_plugins_are_refused() {
    let machine = Machine::new();
    let whole = std::fs::read(machine.good_wheel()).unwrap();
    let cut = machine.path("cut-1.0-py3-none-any.whl");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let text = machine.path("notes.txt");
    std::fs::write(&text, [b'x'; 100]).unwrap();
    let mut elf = b"\x7fELF\x02\x01".to_vec();
    elf.resize(64, 0xff);
    elf.extend(PLUGIN);
    let cut_library = machine.path("cut.so");
    std::fs::write(&cut_library, elf).unwrap();
    let none = machine.wheel("none-1.0-py3-none-any.whl", &[("a/b.so", &[0; 200])]);
    let two = machine.wheel("two-1.0-py3-none-any.whl", &[("a.so", PLUGIN), ("b.so", PLUGIN)]);
    let unnamed = machine.wheel("archive.zip", &[("a.so", PLUGIN)]);
    let pinned = machine.wheel(
        "lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl",
        &[("plugin.so", PLUGIN)],
    );
    let missing = machine.path("missing.whl");
    for (file, expected) in [
        (&cut, "not a whole wheel"),
        (&text, "no PJRT plugin"),
        (&cut_library, "cut off"),
        (&none, "holds no PJRT plugin"),
        (&two, "holds 2 PJRT plugins"),
        (&unnamed, "not that of a wheel"),
        (&pinned, "not the pinned one"),
        (&missing, "is not a file"),
    ] {
        let error = machine.setup().install_file(file).unwrap_err();
        assert!(error.contains(expected), "{}: {error}", file.display());
        assert_eq!(machine.plugins(), [""; 0]);
    }
}

#[test]
fn damage_inside_a_wheel_is_noticed() {
    let machine = Machine::new();
    let wheel = machine.good_wheel();
    let mut bytes = std::fs::read(&wheel).unwrap();
    let at = find(&bytes, b"plugin.so").unwrap() + b"plugin.so".len() + 20;
    bytes[at] ^= 0x55;
    std::fs::write(&wheel, bytes).unwrap();
    let error = machine.setup().install_file(&wheel).unwrap_err();
    assert!(error.contains(WHEEL), "{error}");
    assert_eq!(machine.plugins(), [""; 0]);
}

/// A wheel is whole, or nothing of it is installed; the plugin that is installed is the one that was packed.
#[test]
fn any_bytes_may_be_a_wheel() {
    use proptest::prelude::*;
    let machine = Machine::new();
    let whole = std::fs::read(machine.good_wheel()).unwrap();
    let damage = proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4);
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&(damage, any::<bool>(), any::<usize>()), |(damage, cut, length)| {
            let machine = Machine::new();
            let mut bytes = whole.clone();
            damage.iter().for_each(|(at, byte)| bytes[at % whole.len()] = *byte);
            if cut {
                bytes.truncate(length % whole.len());
            }
            let wheel = machine.path(WHEEL);
            std::fs::write(&wheel, bytes).unwrap();
            match machine.setup().install_file(&wheel) {
                Ok(installed) => {
                    prop_assert_eq!(std::fs::read(installed.plugin).unwrap(), PLUGIN);
                }
                Err(message) => {
                    prop_assert!(message.contains(WHEEL), "{message}");
                    prop_assert!(machine.plugins().is_empty(), "{:?}", machine.plugins());
                }
            }
            Ok(())
        })
        .unwrap();
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[test]
fn a_member_that_leads_out_of_the_folder_stays_inside() {
    let machine = Machine::new();
    let wheel = machine.wheel("out-1.0-py3-none-any.whl", &[("../../escaped.so", PLUGIN)]);
    let _ = machine.setup().install_file(&wheel);
    assert!(!machine.home().join("escaped.so").exists());
    assert!(!machine.path("escaped.so").exists());
    assert!(!Path::new("escaped.so").exists());
}
