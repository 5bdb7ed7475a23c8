//! A result that cannot be made, because a static part of it panics when it is copied.

use nnx::{Array, Module, Param};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static PANICS: AtomicBool = AtomicBool::new(false);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Fussy;

impl Clone for Fussy {
    fn clone(&self) -> Self {
        assert!(!PANICS.load(Relaxed), "no copy today");
        Fussy
    }
}

#[derive(Module)]
struct Verdict {
    loss: Array,
    #[module(static)]
    note: Fussy,
}

#[nnx::jit(graph = false)]
fn judge(w: &mut Param, untouched: &Param) -> Verdict {
    let next = &*w * 2.0;
    w.set(next);
    Verdict { loss: w.sum(..) + untouched.sum(..), note: Fussy }
}

#[test]
fn what_was_taken_over_is_lost_with_the_reason() {
    let mut w = Param::new(Array::from([1.0_f32, 2.0]));
    let untouched = Param::new(Array::from([1.0_f32]));
    for expected in [7.0, 13.0] {
        let verdict = judge(&mut w, &untouched);
        assert_eq!((verdict.loss.item::<f32>(), verdict.note), (expected, Fussy));
    }
    PANICS.store(true, Relaxed);
    let call = std::panic::AssertUnwindSafe(|| drop(judge(&mut w, &untouched)));
    let panic = std::panic::catch_unwind(call).unwrap_err();
    PANICS.store(false, Relaxed);
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"no copy today"));
    let why = w.try_to_vec::<f32>().unwrap_err().to_string();
    assert!(why.contains("`judge` had taken over its memory when it failed: a panic"), "{why}");
    assert_eq!(untouched.item::<f32>(), 1.0);
    // With a new value the next call works.
    w.set(Array::from([1.0_f32, 2.0]));
    assert_eq!(judge(&mut w, &untouched).loss.item::<f32>(), 7.0);
}
