//! The settings and versions that decide what a plugin's compiler makes of a program.

use super::faults::PluginFault;
use super::plugin::Plugin;
use super::status::text_from;
use super::{ffi, record};
use crate::error::{Error, Result};
use crate::xla::{environment, flags};
use std::io::Read;
use std::ptr::NonNull;

/// Names with values: the plugin, the device and the processor, and all that the compiler is told. `None` if
/// it is told to write files about what it compiles, which it does when it compiles.
pub(super) fn parts(
    plugin: &Plugin,
    device: NonNull<ffi::PjrtDevice>,
    version: &str,
    faults: &[PluginFault],
) -> Result<Option<Vec<(&'static str, String)>>> {
    let Some(flags) = flags::described()? else { return Ok(None) };
    let identity = record::identity(&plugin.path)
        .map_err(|error| Error::io(&plugin.path, "looking at the plugin", &error))?;
    let (major, minor) = plugin.version;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let options: Vec<String> =
        faults.iter().map(|fault| format!("{}={:?}", fault.option, fault.values)).collect();
    Ok(Some(vec![
        ("plugin", identity),
        ("version", format!("PJRT API {major}.{minor}, {version}")),
        ("kind", kind(plugin, device)?),
        ("processor", processor()),
        // Programs for CPUs are cut up for as many threads.
        ("threads", environment::cpu_threads().unwrap_or_else(|| threads.to_string())),
        ("options", options.join(" ")),
        ("flags", flags),
    ]))
}

/// The kind of the device, as in `NVIDIA H100`.
fn kind(plugin: &Plugin, device: NonNull<ffi::PjrtDevice>) -> Result<String> {
    let functions = &plugin.functions;
    let (Some(describe), Some(kind)) = (functions.device_description, functions.device_kind) else {
        return Ok(String::new());
    };
    let what = || "asking for the kind of a device".to_string();
    let mut device_args = ffi::DeviceDescriptionArgs::new();
    device_args.device = device.as_ptr();
    // SAFETY: devices and their descriptions live as long as the client.
    unsafe {
        functions.check(describe(&mut device_args), what)?;
        let mut args = ffi::DeviceKindArgs::new();
        args.description = device_args.description;
        functions.check(kind(&mut args), what)?;
        Ok(text_from(args.kind, args.kind_size))
    }
}

/// The processor and its features, as far as the system tells: a compiler makes use of all it has.
fn processor() -> String {
    let architecture = std::env::consts::ARCH;
    // The lines of the first core are enough.
    let mut text = Vec::new();
    if let Ok(file) = std::fs::File::open("/proc/cpuinfo") {
        let _ = file.take(1 << 14).read_to_end(&mut text);
    }
    let text = String::from_utf8_lossy(&text);
    let value = |names: &[&str]| {
        let line = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            names.contains(&name.trim()).then(|| value.trim().to_string())
        });
        line.unwrap_or_default()
    };
    let (model, features) = (value(&["model name", "CPU part"]), value(&["flags", "Features"]));
    format!("{architecture} {model}: {features}")
}
