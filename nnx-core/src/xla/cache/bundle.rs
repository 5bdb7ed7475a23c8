//! Compiled programs in one file, to be shipped with a program.

use super::entry::{self, ProgramKey};
use super::{Cache, Trouble};
use crate::error::{Error, Result};
use crate::xla::client::cache;
use rustc_hash::FxHashMap;
use std::path::Path;
use std::sync::{LazyLock, RwLock};

/// The entries of all bundles, by the names of their keys.
static ENTRIES: LazyLock<RwLock<FxHashMap<String, &'static [u8]>>> =
    LazyLock::new(Default::default);

/// The contents of a bundle.
///
/// ```no_run
/// use nnx::xla::{Bundle, write_bundle};
///
/// let bundle: Bundle = write_bundle("programs.nnx").unwrap();
/// println!("{} bytes, of {}", bundle.bytes, bundle.functions.join(", "));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bundle {
    /// The names of the functions and eager operations whose programs are in it, sorted; one may have several.
    pub functions: Vec<String>,
    /// Its size.
    pub bytes: usize,
}

/// Takes the programs of `bundle`, a file that [`write_bundle`] or `cargo xtask cache bundle` made, so that
/// they need not be compiled: a program starts as fast on its user's machine as on its author's the second
/// time.
///
/// They fit the plugin, the kind of processor and the options that they were made for. Elsewhere programs are
/// compiled as without a bundle, and a line in the log (target `nnx::cache`) says what differs. The bytes are
/// machine code: they are to be trusted as the rest of the program is.
///
/// ```no_run
/// # const BYTES: &[u8] = &[];
/// # /*
/// const BYTES: &[u8] = include_bytes!("programs.nnx");
/// # */
/// let bundle = nnx::xla::add_bundle(BYTES)?;
/// println!("{} programs", bundle.functions.len());
/// # Ok::<(), nnx::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] if the bytes are not a bundle, or were cut off or changed.
pub fn add_bundle(bundle: &'static [u8]) -> Result<Bundle> {
    let invalid = |why: String| Error::Invalid(format!("a bundle of programs: {why}"));
    let mut rest = bundle
        .strip_prefix(entry::BUNDLE)
        .ok_or_else(|| invalid("it does not begin like one".to_string()))?;
    let mut found = Vec::new();
    let mut bundle = Bundle { functions: Vec::new(), bytes: bundle.len() };
    while !rest.is_empty() {
        let (header, start, program) = entry::decode_header(rest).map_err(invalid)?;
        let end = start.checked_add(program.size).filter(|&end| end <= rest.len());
        let Some(end) = end else { return Err(invalid("it was cut off".into())) };
        found.push((header.key.id(), &rest[..end]));
        bundle.functions.push(header.name);
        rest = &rest[end..];
    }
    bundle.functions.sort_unstable();
    ENTRIES.write().unwrap_or_else(|e| e.into_inner()).extend(found);
    Ok(bundle)
}

/// Writes the programs that this process has compiled or loaded so far to one file, for [`add_bundle`].
///
/// They are taken from the cache; programs that compile in a few milliseconds are not in it.
///
/// ```no_run
/// use nnx::{DType, array, linalg};
///
/// // After the program has done its work once:
/// linalg::inv(&array::eye(100, DType::F32));
/// let bundle = nnx::xla::write_bundle("programs.nnx").unwrap();
/// println!("{} functions and operations", bundle.functions.len());
/// ```
///
/// # Errors
/// [`Error::Invalid`] if the cache is off or there is no program; [`Error::Io`] if the file cannot be
/// written.
pub fn write_bundle(path: impl AsRef<Path>) -> Result<Bundle> {
    let path = path.as_ref();
    let invalid = |why: &str| Error::Invalid(format!("writing {}: {why}", path.display()));
    let cache = cache()?;
    if cache.folder.is_none() && !is_there() {
        return Err(invalid("the programs are taken from the cache, which is off (`NNX_CACHE`)"));
    }
    let mut names: Vec<String> =
        cache.used.lock().unwrap_or_else(|e| e.into_inner()).iter().cloned().collect();
    names.sort_unstable();
    let mut bytes = entry::BUNDLE.to_vec();
    let mut bundle = Bundle::default();
    for name in names {
        // Somebody may have cleared the cache.
        let Some(entry) = cache.entry(&name) else { continue };
        let Ok((header, _)) = entry::decode(&entry) else { continue };
        bundle.functions.push(header.name);
        bytes.extend(entry);
    }
    if bundle.functions.is_empty() {
        return Err(invalid("this process has used no program that is in the cache"));
    }
    bundle.functions.sort_unstable();
    bundle.bytes = bytes.len();
    std::fs::write(path, bytes).map_err(|error| Error::io(path, "writing a bundle", &error))?;
    Ok(bundle)
}

/// Whether there is a bundle.
pub(super) fn is_there() -> bool {
    !ENTRIES.read().unwrap_or_else(|e| e.into_inner()).is_empty()
}

/// The entry with this name in a bundle.
pub(super) fn entry(name: &str) -> Option<&'static [u8]> {
    ENTRIES.read().unwrap_or_else(|e| e.into_inner()).get(name).copied()
}

/// The program of `key` in a bundle. Says once how this machine differs from that of a bundle.
pub(super) fn find(cache: &Cache, key: &ProgramKey) -> Option<&'static [u8]> {
    let entries = ENTRIES.read().unwrap_or_else(|e| e.into_inner());
    let Some(&found) = entries.get(&key.id()) else {
        let other = entries.values().next()?;
        let (other, ..) = entry::decode_header(other).ok()?;
        // The first parts are about the program, the others about what compiles it.
        let differences = other.key.differences(key);
        let differences: Vec<String> = differences
            .into_iter()
            .filter(|(name, ..)| !super::OF_PROGRAM.contains(name))
            .map(|(name, theirs, ours)| format!("{name} is `{ours}` here, `{theirs}` there"))
            .collect();
        if !differences.is_empty() {
            let differences = differences.join("; ");
            cache.say(Trouble::Bundle, || {
                format!("programs of a bundle are compiled again, because they were made elsewhere: {differences}")
            });
        }
        return None;
    };
    match entry::decode(found) {
        Ok((header, program)) if header.key == *key => Some(program),
        _ => {
            cache.say(Trouble::Bundle, || {
                "a program of a bundle was changed, and is compiled again".into()
            });
            None
        }
    }
}
