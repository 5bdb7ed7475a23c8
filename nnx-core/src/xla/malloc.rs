//! Freed memory, as the C library treats it. XLA on CPUs allocates its scratch memory anew in each
//! run, and glibc gives large blocks back to the system as soon as they are free: the next run takes a page
//! fault for every 4 KB of them. So glibc is told to keep them. Elsewhere (musl, macOS) there is no such
//! setting, and nothing is done.

use super::client::ClientOptions;
use crate::error::{Error, Result};
use std::ffi::OsString;

/// The most bytes of a block that is kept, or `off`.
const VAR: &str = "NNX_KEEP_MEMORY";
/// The most bytes of a block that is kept, if nothing is said.
const LIMIT: u64 = 1 << 30;
/// Settings of glibc's own about freed blocks, as variables and as tunables.
const OF_GLIBC: [(&str, &str); 4] = [
    ("MALLOC_MMAP_THRESHOLD_", "glibc.malloc.mmap_threshold"),
    ("MALLOC_TRIM_THRESHOLD_", "glibc.malloc.trim_threshold"),
    ("MALLOC_MMAP_MAX_", "glibc.malloc.mmap_max"),
    ("MALLOC_TOP_PAD_", "glibc.malloc.top_pad"),
];
/// The variable with all tunables.
const TUNABLES: &str = "GLIBC_TUNABLES";

type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Has the C library keep freed blocks for the next allocation, as the options and the environment say. To be
/// called before a CPU backend starts its threads.
///
/// # Errors
/// Returns an error if the environment asks for something that cannot be meant.
pub(super) fn keep_freed(options: &ClientOptions) -> Result<()> {
    if let Some(bytes) = kept(options.keep_memory, &|name| std::env::var_os(name))? {
        set(bytes);
    }
    Ok(())
}

/// The size of the largest block that is kept; `None` for none.
fn kept(option: Option<u64>, var: Environment<'_>) -> Result<Option<u64>> {
    let given = var(VAR).map(|value| value.to_string_lossy().trim().to_string());
    let bytes = match (option, given.filter(|value| !value.is_empty())) {
        (Some(bytes), _) => bytes,
        (None, Some(value)) if value == "off" => 0,
        (None, Some(value)) => value.parse().map_err(|_| {
            Error::Invalid(format!(
                "{VAR} is `{value}`; it must be `off`, or the most bytes of a freed block that this \
                 process keeps"
            ))
        })?,
        // Who set glibc's own variables has chosen.
        (None, None) if is_set(var) => 0,
        (None, None) => LIMIT,
    };
    Ok((bytes > 0).then_some(bytes))
}

/// Whether the user has given glibc settings.
fn is_set(var: Environment<'_>) -> bool {
    let all = var(TUNABLES).unwrap_or_default();
    let all = all.to_string_lossy();
    OF_GLIBC.iter().any(|(name, tunable)| var(name).is_some() || all.contains(tunable))
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn set(bytes: u64) {
    use std::ffi::c_int;

    const TRIM_THRESHOLD: c_int = -1;
    const TOP_PAD: c_int = -2;
    const MMAP_THRESHOLD: c_int = -3;
    const MMAP_MAX: c_int = -4;
    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }
    /// The size of a part of a thread's arena.
    const PART: c_int = 64 << 20;
    let bytes = c_int::try_from(bytes).unwrap_or(c_int::MAX);
    // SAFETY: takes numbers alone, and glibc's own lock; it may be called at any time.
    unsafe {
        // One without the other gains nothing: a block that was mapped is unmapped, and the free end of the heap
        // is given back.
        mallopt(TRIM_THRESHOLD, bytes);
        // The parts of the arena of a thread that was there before are given back one by one unless so much is to
        // be free.
        mallopt(TOP_PAD, bytes.min(PART));
        if mallopt(MMAP_THRESHOLD, bytes) == 0 {
            // Older versions take no more than 32 MB there; so no block is mapped, whatever its size.
            mallopt(MMAP_MAX, 0);
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn set(_: u64) {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_option_comes_first_and_what_glibc_was_told_is_left_as_it_is() {
        let kept = |option, vars: &[(&str, &str)]| {
            let find = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
            kept(option, &find)
        };
        let bytes = |option, vars: &[(&str, &str)]| kept(option, vars).unwrap();
        assert_eq!(bytes(None, &[]), Some(LIMIT));
        assert_eq!(bytes(None, &[(VAR, "")]), Some(LIMIT));
        assert_eq!(bytes(None, &[(VAR, "off")]), None);
        assert_eq!(bytes(None, &[(VAR, "4096")]), Some(4096));
        assert_eq!(bytes(Some(0), &[(VAR, "4096")]), None);
        assert_eq!(bytes(Some(7), &[(VAR, "off")]), Some(7));
        for (name, tunable) in OF_GLIBC {
            let tunable = format!("glibc.rtld.nns=3:{tunable}=1");
            for set in [(name, "1"), (TUNABLES, &tunable)] {
                assert_eq!(bytes(None, &[set]), None, "{set:?}");
                assert_eq!(bytes(Some(7), &[set]), Some(7), "{set:?}");
            }
        }
        for wrong in ["on", "-1", "1 GB"] {
            let error = kept(None, &[(VAR, wrong)]).unwrap_err().to_string();
            assert!(error.contains(VAR) && error.contains(wrong), "{error}");
        }
    }
}
