//! The contents of a wheel or a library: digests, and getting the plugin out.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The function that makes a shared library a PJRT plugin.
const ENTRY: &[u8] = b"GetPjrtApi";

/// SHA-256 of a file, in lower-case hexadecimal digits.
pub(crate) fn sha256(path: &Path) -> Result<String, String> {
    let mut file = File::open(path).map_err(|e| cannot("read", path, &e))?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block).map_err(|e| cannot("read", path, &e))? {
            0 => break,
            n => hasher.update(&block[..n]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a file is a zip archive, which a wheel is.
pub(crate) fn is_zip(path: &Path) -> Result<bool, String> {
    let mut start = [0; 4];
    let mut file = File::open(path).map_err(|e| cannot("read", path, &e))?;
    Ok(file.read_exact(&mut start).is_ok() && start == *b"PK\x03\x04")
}

/// Unpacks the one PJRT plugin in a wheel into the folder `to`, and licences into `licenses` there.
pub(crate) fn unpack(wheel: &Path, to: &Path) -> Result<(), String> {
    let files = extract(wheel, to, |path| {
        let name = base_name(path);
        if is_library(name) {
            Some(name.into())
        } else {
            is_licence(name).then(|| Path::new("licenses").join(name))
        }
    })?;
    let mut plugins: Vec<PathBuf> = Vec::new();
    for library in files.into_iter().filter(|file| file.parent() == Some(to)) {
        // Members of several folders may have had one name.
        if !library.exists() {
            continue;
        }
        if is_plugin(&library)? {
            plugins.push(library);
        } else {
            std::fs::remove_file(&library).map_err(|e| cannot("remove", &library, &e))?;
        }
    }
    match plugins.as_slice() {
        [plugin] => check_library(plugin, wheel),
        [] => Err(format!("{} holds no PJRT plugin", wheel.display())),
        more => Err(format!("{} holds {} PJRT plugins, not one", wheel.display(), more.len())),
    }
}

/// Unpacks the files of a wheel for which `place` gives a path, relative to the folder `to`. Gives
/// where they are.
pub(crate) fn extract(
    wheel: &Path,
    to: &Path,
    mut place: impl FnMut(&str) -> Option<PathBuf>,
) -> Result<Vec<PathBuf>, String> {
    let broken =
        |error: rawzip::Error| format!("{} is not a whole wheel: {error}", wheel.display());
    let file = File::open(wheel).map_err(|e| cannot("read", wheel, &e))?;
    let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
    let archive = rawzip::ZipArchive::from_file(file, &mut buffer).map_err(broken)?;
    let mut members = archive.entries(&mut buffer);
    let mut files = Vec::new();
    while let Some(member) = members.next_entry().map_err(broken)? {
        let path = member.file_path();
        // A name that leads out of the archive's own tree is not a wheel's.
        let path = path.try_normalize().map_err(broken)?;
        let path: &str = path.as_ref();
        if path.ends_with('/') {
            continue;
        }
        let Some(target) = place(path).map(|relative| to.join(relative)) else { continue };
        let folder = target.parent().unwrap_or(to);
        std::fs::create_dir_all(folder).map_err(|e| cannot("make", folder, &e))?;
        let entry = archive.get_entry(member.wayfinder()).map_err(broken)?;
        match member.compression_method() {
            rawzip::CompressionMethod::STORE => {
                copy(&mut entry.verifying_reader(entry.reader()), &target, wheel)?;
            }
            rawzip::CompressionMethod::DEFLATE => {
                let inflated = flate2::read::DeflateDecoder::new(entry.reader());
                copy(&mut entry.verifying_reader(inflated), &target, wheel)?;
            }
            other => {
                return Err(format!(
                    "{} is packed in a way that wheels are not ({other:?})",
                    wheel.display()
                ));
            }
        }
        files.push(target);
    }
    Ok(files)
}

fn is_library(name: &str) -> bool {
    let name = name.to_uppercase();
    [".SO", ".DYLIB", ".DLL"].iter().any(|end| name.ends_with(end))
}

/// Whether a file of this name tells what the others may be used for.
pub(crate) fn is_licence(name: &str) -> bool {
    let name = name.to_uppercase();
    ["LICENSE", "LICENCE", "NOTICE", "THIRD_PARTY", "COPYING"].iter().any(|w| name.contains(w))
}

/// The last part of a path in an archive.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Copies a plugin that lies on disk into the folder `to`.
pub(crate) fn copy_library(library: &Path, to: &Path) -> Result<(), String> {
    check_library(library, library)?;
    if !is_plugin(library)? {
        return Err(format!(
            "{} is no PJRT plugin (it has no `GetPjrtApi`), nor a wheel",
            library.display()
        ));
    }
    // The library looks for these endings.
    let name = match library.extension() {
        Some(end) if end == "so" || end == "dylib" || end == "dll" => library.file_name(),
        _ => None,
    };
    let target = to.join(name.unwrap_or("plugin.so".as_ref()));
    let mut file = File::open(library).map_err(|e| cannot("read", library, &e))?;
    copy(&mut file, &target, library)
}

/// Refuses a library that is cut off; `source` is where it came from.
fn check_library(library: &Path, source: &Path) -> Result<(), String> {
    match crate::elf::truncated(library).map_err(|e| cannot("read", library, &e))? {
        Some(why) => Err(format!("the plugin in {} is broken: {why}", source.display())),
        None => Ok(()),
    }
}

fn copy(from: &mut impl Read, to: &Path, source: &Path) -> Result<(), String> {
    let file = File::create(to).map_err(|e| cannot("write", to, &e))?;
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    let done = std::io::copy(from, &mut writer).and_then(|_| writer.flush());
    done.map_err(|e| {
        let advice = match e.kind() {
            std::io::ErrorKind::StorageFull => ". Make room, or set NNX_HOME to another folder",
            _ => "",
        };
        format!("unpacking {} to {}: {e}{advice}", source.display(), to.display())
    })
}

/// Whether the library mentions the function that every plugin exports.
fn is_plugin(path: &Path) -> Result<bool, String> {
    let mut file = File::open(path).map_err(|e| cannot("read", path, &e))?;
    let mut window = Vec::new();
    loop {
        let kept = window.len().min(ENTRY.len());
        window.drain(..window.len() - kept);
        let block = Read::by_ref(&mut file).take(1 << 22).read_to_end(&mut window);
        if block.map_err(|e| cannot("read", path, &e))? == 0 {
            return Ok(false);
        }
        if memchr::memmem::find(&window, ENTRY).is_some() {
            return Ok(true);
        }
    }
}

/// A message for a file that could not be worked on.
pub(crate) fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}
