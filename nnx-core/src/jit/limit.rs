//! `assert_max_traces`: a test fails when a function is traced more often than meant.

use super::function::Function;
use std::cell::RefCell;

struct Limit {
    most: u64,
    counts: Vec<(&'static Function, u64)>,
}

thread_local! {
    static LIMITS: RefCell<Vec<Limit>> = const { RefCell::new(Vec::new()) };
}

/// Takes the limit away again, by a panic too.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        LIMITS.with_borrow_mut(Vec::pop);
    }
}

/// Runs `body`, in which this thread may trace each jitted function at most `most` times.
///
/// ```
/// use nnx::jit::assert_max_traces;
/// let total = assert_max_traces(1, || {
///     // … a training loop: the first step traces, the others must not …
///     3
/// });
/// assert_eq!(total, 3);
/// ```
///
/// # Panics
/// At the call that would trace once more, with what differs from the calls before.
pub fn assert_max_traces<R>(most: u64, body: impl FnOnce() -> R) -> R {
    LIMITS.with_borrow_mut(|limits| limits.push(Limit { most, counts: Vec::new() }));
    let _guard = Guard;
    body()
}

/// Counts a trace of `function`; an error if a limit does not allow it.
pub(super) fn count(function: &'static Function, why: Option<&str>) -> Result<(), String> {
    LIMITS.with_borrow_mut(|limits| {
        for limit in limits {
            let at = limit.counts.iter().position(|(f, _)| std::ptr::eq(*f, function));
            let at = at.unwrap_or_else(|| {
                limit.counts.push((function, 0));
                limit.counts.len() - 1
            });
            limit.counts[at].1 += 1;
            if limit.counts[at].1 > limit.most {
                return Err(format!(
                    "traced more than {} times, which `assert_max_traces({})` does not allow: {}",
                    limit.most,
                    limit.most,
                    why.unwrap_or("this is its first call")
                ));
            }
        }
        Ok(())
    })
}
